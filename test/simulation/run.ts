import { World, type WorldReport } from './world.ts'

/** Events of one world; then another one begins, with the next seed. */
export const stepsOfWorld = 20_000
const mostClients = 8

export interface Failure {
  readonly seed: number
  readonly clients: number
  readonly steps: number
  readonly gaps: boolean
  readonly wrong: readonly string[]
}

export interface Totals {
  readonly worlds: number
  readonly steps: number
  readonly states: number
  readonly cuts: number
  readonly kills: number
  readonly stops: number
  /** Virtual time, ms. */
  readonly ms: number
  readonly failure?: Failure
}

export interface SimulateOptions {
  /** Of the first world; default 1. */
  readonly seed?: number
  /** Deltas get lost; default: none. */
  readonly gaps?: boolean
  /** Whether a failure is made smaller; default: it is. */
  readonly shrinks?: boolean
  readonly told?: (totals: Totals) => void
  /** Asked after each world; true ends the run before its steps are taken. */
  readonly isEnough?: () => boolean
}

/** Worlds from `seed` on until `steps` events happened or one went wrong; that one is shrunk. */
export async function simulate(steps: number, options: SimulateOptions = {}): Promise<Totals> {
  const { seed = 1, gaps = false, shrinks = true, told, isEnough } = options
  let totals: Totals = { worlds: 0, steps: 0, states: 0, cuts: 0, kills: 0, stops: 0, ms: 0 }
  for (let at = seed; totals.steps < steps; at++) {
    const report = new World({ seed: at, clients: mostClients, gaps }).run(Math.min(stepsOfWorld, steps - totals.steps))
    totals = added(totals, report)
    if (report.wrong.length > 0) {
      const failure = { seed: at, clients: mostClients, gaps, steps: report.steps, wrong: report.wrong }
      return { ...totals, failure: shrinks ? shrunk(failure) : failure }
    }
    told?.(totals)
    if (isEnough?.() === true) return totals
    // What a world still promised keeps it: without a turn of the loop none of them would ever be let go of.
    await Promise.resolve()
  }
  return totals
}

function added(totals: Totals, { steps, states, cuts, kills, stops, ms }: WorldReport): Totals {
  return {
    worlds: totals.worlds + 1,
    steps: totals.steps + steps,
    states: totals.states + states,
    cuts: totals.cuts + cuts,
    kills: totals.kills + kills,
    stops: totals.stops + stops,
    ms: totals.ms + ms,
  }
}

/** How many other seeds are tried for a smaller number of clients. */
const triesOfSize = 20

/** A smaller world that goes wrong as well: fewer clients, then the fewest steps. */
export function shrunk(failure: Failure): Failure {
  let least = failure
  for (let clients = 1; clients < failure.clients && least === failure; clients++) {
    for (let i = 0; i < triesOfSize && least === failure; i++) {
      const found = replay({ ...failure, seed: failure.seed + i, clients })
      if (found.wrong.length > 0) least = found
    }
  }
  let [low, high] = [0, least.steps]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    const found = replay({ ...least, steps: middle })
    if (found.wrong.length > 0) [high, least] = [middle, found]
    else low = middle
  }
  return least
}

/** The same world again. */
export function replay({ seed, clients, gaps, steps }: Omit<Failure, 'wrong'>): Failure {
  const report = new World({ seed, clients, gaps }).run(steps)
  return { seed, clients, gaps, steps: report.steps, wrong: report.wrong }
}
