import type { Kind } from './faulty-upstream.ts'
import { runTrial, type Outcome } from './trial.ts'

export interface Totals {
  readonly trials: number
  readonly polls: number
  /** Instants at which it was compared what readers are told and what was said. */
  readonly looks: number
  /** At so many of them, a feed each, what is shown was called fresh. */
  readonly fresh: number
  /** Requests by how the upstream behaved. */
  readonly met: Readonly<Partial<Record<Kind, number>>>
}

export interface Trials {
  readonly totals: Totals
  /** Those in which something was wrong. */
  readonly failures: readonly Outcome[]
}

/** Trials of the seeds from `seed` on; ends once `most` have failed. */
export async function runTrials(trials: number, seed: number, most = 1, told: (done: number) => void = () => undefined): Promise<Trials> {
  const failures: Outcome[] = []
  const met: Partial<Record<Kind, number>> = {}
  let [done, polls, looks, fresh] = [0, 0, 0, 0]
  while (done < trials && failures.length < most) {
    const outcome = await runTrial(seed + done)
    done++
    polls += outcome.polls
    looks += outcome.looks
    fresh += outcome.fresh
    for (const [kind, count] of outcome.met) met[kind] = (met[kind] ?? 0) + count
    if (outcome.wrong.length > 0) failures.push(outcome)
    told(done)
  }
  return { totals: { trials: done, polls, looks, fresh, met }, failures }
}
