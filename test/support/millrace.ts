import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Program, run } from './program.ts'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

interface Surroundings {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

function built(): string {
  if (!existsSync(main)) throw new Error('the command line is not built: npm run build')
  return main
}

/** Starts `millrace` beside the test. */
export function startMillrace(args: readonly string[], surroundings: Surroundings = {}): Program {
  return new Program(process.execPath, [built(), ...args], surroundings)
}

/** Runs `millrace` to its end. */
export function runMillrace(
  args: readonly string[],
  surroundings: Surroundings = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  return run(process.execPath, [built(), ...args], surroundings)
}
