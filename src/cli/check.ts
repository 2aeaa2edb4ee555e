import type { Config } from '../config/config.ts'
import type { ValueInForce } from '../config/explain.ts'
import { folderFault } from '../state/section-folder.ts'
import { loadConfigFile } from './config-file.ts'
import { reportMissing, reportProblems } from './problems.ts'
import { terminalLines } from './server-failure.ts'

export interface CheckOptions {
  /** Every value in force, too. */
  readonly show?: boolean
  /** Asks each source once, too. */
  readonly live?: boolean
}

/** `millrace check <config>`: all problems at once; exit 0 when it can be used, 1 when not, or when a source that was asked gave no rows or a step failed. */
export async function checkConfig(file: string, { show = false, live = false }: CheckOptions = {}): Promise<void> {
  if (reportMissing(file)) {
    process.exitCode = 1
    return
  }
  const loaded = await loadConfigFile(file, { env: process.env })
  if (!loaded.ok) {
    reportProblems(loaded.problems)
    process.exitCode = 1
    return
  }
  const { state } = loaded.config
  const folder = state === undefined ? undefined : folderFault(state)
  // Another machine may be the one that serves it.
  const message = `the folder cannot be used on this machine: ${folder ?? ''}`
  const faults =
    folder === undefined ? [] : [{ file, path: 'state', message, hint: 'make it writable, or choose another', isWarning: true as const }]
  const warnings = [...loaded.warnings, ...faults]
  if (warnings.length > 0) reportProblems(warnings)
  if (show) process.stdout.write(printValues(loaded.inForce()))
  const { sources, feeds } = loaded.config
  const fault = live ? await checkLive(loaded.config) : undefined
  const next = fault ?? `Serve it: millrace run ${file}`
  process.stdout.write(`${file} is valid: ${count(sources.length, 'source')}, ${count(feeds.length, 'feed')}. ${next}\n`)
  if (fault !== undefined) process.exitCode = 1
}

/** @returns what is wrong, in a sentence */
async function checkLive(config: Config): Promise<string | undefined> {
  const { askOnce } = await import('./check-live.ts')
  // Left to itself a signal would end this process without its exit, and the commands that sources run would go on.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1))
  const { answers, warnings, isAnswered, isComputed } = await askOnce(config, process.env)
  process.stderr.write(terminalLines(warnings))
  process.stdout.write(terminalLines(answers))
  if (!isAnswered) return 'Not every source has answered.'
  return isComputed ? undefined : 'Not every feed could be computed.'
}

/** In columns: what, and where it is from. */
function printValues(values: readonly ValueInForce[]): string {
  const lines = values.map(({ path, value, origin }) => [`${path}: ${value}`, origin] as const)
  const width = Math.min(60, Math.max(...lines.map(([text]) => text.length)))
  return `${lines.map(([text, origin]) => `${text.padEnd(width)}  # ${origin}`).join('\n')}\n\n`
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`
}
