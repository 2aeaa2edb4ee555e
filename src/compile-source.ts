import type { HttpSourceConfig, SourceConfig } from './config/config.ts'
import { quotable } from './decode/decode-error.ts'
import type { MembersWanted } from './feed/members.ts'
import type { Clock } from './lib/clock.ts'
import { cronTimes } from './lib/cron.ts'
import type { Logger } from './lib/log.ts'
import type { Random } from './lib/random.ts'
import type { Memories } from './operator/memories.ts'
import type { Ask } from './source/ask.ts'
import { authOf } from './source/auth/auth-of.ts'
import type { Authorizer } from './source/auth/authorizer.ts'
import { SharedAuth } from './source/auth/shared-auth.ts'
import type { Budget } from './source/budget.ts'
import type { Budgets } from './source/budgets.ts'
import type { EachOptions } from './source/each.options.ts'
import { EachAsk, memberLogger, type MemberList } from './source/each.ts'
import { execAsk } from './source/exec.ts'
import { fileAsk } from './source/file.ts'
import { fillOptions } from './source/fill.ts'
import { httpAsk } from './source/http.ts'
import type { ParamOptions } from './source/params.options.ts'
import { Proxies } from './source/proxy.ts'
import { CronPolicy } from './source/schedule/cron-policy.ts'
import { GridPolicy } from './source/schedule/grid-policy.ts'
import type { Policy } from './source/schedule/policy.ts'
import { Schedules } from './source/schedule/schedules.ts'
import { systemAsk } from './source/system.ts'
import type { Taps } from './source/taps.ts'
import { unaskable } from './source/unaskable.ts'
import { webSocketAsk } from './source/websocket.ts'

export interface CompileDeps {
  /** Holds what sources learn of when to ask; default: nobody saves it. */
  readonly schedules?: Schedules
  /** Holds what steps remember over a restart; default: they begin anew. */
  readonly memories?: Memories
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** The budgets of the run: a config that is taken over later asks within the same ones. Default: new ones. */
  readonly budgets?: Budgets
  /** Default: every origin is asked itself. */
  readonly proxies?: Proxies
  /** Default: nobody hears what sources ask, or answers in place of their upstreams. */
  readonly taps?: Taps
  /** Whom the rows of a feed name, for a source that asks for each of them. Default: there is no such source. */
  readonly membersOf?: (wanted: MembersWanted) => Promise<MemberList>
  /** Told of every limit that an answer exceeds, by its key. */
  readonly limited: (limit: string) => void
}

/** The origin whose budget a source asks within. */
export function originOf(source: SourceConfig): string {
  if (source.kind === 'webSocket') return new URL(source.webSocket.url).origin
  return source.kind === 'http' ? new URL(source.http.url).origin : 'this machine'
}

/** When a source is asked: on a grid, at named instants, or by what it learns. */
export function policyOf(source: SourceConfig, budget: Budget, { clock, random, schedules = new Schedules() }: CompileDeps): Policy {
  const { name, everyMs, maxBackoffMs, adaptive, cron, priority } = source
  const asked = source.kind === 'http' ? source.http.url : ''
  if (cron !== undefined) return new CronPolicy({ times: cronTimes(cron), intervalMs: everyMs, maxBackoffMs, clock, random })
  if (adaptive === undefined) return new GridPolicy({ identity: `${name} ${asked}`, intervalMs: everyMs, maxBackoffMs, clock, random })
  const config = { averageMs: everyMs, ...adaptive, maxBackoffMs, weight: priority }
  return schedules.open(name, asked, { config, pool: budget.pool, clock, random })
}

export type Login = SharedAuth | undefined

