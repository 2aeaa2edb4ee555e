import { EMPTY, type Observable } from 'rxjs'
import type { Config, FeedConfig, HttpSourceConfig, SourceConfig, StepKind } from './config/config.ts'
import { inputsOf } from './config/feed-section.ts'
import { fingerprintsOf } from './config/fingerprints.ts'
import { inheritedHints } from './config/inherited-hints.ts'
import { quotable } from './decode/decode-error.ts'
import type { FeedDefinition, SourceDefinition, Template } from './feed/definition.ts'
import type { MembersWanted } from './feed/members.ts'
import { StepProbe } from './feed/step-probe.ts'
import type { Clock } from './lib/clock.ts'
import { cronTimes } from './lib/cron.ts'
import { fingerprint } from './lib/fingerprint.ts'
import type { Logger } from './lib/log.ts'
import type { Random } from './lib/random.ts'
import { noHints } from './model/hint.ts'
import { MillraceError } from './model/errors.ts'
import type { Sample } from './model/table.ts'
import type { Memories } from './operator/memories.ts'
import { buildStep } from './operator/step.ts'
import { union } from './operator/union.ts'
import type { Ask } from './source/ask.ts'
import { authorizerOf } from './source/auth/authorizer-of.ts'
import { ofMember } from './source/auth/authorizer.ts'
import type { Budget } from './source/budget.ts'
import { Budgets } from './source/budgets.ts'
import { EachAsk, memberLogger, type MemberList } from './source/each.ts'
import type { EachOptions } from './source/each.options.ts'
import { fillOptions } from './source/fill.ts'
import { execAsk } from './source/exec.ts'
import { PollError } from './source/failure.ts'
import { fileAsk } from './source/file.ts'
import { httpAsk } from './source/http.ts'
import type { Tap } from './source/link.ts'
import { describeParams, readParams } from './source/params.ts'
import type { ParamOptions } from './source/params.options.ts'
import { Poller } from './source/poller.ts'
import { CronPolicy } from './source/schedule/cron-policy.ts'
import { Proxies } from './source/proxy.ts'
import { GridPolicy } from './source/schedule/grid-policy.ts'
import type { Policy } from './source/schedule/policy.ts'
import { Schedules } from './source/schedule/schedules.ts'
import { systemAsk } from './source/system.ts'
import { unaskable } from './source/unaskable.ts'
import { webSocketAsk } from './source/websocket.ts'

export type TapOf = (source: string, purpose: 'data' | 'login') => Tap

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
  /** Who hears what a source asks, or its logins, or answers in place of its origin. Default: nobody. */
  readonly tapOf?: TapOf
  /** Whom the rows of a feed name, for a source that asks for each of them. Default: there is no such source. */
  readonly membersOf?: (wanted: MembersWanted) => Promise<MemberList>
  /** Told of every limit that an answer exceeds, by its key. */
  readonly limited: (limit: string) => void
}

/** Config to graph: which source, which pipeline, which feed. What its budgets may ask is for the caller to rule, once it is at work. */
export function compileConfig(config: Config, deps: CompileDeps): { sources: SourceDefinition[]; feeds: FeedDefinition[] } {
  const budgets = deps.budgets ?? new Budgets(config.limits.firstPollsPerSecond, deps)
  const fingerprints = fingerprintsOf(config)
  const hints = inheritedHints(config)
  const described = (name: string) => ({ fingerprint: fingerprints.get(name) ?? '', hints: hints.get(name) ?? noHints })
  return {
    sources: config.sources.map(source => {
      const { budget: name } = source
      const budget = name === undefined || !config.budgets.has(name) ? budgets.of(originOf(source)) : budgets.named(name)
      return compileSource(source, budget, { ...deps, budgets }, described(source.name))
    }),
    feeds: config.feeds.map(feed => ({ ...compileFeed(feed, fingerprints.get(feed.name) ?? '', deps), ...described(feed.name) })),
  }
}

function originOf(source: SourceConfig): string {
  if (source.kind === 'webSocket') return new URL(source.webSocket.url).origin
  return source.kind === 'http' ? new URL(source.http.url).origin : 'this machine'
}

