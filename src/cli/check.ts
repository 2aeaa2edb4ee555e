import { loadConfig } from '../config/load.ts'
import { reportMissing, reportProblems } from './problems.ts'

/** `millrace check <config>`: all problems at once; exit 0 when it can be used, 1 when not. */
export async function checkConfig(file: string): Promise<void> {
  if (reportMissing(file)) {
    process.exitCode = 1
    return
  }
  const loaded = loadConfig(file, { env: process.env })
  if (!loaded.ok) {
    reportProblems(loaded.problems)
    process.exitCode = 1
    return
  }
  if (loaded.warnings.length > 0) reportProblems(loaded.warnings)
  const { sources, feeds } = loaded.config
  process.stdout.write(
    `${file} is valid: ${count(sources.length, 'source')}, ${count(feeds.length, 'feed')}. Serve it: millrace run ${file}\n`,
  )
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`
}
