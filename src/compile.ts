import { EMPTY, type Observable } from 'rxjs'
import type { Config, FeedConfig, SourceConfig, StepKind } from './config/config.ts'
import { inputsOf } from './config/feed-section.ts'
import type { FeedDefinition, SourceDefinition } from './feed/definition.ts'
import type { Clock } from './lib/clock.ts'
import { fingerprint } from './lib/fingerprint.ts'
import type { Logger } from './lib/log.ts'
import type { Random } from './lib/random.ts'
import type { Sample } from './model/table.ts'
import { buildStep } from './operator/step.ts'
import { union } from './operator/union.ts'
import type { Ask } from './source/ask.ts'
import { Budget } from './source/budget.ts'
import { FirstPolls } from './source/first-polls.ts'
import { httpAsk } from './source/http.ts'
import { Poller } from './source/poller.ts'
import { systemAsk } from './source/system.ts'

export interface CompileDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Config to graph: which source, which pipeline, which feed. */
export function compileConfig(config: Config, deps: CompileDeps): { sources: SourceDefinition[]; feeds: FeedDefinition[] } {
  const budgets = new Budgets(config.limits.firstPollsPerSecond, deps.clock)
  const fingerprints = fingerprintsOf(config)
  const printOf = (name: string): string => fingerprints.get(name) ?? ''
  return {
    sources: config.sources.map(source => ({ ...compileSource(source, budgets, deps), fingerprint: printOf(source.name) })),
    feeds: config.feeds.map(feed => ({ ...compileFeed(feed, deps), fingerprint: printOf(feed.name) })),
  }
}

/** By name; that of a feed holds those of its inputs. */
function fingerprintsOf({ sources, feeds }: Config): ReadonlyMap<string, string> {
  const prints = new Map(sources.map(source => [source.name, fingerprint(source)]))
  const definitions = new Map(feeds.map(feed => [feed.name, feed]))
  const visit = (name: string): string => {
    const known = prints.get(name)
    const feed = definitions.get(name)
    if (known !== undefined || feed === undefined) return known ?? ''
    const print = fingerprint([feed, ...inputsOf(feed).map(visit)])
    prints.set(name, print)
    return print
  }
  for (const name of definitions.keys()) visit(name)
  return prints
}

function compileSource(source: SourceConfig, budgets: Budgets, deps: CompileDeps): Omit<SourceDefinition, 'fingerprint'> {
  const { name, everyMs, staleAfterMs, downAfterMs, lingerMs, maxBackoffMs, demand, description } = source
  const origin = source.kind === 'http' ? new URL(source.http.url).origin : 'this machine'
  return {
    name,
    public: source.public,
    demand,
    everyMs,
    staleAfterMs,
    downAfterMs,
    lingerMs,
    origin,
    ...(description === undefined ? {} : { description }),
    createPoller: onPoll =>
      new Poller({
        name,
        ...(source.kind === 'http' ? { identity: source.http.url } : {}),
        ask: askOf(source, deps),
        intervalMs: everyMs,
        maxBackoffMs,
        budget: budgets.of(origin),
        clock: deps.clock,
        random: deps.random,
        onPoll,
      }),
  }
}

/** How many times the first polls of one budget there may be in all. */
const budgetsAtOnce = 25

/** Without a budget of its own a source belongs to that of its URL's origin. */
class Budgets {
  readonly #budgets = new Map<string, Budget>()
  readonly #firstPollsPerSecond: number | undefined
  readonly #all: readonly FirstPolls[]
  readonly #clock: Clock

  constructor(firstPollsPerSecond: number | undefined, clock: Clock) {
    this.#clock = clock
    this.#firstPollsPerSecond = firstPollsPerSecond
    this.#all = firstPollsPerSecond === undefined ? [] : [new FirstPolls(budgetsAtOnce * firstPollsPerSecond, clock)]
  }

  of(origin: string): Budget {
    let budget = this.#budgets.get(origin)
    if (budget === undefined) {
      const perSecond = this.#firstPollsPerSecond
      const own = perSecond === undefined ? [] : [new FirstPolls(perSecond, this.#clock)]
      budget = new Budget(this.#clock, { firstPolls: [...own, ...this.#all] })
      this.#budgets.set(origin, budget)
    }
    return budget
  }
}

function askOf(source: SourceConfig, deps: CompileDeps): Ask {
  if (source.kind === 'system') return systemAsk(source.system, deps)
  return httpAsk(source.http, { ...deps, name: source.name })
}

/** The steps that look back in time: a feed with one of them must not sleep. */
const pastKinds: ReadonlySet<StepKind> = new Set<StepKind>(['rate', 'change', 'window', 'series', 'events', 'fill', 'keep', 'alert'])

function compileFeed(feed: FeedConfig, { clock }: CompileDeps): Omit<FeedDefinition, 'fingerprint'> {
  const { name, from, steps, demand, order, description } = feed
  const names = inputsOf(feed)
  return {
    name,
    inputs: names,
    public: feed.public,
    demand,
    holdsPast: steps.some(({ kind }) => pastKinds.has(kind)),
    ...(order === undefined ? {} : { order }),
    ...(description === undefined ? {} : { description }),
    // Built per pipeline: each holds the state of its own steps.
    pipeline: (inputs, handOver) => {
      const input = (of: string): Observable<Sample> => inputs[names.indexOf(of)] ?? EMPTY
      const whole = union(from.map(input), handOver)
      return steps
        .map(step => buildStep(step, { clock, handOver, input }))
        .reduce((samples, step) => samples.pipe(step), from.length === 1 ? input(from[0] ?? '') : whole)
    },
  }
}
