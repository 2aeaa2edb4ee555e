import type { Config, FeedConfig } from './config.ts'
import { feedConfig } from './feed-section.ts'
import type { Report } from './finding.ts'
import type { Judge } from './judge.ts'
import { checkName, checkNames, section } from './name.ts'
import { checkRead, readsOfHints } from './reads.ts'
import { warnOfPriority } from './priority.ts'
import { warnOfStaleness } from './staleness.ts'
import { soundDefaults, sourceConfig } from './source-section.ts'
import { sourceColumns } from './source-columns.ts'
import type { Columns, ColumnsOf } from './step-columns.ts'

/** The sources and feeds that are sound, and the columns of each as far as they are known without data. */
interface Tables extends Pick<Config, 'sources' | 'feeds'> {
  readonly columnsOf: ColumnsOf
}

/** `sources` and `feeds`; `checkNames` needs both sections whole. `folder`: from which relative paths are meant. */
export function tableConfigs(judge: Judge, folder: string, warn: Report): Tables {
  const defaults = soundDefaults(judge)
  const [written, feeds] = [section(judge, 'sources'), section(judge, 'feeds')]
  for (const [part, members] of [
    ['sources', written],
    ['feeds', feeds],
  ] as const)
    for (const entry of Object.keys(members ?? {})) checkName(judge, entry, [part, entry])
  if (written !== undefined && feeds !== undefined) checkNames(judge, written, feeds)
  if (written !== undefined && Object.keys(written).length === 0)
    judge.report({ path: ['sources'], at: 'name', message: 'no sources: there is nothing to poll' })
  const sources = Object.entries(written ?? {}).flatMap(([name, one]) => sourceConfig(judge, name, one, { defaults, folder }) ?? [])
  const known = new Map(sources.map(source => [source.name, sourceColumns(source)]))
  for (const { name, columns } of sources)
    for (const read of readsOfHints(columns, ['sources', name])) checkRead(judge, read, known.get(name)?.names)
  warnOfStaleness(judge, sources, warn)
  warnOfPriority(judge, sources, warn)
  return { sources, ...feedConfigs(judge, feeds ?? {}, known) }
}

/** Each feed is judged after what it is computed from, whose columns it reads. */
function feedConfigs(
  judge: Judge,
  written: Readonly<Record<string, unknown>>,
  known: Map<string, Columns>,
): Pick<Tables, 'feeds' | 'columnsOf'> {
  const sound = new Map<string, FeedConfig>()
  const columnsOf = (name: string): Columns => {
    const found = known.get(name)
    if (found !== undefined || !Object.hasOwn(written, name)) return found ?? {}
    // A cycle ends here; it has been reported.
    known.set(name, {})
    const { feed, columns } = feedConfig(judge, name, written[name], columnsOf)
    known.set(name, columns)
    if (feed !== undefined) sound.set(name, feed)
    return columns
  }
  for (const name of Object.keys(written)) columnsOf(name)
  return { feeds: Object.keys(written).flatMap(name => sound.get(name) ?? []), columnsOf }
}
