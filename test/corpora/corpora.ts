import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Where checkouts of public corpora are, as README.md beside this says. Without it their tests are skipped, and say so. */
const folder = process.env['MILLRACE_CORPORA'] ?? ''

export function at(...parts: readonly string[]): string {
  return join(folder, ...parts)
}

/** Whether a checkout is there; where others are and it is not, that is told. */
export function isThere(checkout: string): boolean {
  const found = folder !== '' && existsSync(at(checkout))
  if (folder !== '' && !found) process.stdout.write(`${at(checkout)} is not there: skipped\n`)
  return found
}

/** Those of which `holds` is not so, and the score printed. */
export function failing<T>(name: string, cases: readonly T[], holds: (one: T) => boolean): readonly T[] {
  const failed = cases.filter(one => !holds(one))
  process.stdout.write(`${name}: ${cases.length - failed.length} of ${cases.length}\n`)
  return failed
}
