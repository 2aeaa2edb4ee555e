import { Draws } from './draws.ts'
import { anyTime, byRate, clockwork, onOff, renewal, selfExciting, sleepLoop } from './updates.ts'

export const secondMs = 1000
export const hourMs = 3_600_000
export const dayMs = 86_400_000
/** The simulation starts on a Monday, 00:00 UTC. */
export const startAt = Date.UTC(2026, 2, 2)

/** What the answers of a source say about time. */
export interface HintRules {
  readonly lastModified?: 'exact' | 'lagged' | 'now'
  readonly lagMs?: number
  /** The validator changes with each update, though the data may not. */
  readonly showsTicks?: boolean
  readonly maxAgeMs?: number
  readonly tellsAge?: boolean
}

/** A simulated source. */
export interface Source {
  readonly id: string
  readonly kind: string
  readonly host: string
  readonly intervalMs: number
  readonly minMs: number
  readonly maxMs: number
  readonly roundTripMs: number
  /** Every answer is another one. */
  readonly isGauge: boolean
  /** When the publisher makes the data anew, ms since the start. */
  readonly ticks: readonly number[]
  /** Whether the data is another one then, by tick. */
  readonly live: readonly boolean[]
  readonly hints: HintRules
  /** A shared cache before it: how long it keeps an answer, and how soon others ask after that, on average. */
  readonly cache?: { readonly ttlMs: number; readonly othersMs: number }
  /** What a policy that knows the schedule would know. */
  readonly schedule?: { readonly periodMs: number; readonly jitterMs: number; readonly isLoop: boolean }
}

/** What may be asked of a family; absent: by chance. */
export interface FamilyOptions {
  /** The period of updates, in average intervals. */
  readonly ratio?: number
  readonly periodSeconds?: number
  readonly gap?: number
  readonly kind?: 'self-exciting' | 'on/off' | 'heavy-tailed'
  readonly hint?: 'none' | 'lastModified' | 'mix'
}

type Parts = Pick<Source, 'kind' | 'intervalMs'> & Partial<Source>

function source(id: string, draws: Draws, parts: Parts): Source {
  const { intervalMs } = parts
  const ticks = parts.ticks ?? []
  return {
    id,
    host: `host of ${id}`,
    minMs: Math.max(250, intervalMs / 10),
    maxMs: 8 * intervalMs,
    roundTripMs: draws.logBetween(30, 250),
    isGauge: false,
    hints: {},
    ...parts,
    ticks,
    live: parts.live ?? ticks.map(() => true),
  }
}

function hints(draws: Draws, kind: FamilyOptions['hint'] = 'mix'): HintRules {
  const share = draws.uniform()
  if (kind === 'none') return {}
  if (kind === 'lastModified' || share < 0.35) return { lastModified: 'exact' }
  if (share < 0.45) return { lastModified: 'lagged', lagMs: draws.between(3, 20) * secondMs }
  if (share < 0.55) return { lastModified: 'now' }
  // Misleading: it has nothing to do with the updates.
  if (share < 0.65) return { maxAgeMs: draws.pick([0, 300, 600]) * secondMs }
  return {}
}

type Family = (id: string, draws: Draws, horizonMs: number, options: FamilyOptions) => Source

const people = [10, 15, 20, 30, 60, 60, 60, 120, 300, 300, 600, 900, 1800, 3600] as const
const leastIntervalMs = 2 * secondMs

function periodic(id: string, draws: Draws, horizonMs: number, options: FamilyOptions): Source {
  const ratio = options.ratio ?? draws.pick([1, 1, 2, 3, 6, 10])
  const choices = (ratio < 3 ? people.slice(0, 12) : people) as unknown as readonly [number, ...number[]]
  const periodMs = (options.periodSeconds ?? draws.pick(choices)) * secondMs
  const jitterMs = Math.max(50, draws.logBetween(0.002, 0.03) * periodMs)
  const ticks = clockwork(draws, { periodMs, phaseMs: draws.between(0, periodMs), jitterMs, horizonMs })
  const intervalMs = Math.max(leastIntervalMs, periodMs / ratio)
  return source(id, draws, {
    kind: 'periodic',
    intervalMs,
    ticks,
    hints: hints(draws, options.hint),
    schedule: { periodMs, jitterMs, isLoop: false },
  })
}

