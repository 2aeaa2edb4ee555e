import type { Observable } from 'rxjs'
import type { Config, FeedConfig, SourceConfig } from './config/config.ts'
import type { FeedDefinition, SourceDefinition } from './feed/definition.ts'
import type { Clock } from './lib/clock.ts'
import { fingerprint } from './lib/fingerprint.ts'
import type { Logger } from './lib/log.ts'
import type { Random } from './lib/random.ts'
import type { Sample } from './model/table.ts'
import { buildStep } from './operator/step.ts'
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
  /** Told of every limit that an answer exceeds, by its key. */
  readonly limited: (limit: string) => void
}

/** Config to graph: which source, which pipeline, which feed. */
export function compileConfig(config: Config, deps: CompileDeps): { sources: SourceDefinition[]; feeds: FeedDefinition[] } {
  const budgets = new Budgets(config, deps)
  const fingerprints = fingerprintsOf(config)
  const printOf = (name: string): string => fingerprints.get(name) ?? ''
  return {
    sources: config.sources.map(source => ({ ...compileSource(source, budgets, deps), fingerprint: printOf(source.name) })),
    feeds: config.feeds.map(feed => ({ ...compileFeed(feed), fingerprint: printOf(feed.name) })),
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
    const print = fingerprint([feed, visit(feed.from)])
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
        budget: budgets.of(origin, source.budget),
        clock: deps.clock,
        random: deps.random,
        onPoll: poll => {
          if (poll.kind === 'failed' && poll.limit !== undefined) deps.limited(poll.limit)
          onPoll(poll)
        },
      }),
  }
}

/** How many times the first polls of one budget there may be in all. */
const budgetsAtOnce = 25

/** A source belongs to the budget that it names, else to that of its URL's origin. */
class Budgets {
  readonly #budgets = new Map<string, Budget>()
  readonly #config: Pick<Config, 'budgets' | 'limits'>
  readonly #deps: CompileDeps
  readonly #all: readonly FirstPolls[]

  constructor(config: Pick<Config, 'budgets' | 'limits'>, deps: CompileDeps) {
    this.#config = config
    this.#deps = deps
    this.#all = this.#firstPolls(budgetsAtOnce)
  }

  of(origin: string, name: string | undefined): Budget {
    const key = JSON.stringify(name === undefined ? { origin } : { name })
    let budget = this.#budgets.get(key)
    if (budget === undefined) {
      const rules = name === undefined ? {} : this.#config.budgets.get(name)
      budget = new Budget(this.#deps.clock, { ...rules, firstPolls: [...this.#firstPolls(1), ...this.#all] })
      this.#budgets.set(key, budget)
    }
    return budget
  }

  #firstPolls(times: number): readonly FirstPolls[] {
    const { firstPollsPerSecond } = this.#config.limits
    if (firstPollsPerSecond === undefined) return []
    const { clock, limited } = this.#deps
    return [new FirstPolls(times * firstPollsPerSecond, clock, () => limited('firstPollsPerSecond'))]
  }
}

function askOf(source: SourceConfig, deps: CompileDeps): Ask {
  if (source.kind === 'system') return systemAsk(source.system, deps)
  return httpAsk(source.http, { ...deps, name: source.name })
}

function compileFeed(feed: FeedConfig): Omit<FeedDefinition, 'fingerprint'> {
  const { name, from, steps, demand, order, description } = feed
  return {
    name,
    inputs: [from],
    public: feed.public,
    demand,
    // None of the steps that exist looks back in time.
    holdsPast: false,
    ...(order === undefined ? {} : { order }),
    ...(description === undefined ? {} : { description }),
    // Built per pipeline: each holds the state of its own steps.
    pipeline: ([input]) => steps.map(buildStep).reduce((samples, step) => samples.pipe(step), input as Observable<Sample>),
  }
}
