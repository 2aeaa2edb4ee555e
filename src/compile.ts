import { EMPTY, type Observable } from 'rxjs'
import type { Config, FeedConfig, SourceConfig, StepKind } from './config/config.ts'
import { inputsOf } from './config/feed-section.ts'
import { inheritedHints } from './config/inherited-hints.ts'
import type { FeedDefinition, SourceDefinition } from './feed/definition.ts'
import { StepProbe } from './feed/step-probe.ts'
import type { Clock } from './lib/clock.ts'
import { cronTimes } from './lib/cron.ts'
import { fingerprint } from './lib/fingerprint.ts'
import type { Logger } from './lib/log.ts'
import type { Random } from './lib/random.ts'
import { noHints } from './model/hint.ts'
import type { Sample } from './model/table.ts'
import type { Memories } from './operator/memories.ts'
import { buildStep } from './operator/step.ts'
import { union } from './operator/union.ts'
import type { Ask } from './source/ask.ts'
import { authorizerOf } from './source/auth/authorizer-of.ts'
import type { BudgetOptions } from './source/budget.options.ts'
import { Budget } from './source/budget.ts'
import { execAsk } from './source/exec.ts'
import { fileAsk } from './source/file.ts'
import { FirstPolls } from './source/first-polls.ts'
import { httpAsk } from './source/http.ts'
import { Poller } from './source/poller.ts'
import { CronPolicy } from './source/schedule/cron-policy.ts'
import { Proxies } from './source/proxy.ts'
import { GridPolicy } from './source/schedule/grid-policy.ts'
import type { Policy } from './source/schedule/policy.ts'
import { Schedules } from './source/schedule/schedules.ts'
import { systemAsk } from './source/system.ts'
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
      return { ...compileSource(source, budget, deps), ...described(source.name) }
    }),
    feeds: config.feeds.map(feed => ({ ...compileFeed(feed, fingerprints.get(feed.name) ?? '', deps), ...described(feed.name) })),
  }
}

/** What leads to its table: not how it is described and shown, who may read it or is told of it, and for whom it is asked. */
function tableOf(config: SourceConfig | FeedConfig): unknown {
  const { description: _description, public: _public, demand: _demand, columns: _columns, ...table } = config
  if (!('sinks' in table)) return table
  const { sinks: _sinks, metrics: _metrics, ...computed } = table
  return computed
}

/** By name; that of a feed holds those of its inputs. */
function fingerprintsOf({ sources, feeds }: Config): ReadonlyMap<string, string> {
  const prints = new Map(sources.map(source => [source.name, fingerprint(tableOf(source))]))
  const definitions = new Map(feeds.map(feed => [feed.name, feed]))
  const visit = (name: string): string => {
    const known = prints.get(name)
    const feed = definitions.get(name)
    if (known !== undefined || feed === undefined) return known ?? ''
    // A cycle ends here; the graph refuses it.
    prints.set(name, '')
    const print = fingerprint([tableOf(feed), ...inputsOf(feed).map(visit)])
    prints.set(name, print)
    return print
  }
  for (const name of definitions.keys()) visit(name)
  return prints
}

function originOf(source: SourceConfig): string {
  if (source.kind === 'webSocket') return new URL(source.webSocket.url).origin
  return source.kind === 'http' ? new URL(source.http.url).origin : 'this machine'
}

function compileSource(source: SourceConfig, budget: Budget, deps: CompileDeps): Omit<SourceDefinition, 'fingerprint' | 'hints'> {
  const { name, everyMs, staleAfterMs, downAfterMs, lingerMs, demand, description } = source
  return {
    name,
    public: source.public,
    demand,
    everyMs,
    staleAfterMs,
    downAfterMs,
    ...(source.expireMs === undefined ? {} : { expireMs: source.expireMs }),
    lingerMs,
    origin: originOf(source),
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

/** When a source is asked: on a grid, at named instants, or by what it learns. */
function policyOf(source: SourceConfig, budget: Budget, { clock, random, schedules = new Schedules() }: CompileDeps): Policy {
  const { name, everyMs, maxBackoffMs, adaptive, cron, priority } = source
  const asked = source.kind === 'http' ? source.http.url : ''
  if (cron !== undefined) return new CronPolicy({ times: cronTimes(cron), intervalMs: everyMs, maxBackoffMs, clock, random })
  if (adaptive === undefined) return new GridPolicy({ identity: `${name} ${asked}`, intervalMs: everyMs, maxBackoffMs, clock, random })
  const config = { averageMs: everyMs, ...adaptive, maxBackoffMs, weight: priority }
  return schedules.open(name, asked, { config, pool: budget.pool, clock, random })
}

/** How many times the first polls of one budget there may be in all. */
const budgetsAtOnce = 25

/** A source belongs to the budget that it names, else to that of its URL's origin. */
export class Budgets {
  readonly #budgets = new Map<string, Budget>()
  readonly #firstPollsPerSecond: number | undefined
  readonly #deps: Pick<CompileDeps, 'clock' | 'limited'>
  readonly #all: readonly FirstPolls[]

  constructor(firstPollsPerSecond: number | undefined, deps: Pick<CompileDeps, 'clock' | 'limited'>) {
    this.#firstPollsPerSecond = firstPollsPerSecond
    this.#deps = deps
    this.#all = this.#firstPolls(budgetsAtOnce)
  }

  /** That of an origin. */
  of(origin: string): Budget {
    return this.#get(JSON.stringify({ origin }), origin)
  }

  /** The one of this name. */
  named(name: string): Budget {
    return this.#get(JSON.stringify({ name }), name)
  }

  /** The rules of a config that is taken over: a compiled one may yet be refused, and has changed nothing then. */
  rule(rules: ReadonlyMap<string, BudgetOptions>): void {
    for (const [name, options] of rules) this.named(name).rule(options)
  }

  #get(key: string, name: string): Budget {
    let budget = this.#budgets.get(key)
    if (budget === undefined) {
      budget = new Budget(this.#deps.clock, { name, firstPolls: [...this.#firstPolls(1), ...this.#all] })
      this.#budgets.set(key, budget)
    }
    return budget
  }

  #firstPolls(times: number): readonly FirstPolls[] {
    if (this.#firstPollsPerSecond === undefined) return []
    const { clock, limited } = this.#deps
    return [new FirstPolls(times * this.#firstPollsPerSecond, clock, () => limited('firstPollsPerSecond'))]
  }
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
    case 'http': {
      const { http, auth, pages, maxPages } = source
      const proxies = deps.proxies ?? new Proxies({})
      return httpAsk(http, {
        ...named,
        pages: { maxPages, ...(pages === undefined ? {} : { pages }) },
        admitMore: enter => budget.admitMore(enter),
        ...(auth === undefined ? {} : { auth: authorizerOf(auth, http.tls, { ...deps, proxies }) }),
      })
    }
  }
}

/** The steps that look back in time: a feed with one of them must not sleep. */
const pastKinds: ReadonlySet<StepKind> = new Set<StepKind>(['rate', 'change', 'window', 'series', 'events', 'fill', 'keep', 'alert'])

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