function looping(id: string, draws: Draws, horizonMs: number, options: FamilyOptions): Source {
  const periodMs = draws.logBetween(8, 900) * secondMs
  const ratio = options.ratio ?? draws.pick([1, 2, 3, 6, 10])
  const jitterMs = draws.logBetween(0.003, 0.03) * periodMs
  const intervalMs = Math.max(leastIntervalMs, periodMs / ratio)
  const ticks = sleepLoop(draws, { periodMs, jitterMs, horizonMs, phaseMs: draws.between(0, periodMs) })
  return source(id, draws, {
    kind: 'sleep loop',
    intervalMs,
    ticks,
    hints: hints(draws, options.hint),
    schedule: { periodMs, jitterMs, isLoop: true },
  })
}

/** Made anew on a schedule; the data differs only now and then. */
function thinned(id: string, draws: Draws, horizonMs: number, options: FamilyOptions): Source {
  const periodMs = draws.pick([15, 30, 60, 60, 120, 300]) * secondMs
  const ratio = options.ratio ?? draws.pick([1, 2, 3, 6])
  const chance = draws.between(0.15, 0.8)
  const phaseMs = draws.between(0, periodMs)
  const ticks = clockwork(draws, { periodMs, phaseMs, jitterMs: Math.max(50, draws.logBetween(0.002, 0.02) * periodMs), horizonMs })
  const live = ticks.map(() => draws.happens(chance))
  const rules = hints(draws, options.hint)
  const shown = rules.lastModified === 'exact' && draws.happens(0.5) ? { ...rules, showsTicks: true } : rules
  return source(id, draws, { kind: 'thinned', intervalMs: Math.max(leastIntervalMs, periodMs / ratio), ticks, live, hints: shown })
}

/** Four jumps of the phase, and one change of the period at half time. */
function jumping(id: string, draws: Draws, horizonMs: number, options: FamilyOptions): Source {
  const periodMs = draws.pick([30, 60, 120, 300]) * secondMs
  const ratio = options.ratio ?? draws.pick([1, 2, 3, 6])
  const jumps = [0.2, 0.37, 0.63, 0.81].map(share => ({
    atMs: (share + draws.between(-0.05, 0.05)) * horizonMs,
    byMs: draws.between(0.15, 0.85) * periodMs,
  }))
  const phaseMs = draws.between(0, periodMs)
  const jitterMs = Math.max(50, draws.logBetween(0.003, 0.02) * periodMs)
  const change = { atMs: 0.5 * horizonMs, periodMs: periodMs * draws.pick([0.5, 2, 1.2, 1.5]) }
  const ticks = clockwork(draws, { periodMs, phaseMs, jitterMs, horizonMs, jumps, change })
  return source(id, draws, {
    kind: 'jumping',
    intervalMs: Math.max(leastIntervalMs, periodMs / ratio),
    ticks,
    hints: hints(draws, options.hint),
  })
}

function cached(id: string, draws: Draws, horizonMs: number): Source {
  const ttlMs = draws.pick([10, 30, 60, 60, 120, 300]) * secondMs
  const intervalMs = Math.max(leastIntervalMs, ttlMs / draws.pick([1, 2, 3, 6]))
  const ticks = draws.happens(0.5)
    ? anyTime(draws, ttlMs * draws.logBetween(0.5, 10), horizonMs)
    : clockwork(draws, {
        periodMs: ttlMs * draws.pick([1, 1, 2, 5]),
        phaseMs: draws.between(0, ttlMs),
        jitterMs: 0.01 * ttlMs + 50,
        horizonMs,
      })
  const cache = { ttlMs, othersMs: draws.pick([0.1, 0.5, 2, 8]) * secondMs }
  return source(id, draws, { kind: 'cached', intervalMs, ticks, cache, hints: { maxAgeMs: ttlMs, tellsAge: draws.happens(0.7) } })
}

function random(id: string, draws: Draws, horizonMs: number, options: FamilyOptions): Source {
  const intervalMs = draws.pick([5, 10, 15, 30]) * secondMs
  const ticks = anyTime(draws, intervalMs * (options.gap ?? draws.logBetween(1, 60)), horizonMs)
  return source(id, draws, { kind: 'any time', intervalMs, ticks, hints: hints(draws, options.hint) })
}

