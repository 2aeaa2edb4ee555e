import type { SourceConfig } from './config.ts'
import { valueAt, type Path, type Report } from './finding.ts'
import type { Judge } from './judge.ts'

/** Warns of each `priority` of a source that does not learn when to ask: it asks at its own instants, and shares no rate by weight. */
export function warnOfPriority(judge: Judge, sources: readonly SourceConfig[], warn: Report): void {
  for (const { name, adaptive } of sources) {
    const path: Path = ['sources', name, 'priority']
    if (adaptive !== undefined || valueAt(judge.tree.value, path) === undefined) continue
    const message = 'it has no effect where `every` is fixed: a rate is shared by priority among sources that learn when to ask'
    warn({ path, at: 'name', message, hint: 'leave it out, or write `every: {average: ..}`' })
  }
}
