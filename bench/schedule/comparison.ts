import { fixed } from './baselines.ts'
import type { Policy } from './policy.ts'
import { mean, type Result } from './result.ts'
import type { SourceSet } from './sets.ts'
import type { Source } from './source.ts'
import { simulate, type Simulation } from './simulation.ts'

/** What a fixed interval does to one source. */
export interface Baseline {
  readonly polls: number
  readonly meanMs: number
  readonly lateMeanMs: number
}

/** How a policy compares with a fixed interval on a set: ratios, 1 is as good. */
export interface Comparison {
  readonly requests: number
  /** Mean over the sources of delay per interval. */
  readonly delay: number
  /** The same of the second half. */
  readonly lateDelay: number
  /** The worst single source. */
  readonly worst: number
  /** Polls sent too soon. */
  readonly tooSoon: number
}

const baselineSeeds = ['a', 'b', 'c', 'd']
/** Fewer changes say nothing of a source. */
const leastChanges = 5

/** A fixed interval: what is to be expected over a random phase where that is known, else the mean of four runs. */
export function baselineOf({ sources, horizonMs }: Pick<SourceSet, 'sources' | 'horizonMs'>, more: Partial<Simulation> = {}): Baseline[] {
  const runs = baselineSeeds.map(seed => simulate(sources, fixed, { ...more, horizonMs, seed }))
  return sources.map((source, i) => {
    const polls = mean(runs.map(run => run[i]?.polls ?? 0))
    // Half the interval, and a little for polls that get no answer, and half the round trip back.
    const expectedMs = 0.502 * source.intervalMs + 0.515 * source.roundTripMs
    if (source.cache === undefined && !source.isGauge) return { polls, meanMs: expectedMs, lateMeanMs: expectedMs }
    return { polls, meanMs: mean(runs.map(run => run[i]?.meanMs ?? 0)), lateMeanMs: mean(runs.map(run => run[i]?.lateMeanMs ?? 0)) }
  })
}

export function compare(results: readonly Result[], baselines: readonly Baseline[]): Comparison {
  const pairs = results.map((result, i) => ({ result, base: baselines[i] ?? { polls: 0, meanMs: 0, lateMeanMs: 0 } }))
  const told = pairs.filter(({ result, base }) => (result.source.isGauge || result.changes >= leastChanges) && base.meanMs > 0)
  const ratio = (key: 'meanMs' | 'lateMeanMs'): number => {
    const sound = told.filter(({ result, base }) => result[key] >= 0 && base[key] > 0)
    const perInterval = (part: 'result' | 'base'): number => mean(sound.map(pair => pair[part][key] / pair.result.source.intervalMs))
    return perInterval('result') / perInterval('base')
  }
  const total = (part: 'result' | 'base'): number => pairs.reduce((sum, pair) => sum + pair[part].polls, 0)
  return {
    requests: total('result') / total('base'),
    delay: ratio('meanMs'),
    lateDelay: ratio('lateMeanMs'),
    worst: Math.max(0, ...told.map(({ result, base }) => result.meanMs / base.meanMs)),
    tooSoon: results.reduce((sum, { tooSoon }) => sum + tooSoon, 0),
  }
}

/** Runs a policy on a set and compares it. */
export function comparePolicy(policy: Policy, set: SourceSet, baselines: readonly Baseline[], more: Partial<Simulation> = {}): Comparison {
  const { sources, horizonMs, sharesPool } = set
  return compare(simulate(sources, policy, { seed: 'x', ...more, horizonMs, sharesPool }), baselines)
}

/** The delay, against a fixed interval, of one who asks each cache at the instant at which it lets go. */
export function cacheBound({ sources }: Pick<SourceSet, 'sources'>, baselines: readonly Baseline[]): number {
  const perInterval = (of: (source: Source, i: number) => number): number =>
    mean(sources.map((source, i) => of(source, i) / source.intervalMs))
  const boundMs = ({ cache, roundTripMs }: Source): number => ((cache?.ttlMs ?? 0) + roundTripMs) / 2
  return perInterval(boundMs) / perInterval((_, i) => baselines[i]?.meanMs ?? 0)
}