function bursty(id: string, draws: Draws, horizonMs: number, options: FamilyOptions): Source {
  const intervalMs = draws.pick([5, 10, 15, 30]) * secondMs
  const kind = options.kind ?? draws.pick(['self-exciting', 'on/off', 'heavy-tailed'])
  const updates = {
    'self-exciting': (): number[] => {
      const [meanMs, branch] = [intervalMs * draws.logBetween(20, 150), draws.between(0.6, 0.88)]
      return selfExciting(draws, { meanMs, branch, decayMs: intervalMs * draws.between(1, 8), horizonMs })
    },
    'on/off': (): number[] => {
      const [onMs, offMs] = [intervalMs * draws.logBetween(20, 200), intervalMs * draws.logBetween(100, 1000)]
      return onOff(draws, { onMs, offMs, gapMs: intervalMs * draws.between(0.5, 4), horizonMs })
    },
    'heavy-tailed': (): number[] => {
      const [leastMs, exponent] = [intervalMs * draws.between(0.3, 1), draws.between(1.2, 1.6)]
      return renewal(draws, () => draws.pareto(leastMs, exponent), horizonMs)
    },
  }
  const ticks = updates[kind]()
  return source(id, draws, { kind, intervalMs, ticks, hints: hints(draws, options.hint) })
}

/** Office hours, or a soft rise and fall. */
function daily(id: string, draws: Draws, horizonMs: number, options: FamilyOptions): Source {
  const intervalMs = draws.pick([15, 30, 60]) * secondMs
  const gapMs = intervalMs * draws.logBetween(1, 10)
  const opensMs = draws.between(6, 14) * hourMs
  const openMs = draws.between(6, 10) * hourMs
  const soft = (at: number): number => 0.03 + Math.max(0, Math.sin(((at - opensMs) / dayMs) * 2 * Math.PI)) ** 2
  const office = (at: number): number => {
    const sinceOpening = (((at - opensMs) % dayMs) + dayMs) % dayMs
    const weekday = Math.floor((at + startAt) / dayMs + 4) % 7
    return sinceOpening < openMs && weekday !== 0 && weekday !== 6 ? 1 : 0.005
  }
  const shape = draws.happens(0.5) ? soft : office
  const ticks = byRate(draws, at => shape(at) / gapMs, 1.05 / gapMs, horizonMs)
  return source(id, draws, { kind: 'daily', intervalMs, ticks, hints: hints(draws, options.hint) })
}

function gauge(id: string, draws: Draws): Source {
  const intervalMs = draws.pick([5, 10, 15, 30]) * secondMs
  return source(id, draws, { kind: 'gauge', isGauge: true, intervalMs, hints: draws.happens(0.5) ? { lastModified: 'now' } : {} })
}

function still(id: string, draws: Draws, horizonMs: number, options: FamilyOptions): Source {
  const intervalMs = draws.pick([5, 10, 15, 30]) * secondMs
  const count = draws.pick([0, 0, 1, 2])
  const ticks = Array.from({ length: count }, () => draws.between(0.1, 0.95) * horizonMs).sort((a, b) => a - b)
  return source(id, draws, { kind: 'still', intervalMs, ticks, hints: hints(draws, options.hint) })
}

const families = { periodic, looping, thinned, jumping, cached, random, bursty, daily, gauge, still } satisfies Record<string, Family>

export type FamilyName = keyof typeof families

/** `count` sources of one family; the same from the same seed. */
export function makeSources(family: FamilyName, count: number, seed: string, horizonMs: number, options: FamilyOptions = {}): Source[] {
  return Array.from({ length: count }, (_, i) =>
    families[family](`${family}-${i}`, new Draws(`${seed}/${family}-${i}`), horizonMs, options),
  )
}

/** A recorded source: seconds between its changes. */
export interface Trace {
  readonly name: string
  readonly intervalMs: number
  readonly days: number
  readonly deltasSec: readonly number[]
}

/** `copies` of one recorded source, alike but for their latency and the phase at which they are first asked. */
export function traceSources(trace: Trace, copies: number): Source[] {
  return Array.from({ length: copies }, (_, i) => traceSource(trace, `${trace.name}-${i}`))
}

function traceSource(trace: Trace, id: string): Source {
  let at = 0
  const ticks = trace.deltasSec.map(seconds => (at += seconds * secondMs))
  return source(id, new Draws(id), { kind: 'recorded', intervalMs: trace.intervalMs, ticks })
}
