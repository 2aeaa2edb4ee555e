import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The folder of the package's own page, built: beside the built server; where that runs from its sources, in dist/. */
export function pageFolder(): string {
  const [beside, built] = ['../public', '../../dist/public'].map(path => fileURLToPath(new URL(path, import.meta.url)))
  return beside !== undefined && existsSync(beside) ? beside : (built ?? '')
}
