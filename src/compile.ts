import { EMPTY, tap, type Observable } from 'rxjs'
import type { Config, FeedConfig, HttpSourceConfig, SourceConfig, StepKind } from './config/config.ts'
import { inputsOf } from './config/feed-section.ts'
import { askOf, type CompileDeps, loginOf, originOf, policyOf, type Login } from './compile-source.ts'
import { fingerprintsOf } from './config/fingerprints.ts'
import { inheritedHints } from './config/inherited-hints.ts'
import { namedByStep } from './config/named-columns.ts'
import { ColumnWatch } from './feed/column-watch.ts'
import type { FeedDefinition, SourceDefinition, Template } from './feed/definition.ts'
import { StepProbe } from './feed/step-probe.ts'
import { fingerprint } from './lib/fingerprint.ts'
import { noHints } from './model/hint.ts'
import { MillraceError } from './model/errors.ts'
import type { Sample } from './model/table.ts'
import { buildStep } from './operator/step.ts'
import { union } from './operator/union.ts'
import type { Budget } from './source/budget.ts'
import { Budgets } from './source/budgets.ts'
import { fillOptions } from './source/fill.ts'
import { PollError } from './source/failure.ts'
import { describeParams, readParams } from './source/params.ts'
import type { ParamOptions } from './source/params.options.ts'
import { Poller } from './source/poller.ts'

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

/** What is known of a source or feed by all that it is computed from. */
type Inherited = Pick<SourceDefinition, 'fingerprint' | 'hints'>

function compileSource(
  source: SourceConfig,
  budget: Budget,
  deps: CompileDeps,
  described: Inherited,
  login = loginOf(source, budget, deps),
): SourceDefinition {
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
      ? { template: templateOf(source, source.params, budget, deps, described, login) }
      : {}),
    budget,
    ...(description === undefined ? {} : { description }),
    createPoller: onPoll =>
      new Poller({
        ask: askOf(source, budget, deps, login),
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
  login: Login,
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
        ...compileSource(asked, budget, others, { ...described, fingerprint: fingerprint([described.fingerprint, set]) }, login),
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

function compileFeed(
  feed: FeedConfig,
  print: string,
  { clock, log, memories, limited }: CompileDeps,
): Omit<FeedDefinition, 'fingerprint' | 'hints'> {
  const { name, from, steps, demand, order, description } = feed
  const names = inputsOf(feed)
  const watched = steps.map((step, i) => {
    const columns = new ColumnWatch(
      () => namedByStep(step, ['feeds', name, 'steps', i]),
      sentence => log.warn({ feed: name }, sentence),
    )
    return { step, probe: new StepProbe(step.kind, clock, limited, columns) }
  })
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
      const come = new Set<string>()
      const input = (of: string): Observable<Sample> => (inputs[names.indexOf(of)] ?? EMPTY).pipe(tap(() => come.add(of)))
      const whole = union(from.map(input), handOver)
      return watched
        .map(({ step, probe }, i) => {
          const memory = memories === undefined ? {} : { memory: memories.open(name, print, i) }
          const operator = buildStep(step, { clock, handOver, input, traces: lineage.at(i), ...memory })
          return probe.watch(operator, () => come.size === names.length)
        })
        .reduce((samples, step) => samples.pipe(step), from.length === 1 ? input(from[0] ?? '') : whole)
    },
  }
}
