import type { Observable } from 'rxjs'
import type { Config, FeedConfig, SourceConfig } from './config/config.ts'
import type { FeedDefinition, SourceDefinition } from './feed/definition.ts'
import type { Clock } from './lib/clock.ts'
import type { Logger } from './lib/log.ts'
import type { Random } from './lib/random.ts'
import type { Sample } from './model/table.ts'
import { buildStep } from './operator/step.ts'
import type { Ask } from './source/ask.ts'
import { Budget } from './source/budget.ts'
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
  const budgets = new Map<string, Budget>()
  return {
    sources: config.sources.map(source => compileSource(source, budgets, deps)),
    feeds: config.feeds.map(compileFeed),
  }
}

function compileSource(source: SourceConfig, budgets: Map<string, Budget>, deps: CompileDeps): SourceDefinition {
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
        budget: budgetOf(origin, budgets, deps),
        clock: deps.clock,
        random: deps.random,
        onPoll,
      }),
  }
}

/** Without a budget of its own a source belongs to that of its URL's origin. */
function budgetOf(origin: string, budgets: Map<string, Budget>, deps: CompileDeps): Budget {
  let budget = budgets.get(origin)
  if (budget === undefined) {
    budget = new Budget(deps.clock)
    budgets.set(origin, budget)
  }
  return budget
}

function askOf(source: SourceConfig, deps: CompileDeps): Ask {
  if (source.kind === 'system') return systemAsk(source.system, deps)
  return httpAsk(source.http, { ...deps, name: source.name })
}

function compileFeed(feed: FeedConfig): FeedDefinition {
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