/** What is known of a source or feed by all that it is computed from. */
type Inherited = Pick<SourceDefinition, 'fingerprint' | 'hints'>

function compileSource(source: SourceConfig, budget: Budget, deps: CompileDeps, described: Inherited): SourceDefinition {
  const { name, everyMs, staleAfterMs, downAfterMs, lingerMs, demand, description } = source
  return {
    name,
    ...described,
    public: source.public,
    demand,
    everyMs,
    staleAfterMs,
    downAfterMs,
    ...(source.expireMs === undefined ? {} : { expireMs: source.expireMs }),
    lingerMs,
    origin: originOf(source),
    ...(source.kind === 'http' && source.each?.members.kind === 'feed' ? { listedBy: source.each.members.from } : {}),
    ...(source.kind === 'http' && source.params !== undefined
      ? { template: templateOf(source, source.params, budget, deps, described) }
      : {}),
    budget,
    ...(description === undefined ? {} : { description }),
    createPoller: onPoll =>
      new Poller({
        ask: askOf(source, budget, deps),
        policy: policyOf(source, budget, deps),
        budget,
        clock: deps.clock,
        random: deps.random,
        onPoll: poll => {
          if (poll.kind === 'failed' && poll.limit !== undefined) deps.limited(poll.limit)
          onPoll(poll)
        },
      }),
  }
}

/** A source whose readers fill in what is asked: every set of params is a source like it. */
function templateOf(
  source: HttpSourceConfig,
  declared: readonly ParamOptions[],
  budget: Budget,
  deps: CompileDeps,
  described: Inherited,
): Template {
  const { schedules: _, ...others } = deps
  return {
    params: describeParams(declared),
    isWhole: declared.every(param => param.default !== undefined),
    read: given => readParams(source.name, declared, given),
    instantiate: (name, set) => {
      const { params: __, ...plain } = source
      const values = new Map(declared.map(({ name: param, default: otherwise = '' }) => [param, set.get(param) ?? otherwise]))
      const asked = { ...plain, name, demand: 'readers' as const, http: filled(source.http, values) }
      // What is learned of a set goes with it.
      return {
        ...compileSource(asked, budget, others, { ...described, fingerprint: fingerprint([described.fingerprint, set]) }),
        instanceOf: { name: source.name, set },
      }
    },
  }
}

/** @throws MillraceError `bad_query` where what a reader filled in cannot stand where it was to */
function filled(http: HttpSourceConfig['http'], values: ReadonlyMap<string, string>): HttpSourceConfig['http'] {
  try {
    return fillOptions(http, values)
  } catch (error) {
    if (error instanceof PollError) throw new MillraceError('bad_query', error.message)
    throw error
  }
}

/** When a source is asked: on a grid, at named instants, or by what it learns. */
function policyOf(source: SourceConfig, budget: Budget, { clock, random, schedules = new Schedules() }: CompileDeps): Policy {
  const { name, everyMs, maxBackoffMs, adaptive, cron, priority } = source
  const asked = source.kind === 'http' ? source.http.url : ''
  if (cron !== undefined) return new CronPolicy({ times: cronTimes(cron), intervalMs: everyMs, maxBackoffMs, clock, random })
  if (adaptive === undefined) return new GridPolicy({ identity: `${name} ${asked}`, intervalMs: everyMs, maxBackoffMs, clock, random })
  const config = { averageMs: everyMs, ...adaptive, maxBackoffMs, weight: priority }
  return schedules.open(name, asked, { config, pool: budget.pool, clock, random })
}

function askOf(source: SourceConfig, budget: Budget, deps: CompileDeps): Ask {
  const named = { ...deps, name: source.name }
  switch (source.kind) {
    case 'system':
      return systemAsk(source.system, deps)
    case 'file':
      return fileAsk(source.file, named)
    case 'exec':
      return execAsk(source.exec, named)
    case 'webSocket':
      return webSocketAsk(source.webSocket, named)
    case 'http':
      return source.params === undefined ? askHttp(source, budget, deps) : ofDefaults(source, source.params, budget, deps)
  }
}

