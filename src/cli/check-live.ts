import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileConfig } from '../compile.ts'
import type { Config } from '../config/config.ts'
import { namedOfTables } from '../config/named-columns.ts'
import type { SourceDefinition } from '../feed/definition.ts'
import type { Feed } from '../feed/feed.ts'
import { Graph } from '../feed/graph.ts'
import type { LiveSource } from '../feed/live-source.ts'
import { membersOf } from '../feed/members.ts'
import { TableWatch } from '../feed/table-watch.ts'
import { frameOf } from '../lib/authored.ts'
import { systemClock } from '../lib/clock.ts'
import { createLogger } from '../lib/log.ts'
import { systemRandom } from '../lib/random.ts'
import { formatDuration } from '../lib/unit.ts'
import { Proxies, type ProxyEnvironment } from '../source/proxy.ts'

/** How long answers are waited for, in ms; that of a source that pushes may never come. */
const patienceMs = 30_000

/** Of this package: none of its files is a config's. */
const ownFolder = fileURLToPath(new URL('..', import.meta.url))

/** What came of asking each source once. */
export interface LiveCheck {
  /** A line for each source. */
  readonly answers: readonly string[]
  /** What the server's log would warn of, such as columns that no row has. */
  readonly warnings: readonly string[]
  /** Every source that was asked has answered. */
  readonly isAnswered: boolean
  /** No step of a feed has failed. */
  readonly isComputed: boolean
}

/** Asks each source of a config once, as a server does when somebody reads all of its feeds; nobody is told of them. */
export async function askOnce(config: Config, env: ProxyEnvironment, waitMs = patienceMs): Promise<LiveCheck> {
  const clock = systemClock()
  const warnings: string[] = []
  const log = createLogger({ level: 'warn', destination: { write: line => warnings.push(toldOf(JSON.parse(line) as Entry)) } })
  const deps = { clock, random: systemRandom, log }
  const asking = { proxies: new Proxies(env), membersOf: membersOf(() => graph, clock), limited: () => undefined }
  const graph: Graph = new Graph({ ...compileConfig(config, { ...deps, ...asking }), ...deps })
  new TableWatch(graph, log).replace(namedOfTables(config))
  // A source without rows of its own is asked for what its readers say.
  const all = [...graph.sources()]
  const sources = all.filter(({ definition }) => definition.template?.isWhole !== false)
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
  const width = Math.max(...all.map(({ definition }) => definition.name.length))
  const answers = all.map(source => {
    const said = sources.includes(source) ? answerOf(source, waitMs) : whyNotAsked(source.definition)
    return `  ${source.definition.name.padEnd(width)}  ${said}`
  })
  const feeds = [...graph.feeds()]
  warnings.push(...feeds.flatMap(feed => degradedByItself(feed, graph)))
  await graph.close()
  return {
    answers,
    warnings: warnings.filter(line => !/^source '.*' failed: /.test(line)),
    isAnswered: sources.every(({ lastPoll }) => lastPoll !== undefined && lastPoll.kind !== 'failed'),
    isComputed: feeds.every(({ freshness }) => freshness.cause !== 'internal'),
  }
}

/** The members of a line of the log that are told. */
interface Entry {
  readonly msg: string
  readonly feed?: string
  readonly err?: { readonly stack: string }
}

/** There is no log in which an id could be looked up: what a step threw is told here, with the place in the config that threw it. */
function toldOf({ msg, feed, err }: Entry): string {
  if (feed === undefined || err === undefined) return msg
  const [what = ''] = err.stack.split('\n', 1)
  const at = frameOf(err.stack, file => !/^node:|[\\/]node_modules[\\/]/.test(file) && !file.startsWith(ownFolder))
  return `feed '${feed}' failed: ${what}${at === undefined ? '' : ` (${relative('', at.file)}:${at.line})`}`
}

/** Of a source the log says it, and what is computed from it is as that is. */
function degradedByItself({ name, freshness: { state, cause, reason }, inputs }: Feed, graph: Graph): string[] {
  const isTold = inputs.length === 0 || inputs.some(input => graph.feed(input)?.freshness.cause === cause)
  return state !== 'degraded' || isTold ? [] : [`feed '${name}' is degraded: ${reason ?? cause ?? ''}`]
}

/** Of a source whose readers have to say more than the config does. */
function whyNotAsked({ template }: SourceDefinition): string {
  const params = Object.entries(template?.params ?? {})
  const names = params.flatMap(([name, param]) => (typeof param === 'object' && param !== null && 'default' in param ? [] : [name]))
  return `not asked: ${names.join(', ')} ${names.length === 1 ? 'is a param' : 'are params'} without a default, which readers fill in`
}

function answerOf({ lastPoll }: LiveSource, waitMs: number): string {
  if (lastPoll === undefined) return `nothing came within ${formatDuration(waitMs)}`
  if (lastPoll.kind === 'failed') return `failed: ${lastPoll.reason}`
  const { rows, key, columns } = lastPoll.table
  return `${rows.size} ${rows.size === 1 ? 'row' : 'rows'}, key ${key}, columns ${columns.join(', ')}`
}
