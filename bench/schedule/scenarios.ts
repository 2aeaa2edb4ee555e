import { adaptive, adaptivePolicy } from './adaptive.ts'
import { fixed } from './baselines.ts'
import type { Decide, Policy } from './policy.ts'
import { mean, type Result } from './result.ts'
import { mixSets } from './sets.ts'
import { simulate } from './simulation.ts'
import { hourMs, makeSources, startAt, type Source } from './source.ts'

/** What happens to a running server, and how late changes are seen after it, as a share of the interval. */
export interface Scenario {
  readonly label: string
  readonly adaptive: number
  readonly fixed: number
  readonly requests: number
}

const horizonMs = 24 * hourMs
const half = horizonMs / 2

/** Mean over the sources of the delay in the second half, per interval. */
function lateness(results: readonly Result[]): number {
  return mean(
    results
      .filter(({ source, lateMeanMs }) => !source.isGauge && lateMeanMs > 0)
      .map(({ source, lateMeanMs }) => lateMeanMs / source.intervalMs),
  )
}

function polls(results: readonly Result[]): number {
  return results.reduce((sum, result) => sum + result.polls, 0)
}

function scheduled(): Source[] {
  return [
    ...makeSources('periodic', 12, 'events', horizonMs),
    ...makeSources('thinned', 4, 'events', horizonMs),
    ...makeSources('looping', 4, 'events', horizonMs),
  ]
}

/** A policy that is changed as it runs. */
function changed(policy: Policy, change: (decide: Decide) => Decide): Policy {
  return { name: policy.name, start: (source, purses) => change(policy.start(source, purses)) }
}

function once(): (source: Source, at: number) => boolean {
  const done = new Set<Source>()
  return (source, at) => at - startAt > half && !done.has(source) && done.add(source).has(source)
}

/** The wall clock that the policy sees steps by so much at half time. */
function clockStep(byMs: number): Policy {
  return changed(adaptive, decide => poll => {
    const stepMs = poll.sentAt - startAt > half ? byMs : 0
    return decide({ ...poll, sentAt: poll.sentAt + stepMs })
  })
}

/** Nobody wants it for an hour, three times. */
function paused(policy: Policy): Policy {
  return changed(policy, decide => poll => {
    const decision = decide(poll)
    const endedAt = poll.sentAt - startAt + poll.roundTripMs
    const dueAt = endedAt + decision.delayMs
    const pause = [0.3, 0.55, 0.8].map(share => share * horizonMs).find(from => dueAt > from && dueAt < from + hourMs)
    return pause === undefined ? decision : { ...decision, delayMs: pause + hourMs - endedAt }
  })
}

/** Restarts, steps of the clock, pauses. */
export function eventScenarios(): Scenario[] {
  const sources = scheduled()
  const [isRestart, isAmnesia] = [once(), once()]
  const base = simulate(sources, fixed, { horizonMs, seed: 's' })
  const restarted = adaptivePolicy((state, source, at) =>
    isRestart(source, at) ? (JSON.parse(JSON.stringify(state)) as typeof state) : state,
  )
  const policies: readonly (readonly [string, Policy, Policy?])[] = [
    ['nothing happens', adaptive],
    ['restart, state saved', restarted],
    ['restart, state lost', adaptivePolicy((state, source, at) => (isAmnesia(source, at) ? undefined : state))],
    ['clock steps by 37 s', clockStep(37_000)],
    ['clock steps back by 5 min', clockStep(-300_000)],
    ['three pauses of an hour', paused(adaptive), paused(fixed)],
  ]
  return policies.map(([label, policy, other]) => {
    const results = simulate(sources, policy, { horizonMs, seed: 's' })
    const against = other === undefined ? base : simulate(sources, other, { horizonMs, seed: 's' })
    return { label, adaptive: lateness(results), fixed: lateness(against), requests: polls(results) / polls(against) }
  })
}

export interface LimitScenario extends Scenario {
  /** Shares of polls answered 429. */
  readonly refused: number
  readonly fixedRefused: number
}

/** `count` sources on one host that bears, or whose operator allows, less than they would ask. */
export function limitScenarios(count = 30): LimitScenario[] {
  const sources = (mixSets(count, 24, 'limits')[0]?.sources ?? []).map(source => ({ ...source, host: 'one' }))
  const perMinute = sources.reduce((sum, { intervalMs }) => sum + 60_000 / intervalMs, 0)
  const refused = (results: readonly Result[]): number => results.reduce((sum, { tooMany }) => sum + tooMany, 0) / polls(results)
  const run = (label: string, share: number, isServers: boolean): LimitScenario => {
    const limits = isServers
      ? { serverLimits: new Map([['one', Math.floor(share * perMinute)]]) }
      : { hosts: new Map([['one', { perMinute: share * perMinute, spacingMs: 100 }]]) }
    const options = { horizonMs, seed: 's', sharesPool: true, ...limits }
    const [learnt, base] = [simulate(sources, adaptive, options), simulate(sources, fixed, options)]
    const counts = { requests: polls(learnt) / polls(base), refused: refused(learnt), fixedRefused: refused(base) }
    return { label, adaptive: lateness(learnt), fixed: lateness(base), ...counts }
  }
  return [
    run('operator allows 80 %', 0.8, false),
    run('operator allows 50 %', 0.5, false),
    run('429 beyond 80 %', 0.8, true),
    run('429 beyond 50 %', 0.5, true),
  ]
}

/** A hundred sources of one host that all update at the full minute: the most requests in any 100 ms, and the mean delay. */
export function herd(spacingMs: number): { readonly most: number; readonly delayMs: number } {
  const sources = makeSources('periodic', 100, 'herd', 6 * hourMs, { periodSeconds: 60, ratio: 6 }).map(source => {
    const offMs = (source.ticks[0] ?? 0) % 60_000
    return { ...source, host: 'one', ticks: source.ticks.map(at => at - offMs) }
  })
  const counts = new Map<number, number>()
  const onPoll = (_: Source, at: number): void => void counts.set(Math.floor(at / 100), (counts.get(Math.floor(at / 100)) ?? 0) + 1)
  const hosts = new Map([['one', { perMinute: 1e9, spacingMs }]])
  const results = simulate(sources, adaptive, { horizonMs: 6 * hourMs, seed: 's', sharesPool: true, hosts, onPoll })
  return {
    most: [...counts.values()].reduce((most, count) => Math.max(most, count), 0),
    delayMs: mean(results.map(({ lateMeanMs }) => lateMeanMs)),
  }
}