/** Who says who asks, where that is said. */
export function loginOf(source: SourceConfig, budget: Budget, deps: CompileDeps): Login {
  if ((source.kind !== 'http' && source.kind !== 'webSocket') || source.auth === undefined) return undefined
  const { auth } = source
  const { tls, url, timeoutMs } = source.kind === 'http' ? source.http : source.webSocket
  // The trust in the URL itself is none in whoever else gives out tokens, and what is shown to it is for nobody else.
  const isOwn = auth.kind === 'token' && new URL(auth.request.url).origin === new URL(url.replace(/^ws/i, 'http')).origin
  const { everyMs, maxBackoffMs } = source
  const { clock, proxies = new Proxies({}) } = deps
  const tap = deps.taps?.link(source.name, 'login')
  const spend = spendOf(source, budget, deps)
  const rules = { everyMs, maxBackoffMs, timeoutMs }
  return new SharedAuth(() =>
    authOf(auth, rules, { clock, proxies, spend, ...(isOwn ? { tls } : {}), ...(tap === undefined ? {} : { tap }) }),
  )
}

/** Where a source leads to another origin that is asked too, that one's budget knows of it. */
function spendOf(source: SourceConfig, budget: Budget, { budgets }: CompileDeps): (origin: string) => void {
  return origin => (origin === originOf(source) ? budget : budgets?.known(origin))?.spend()
}

export function askOf(source: SourceConfig, budget: Budget, deps: CompileDeps, login: Login): Ask {
  const named = { ...deps, name: source.name }
  switch (source.kind) {
    case 'system':
      return systemAsk(source.system, deps)
    case 'file':
      return fileAsk(source.file, named)
    case 'exec':
      return execAsk(source.exec, named)
    case 'webSocket':
      return webSocketAsk(source.webSocket, { ...named, ...(login === undefined ? {} : { auth: login.open() }) })
    case 'http':
      return source.params === undefined ? askHttp(source, budget, deps, login) : ofDefaults(source, source.params, budget, deps, login)
  }
}

function askHttp(source: HttpSourceConfig, budget: Budget, deps: CompileDeps, login: Login): Ask {
  const { name, http, pages, maxPages, each } = source
  const { clock, taps, proxies = new Proxies({}) } = deps
  const spend = spendOf(source, budget, deps)
  const auth = (): { readonly auth?: Authorizer } => (login === undefined ? {} : { auth: login.open() })
  const shared = {
    clock,
    proxies,
    pages: { maxPages, ...(pages === undefined ? {} : { pages }) },
    admitMore: budget.admitMore.bind(budget),
    spend,
    ...(taps === undefined ? {} : { tap: taps.link(name, 'data') }),
  }
  if (each === undefined) return httpAsk(http, { ...shared, log: deps.log, name, ...auth() })
  const { everyMs, maxBackoffMs } = source
  // A token outlives the members that come and go.
  const whole = login?.open()
  return new EachAsk({
    ...deps,
    name: each.name,
    maxRows: http.maxRows,
    everyMs,
    maxBackoffMs,
    budget,
    list: () => listOf(each, http.timeoutMs, deps),
    ask: value => {
      const asked = fillOptions(http, new Map([[each.name, String(value)]]))
      return httpAsk(asked, { ...shared, log: memberLogger(deps.log), name: `${name} (${quotable(String(value), 40)})`, ...auth() })
    },
    close: () => whole?.close() ?? Promise.resolve(),
  })
}

/** Without a set of params a source is asked with all of their defaults, or not at all. */
function ofDefaults(source: HttpSourceConfig, params: readonly ParamOptions[], budget: Budget, deps: CompileDeps, login: Login): Ask {
  const { params: _, ...plain } = source
  const needed = params.filter(param => param.default === undefined).map(({ name }) => name)
  const message = `it is asked for its readers' params alone: ${needed.join(', ')}`
  if (needed.length > 0) return unaskable({ kind: 'upstream', message }, deps.clock)
  const values = new Map(params.map(({ name, default: value = '' }) => [name, value]))
  return askHttp({ ...plain, http: fillOptions(source.http, values) }, budget, deps, login)
}

/** What an `each` asks for. */
async function listOf({ name, members }: EachOptions, waitMs: number, { membersOf }: CompileDeps): Promise<MemberList> {
  if (members.kind === 'list') return members
  if (membersOf === undefined) throw new RangeError(`nobody tells the rows of '${members.from}'`)
  return membersOf({ feed: members.from, column: name, limit: members.limit, waitMs })
}
