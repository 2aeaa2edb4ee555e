import { adaptive } from './adaptive.ts'
import { makeSources, startAt, type FamilyName, type FamilyOptions, type Source } from './source.ts'
import { simulate } from './simulation.ts'

/** What a source's decisions said, and whether that held. */
export interface Claims {
  readonly polls: number
  /** Polls whose reason was another than that of the one before. */
  readonly newReasons: number
  /** Updates that were expected at t +- s, and those of them that came within 2 s. */
  readonly expected: number
  readonly held: number
}

/** Runs sources and holds what is said of them against what then happened; the first half is for learning. */
export function claimsOf(family: FamilyName, count: number, hours: number, options: FamilyOptions = {}): Claims {
  const horizonMs = hours * 3_600_000
  const sources = makeSources(family, count, 'claims', horizonMs, options)
  const reasons = new Map<Source, string | undefined>()
  const statements = new Map<Source, { at: number; deviationMs: number }[]>()
  let [polls, newReasons] = [0, 0]
  simulate(sources, adaptive, {
    horizonMs,
    seed: 'claims',
    onPoll: (source, at, _, { why, expected }) => {
      if (at < horizonMs / 2) return
      polls++
      if (reasons.has(source) && reasons.get(source) !== why) newReasons++
      reasons.set(source, why)
      const said = statements.get(source) ?? []
      statements.set(source, said)
      // What is said last before the expected instant is what counts.
      const last = said.at(-1)
      if (expected === undefined || expected.at - startAt < at) return
      if (last !== undefined && Math.abs(last.at - (expected.at - startAt)) < 3 * expected.deviationMs) said.pop()
      said.push({ at: expected.at - startAt, deviationMs: expected.deviationMs })
    },
  })
  const all = sources.flatMap(source => (statements.get(source) ?? []).map(said => holds(source, said)))
  return { polls, newReasons, expected: all.length, held: all.filter(Boolean).length }
}

function holds({ ticks }: Source, { at, deviationMs }: { readonly at: number; readonly deviationMs: number }): boolean {
  return ticks.some(tick => Math.abs(tick - at) <= 2 * deviationMs)
}
