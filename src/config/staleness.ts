import { formatDuration } from '../lib/unit.ts'
import type { SourceConfig } from './config.ts'
import { pathKey, valueAt, type Path, type Report } from './finding.ts'
import type { Judge } from './judge.ts'

/** What pushes is proved by what is heard of its connection, however seldom it would be asked. */
function mayPush(source: SourceConfig): boolean {
  return source.kind === 'webSocket' || (source.kind === 'http' && (source.http.events ?? source.http.message) !== undefined)
}

/** Warns of each `staleAfter` within which the source is not asked again, once, where it is written. */
export function warnOfStaleness(judge: Judge, sources: readonly SourceConfig[], warn: Report): void {
  const told = new Set<string>()
  for (const source of sources) {
    const { name, everyMs, staleAfterMs } = source
    if (staleAfterMs >= everyMs || mayPush(source)) continue
    const own: Path = ['sources', name, 'staleAfter']
    const path: Path = valueAt(judge.tree.value, own) === undefined ? ['defaults', 'staleAfter'] : own
    if (told.has(pathKey(path))) continue
    told.add(pathKey(path))
    const message = `\`${name}\` is stale after ${formatDuration(staleAfterMs)}, and asked again only after ${formatDuration(everyMs)}`
    warn({ path, at: 'value', message, hint: `leave it out, which is 3 x every, or make it longer than \`every\`` })
  }
}
