import type { Draws } from './draws.ts'

/**
 * When publishers update: each function draws the instants of one kind of publisher, ms since the start, ascending, up
 * to `horizonMs`.
 */

export interface Clockwork {
  readonly periodMs: number
  readonly phaseMs: number
  /** Standard deviation of how late an update is. */
  readonly jitterMs: number
  readonly horizonMs: number
  /** The phase moves by `byMs` at `atMs` (a deploy). */
  readonly jumps?: readonly { readonly atMs: number; readonly byMs: number }[]
  readonly change?: { readonly atMs: number; readonly periodMs: number }
}

const skipped = 0.005
const veryLate = 0.01

/** Cron: at the instants of a grid, a little late, now and then very late, now and then not at all. */
export function clockwork(draws: Draws, { periodMs, phaseMs, jitterMs, horizonMs, jumps = [], change }: Clockwork): number[] {
  const instants: number[] = []
  const ahead = [...jumps]
  let step = periodMs
  for (let at = phaseMs; at < horizonMs; at += step) {
    while (ahead[0] !== undefined && at >= ahead[0].atMs) at += ahead.shift()?.byMs ?? 0
    if (change !== undefined && at >= change.atMs) step = change.periodMs
    if (draws.happens(skipped)) continue
    let update = at + draws.gamma(jitterMs * Math.SQRT2)
    if (draws.happens(veryLate)) update += draws.between(0.05, 0.3) * step
    if (update > 0 && update < horizonMs) instants.push(update)
  }
  return instants.sort((a, b) => a - b)
}

/** `while true; do update; sleep; done`: each a period after the last, with errors that add up. */
export function sleepLoop(draws: Draws, loop: { periodMs: number; jitterMs: number; phaseMs: number; horizonMs: number }): number[] {
  const instants: number[] = []
  for (let at = loop.phaseMs; at < loop.horizonMs; at += loop.periodMs + draws.gamma(loop.jitterMs * Math.SQRT2)) instants.push(at)
  return instants
}

/** At any time (a Poisson process). */
export function anyTime(draws: Draws, meanMs: number, horizonMs: number): number[] {
  const instants: number[] = []
  for (let at = draws.exponential(meanMs); at < horizonMs; at += draws.exponential(meanMs)) instants.push(at)
  return instants
}

/** Each update brings others (a Hawkes process, as clusters): `branch` of them on average, soon after. */
export function selfExciting(draws: Draws, one: { meanMs: number; branch: number; decayMs: number; horizonMs: number }): number[] {
  const instants: number[] = []
  const open = anyTime(draws, one.meanMs, one.horizonMs)
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at >= one.horizonMs) continue
    instants.push(at)
    for (let left = poisson(draws, one.branch); left > 0; left--) open.push(at + draws.exponential(one.decayMs))
  }
  return instants.sort((a, b) => a - b)
}

function poisson(draws: Draws, mean: number): number {
  const least = Math.exp(-mean)
  let count = -1
  let product = 1
  do {
    count++
    product *= draws.uniform()
  } while (product > least)
  return count
}

/** Busy for a while, silent for longer. */
export function onOff(draws: Draws, one: { onMs: number; offMs: number; gapMs: number; horizonMs: number }): number[] {
  const instants: number[] = []
  let isOn = draws.happens(one.onMs / (one.onMs + one.offMs))
  for (let at = 0; at < one.horizonMs; isOn = !isOn) {
    const end = at + draws.exponential(isOn ? one.onMs : one.offMs)
    if (isOn)
      for (let update = at + draws.exponential(one.gapMs); update < end && update < one.horizonMs; update += draws.exponential(one.gapMs))
        instants.push(update)
    at = end
  }
  return instants
}

/** Gaps of one distribution, whatever came before. */
export function renewal(draws: Draws, gapMs: () => number, horizonMs: number): number[] {
  const instants: number[] = []
  for (let at = gapMs() * draws.uniform(); at < horizonMs; at += gapMs()) instants.push(at)
  return instants
}

/** At any time, at a rate (per ms) that changes with it. */
export function byRate(draws: Draws, rate: (at: number) => number, mostPerMs: number, horizonMs: number): number[] {
  const instants: number[] = []
  for (let at = draws.exponential(1 / mostPerMs); at < horizonMs; at += draws.exponential(1 / mostPerMs))
    if (draws.uniform() < rate(at) / mostPerMs) instants.push(at)
  return instants
}
