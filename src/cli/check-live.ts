import { compileConfig } from '../compile.ts'
import type { Config } from '../config/config.ts'
import { namedOfTables } from '../config/named-columns.ts'
import { Graph } from '../feed/graph.ts'
import type { LiveSource } from '../feed/live-source.ts'
import { membersOf } from '../feed/members.ts'
import { TableWatch } from '../feed/table-watch.ts'
import { systemClock } from '../lib/clock.ts'
import { createLogger } from '../lib/log.ts'
import { systemRandom } from '../lib/random.ts'
import { formatDuration } from '../lib/unit.ts'
import { Proxies, type ProxyEnvironment } from '../source/proxy.ts'

/** How long answers are waited for, in ms; that of a source that pushes may never come. */
const patienceMs = 30_000

export interface AskOptions {
  /** Default: 30 000 ms. */
  readonly waitMs?: number
  /** Once aborted, what is under way is ended before `abort` returns, and there will be no result. */
  readonly signal?: AbortSignal
}

/** What came of asking each source once. */
export interface LiveCheck {
  /** A line for each source. */
  readonly answers: readonly string[]
  /** What the server's log would warn of, such as columns that no row has. */
  readonly warnings: readonly string[]
  /** Every source has answered. */
  readonly isGood: boolean
}

/** Asks each source of a config once, as a server does when somebody reads all of its feeds; nobody is told of them. */
export async function askOnce(config: Config, env: ProxyEnvironment, { waitMs = patienceMs, signal }: AskOptions = {}): Promise<LiveCheck> {
  const clock = systemClock()
  const warnings: string[] = []
  const log = createLogger({ level: 'warn', destination: { write: line => warnings.push((JSON.parse(line) as { msg: string }).msg) } })
  const deps = { clock, random: systemRandom, log }
  const asking = { proxies: new Proxies(env), membersOf: membersOf(() => graph, clock), limited: () => undefined }
  const graph: Graph = new Graph({ ...compileConfig(config, { ...deps, ...asking }), ...deps })
  new TableWatch(graph, log).replace(namedOfTables(config))
  signal?.addEventListener('abort', () => void graph.close(), { once: true })
  // A source without rows of its own is asked for what its readers say.
  const sources = [...graph.sources()].filter(({ definition }) => definition.template?.isWhole !== false)
  await new Promise<void>(resolve => {
    const giveUp = clock.after(waitMs, resolve)
    const look = (): void => {
      if (sources.some(({ lastPoll, definition }) => lastPoll === undefined || graph.isPending(definition.name))) return
      giveUp()
      resolve()
    }
    graph.listen({ tick: look, freshness: look })
    for (const { name } of graph.feeds()) graph.want(name)
    look()
  })
  const width = Math.max(...sources.map(({ definition }) => definition.name.length))
  const answers = sources.map(source => `  ${source.definition.name.padEnd(width)}  ${answerOf(source, waitMs)}`)
  await graph.close()
  const isGood = sources.every(({ lastPoll }) => lastPoll !== undefined && lastPoll.kind !== 'failed')
  return { answers, warnings: warnings.filter(line => !/^source '.*' failed: /.test(line)), isGood }
}

function answerOf({ lastPoll }: LiveSource, waitMs: number): string {
  if (lastPoll === undefined) return `nothing came within ${formatDuration(waitMs)}`
  if (lastPoll.kind === 'failed') return `failed: ${lastPoll.reason}`
  const { rows, key, columns } = lastPoll.table
  return `${rows.size} ${rows.size === 1 ? 'row' : 'rows'}, key ${key}, columns ${columns.join(', ')}`
}