function askHttp(source: HttpSourceConfig, budget: Budget, deps: CompileDeps): Ask {
  const { name, http, auth, pages, maxPages, each } = source
  const { clock, tapOf, proxies = new Proxies({}) } = deps
  const tapped = (purpose: 'data' | 'login') => (tapOf === undefined ? {} : { tap: tapOf(name, purpose) })
  // Where a source leads to another origin that is asked too, that one's budget knows of it.
  const spend = (origin: string): void => (origin === originOf(source) ? budget : deps.budgets?.known(origin))?.spend()
  const authorizer = auth === undefined ? undefined : authorizerOf(auth, http.tls, { clock, proxies, spend, ...tapped('login') })
  const shared = {
    clock,
    proxies,
    pages: { maxPages, ...(pages === undefined ? {} : { pages }) },
    admitMore: budget.admitMore.bind(budget),
    spend,
    ...tapped('data'),
  }
  if (each === undefined)
    return httpAsk(http, { ...shared, log: deps.log, name, ...(authorizer === undefined ? {} : { auth: authorizer }) })
  const { everyMs, maxBackoffMs } = source
  const member = authorizer === undefined ? {} : { auth: ofMember(authorizer) }
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
      return httpAsk(asked, { ...shared, log: memberLogger(deps.log), name: `${name} (${quotable(String(value), 40)})`, ...member })
    },
    begin: () => authorizer?.begin(),
    close: () => authorizer?.close() ?? Promise.resolve(),
  })
}

/** Without a set of params a source is asked with all of their defaults, or not at all. */
function ofDefaults(source: HttpSourceConfig, params: readonly ParamOptions[], budget: Budget, deps: CompileDeps): Ask {
  const { params: _, ...plain } = source
  const needed = params.filter(param => param.default === undefined).map(({ name }) => name)
  const message = `it is asked for its readers' params alone: ${needed.join(', ')}`
  if (needed.length > 0) return unaskable({ kind: 'upstream', message }, deps.clock)
  const values = new Map(params.map(({ name, default: value = '' }) => [name, value]))
  return askHttp({ ...plain, http: fillOptions(source.http, values) }, budget, deps)
}

/** What an `each` asks for. */
async function listOf({ name, members }: EachOptions, waitMs: number, { membersOf }: CompileDeps): Promise<MemberList> {
  if (members.kind === 'list') return members
  if (membersOf === undefined) throw new RangeError(`nobody tells the rows of '${members.from}'`)
  return membersOf({ feed: members.from, column: name, limit: members.limit, waitMs })
}

/** The steps that look back in time, as an operator of RxJS may: a feed with one of them must not sleep. */
const pastKinds: ReadonlySet<StepKind> = new Set<StepKind>([
  'rate',
  'change',
  'window',
  'series',
  'events',
  'fill',
  'keep',
  'alert',
  'rxjs',
])

function compileFeed(feed: FeedConfig, print: string, { clock, memories }: CompileDeps): Omit<FeedDefinition, 'fingerprint' | 'hints'> {
  const { name, from, steps, demand, order, description } = feed
  const names = inputsOf(feed)
  const watched = steps.map(step => ({ step, probe: new StepProbe(step.kind, clock) }))
  return {
    name,
    inputs: names,
    from,
    public: feed.public,
    demand,
    holdsPast: steps.some(({ kind }) => pastKinds.has(kind)),
    hasWaysOut: feed.sinks.length > 0 || feed.metrics.length > 0,
    steps: watched.map(({ probe }) => probe),
    ...(order === undefined ? {} : { order }),
    ...(description === undefined ? {} : { description }),
    // Built per pipeline: each holds the state of its own steps.
    pipeline: (inputs, handOver, lineage) => {
      const input = (of: string): Observable<Sample> => inputs[names.indexOf(of)] ?? EMPTY
      const whole = union(from.map(input), handOver)
      return watched
        .map(({ step, probe }, i) => {
          const memory = memories === undefined ? {} : { memory: memories.open(name, print, i) }
          return probe.watch(buildStep(step, { clock, handOver, input, traces: lineage.at(i), ...memory }))
        })
        .reduce((samples, step) => samples.pipe(step), from.length === 1 ? input(from[0] ?? '') : whole)
    },
  }
}
