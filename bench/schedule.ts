import { adaptive } from './schedule/adaptive.ts'
import { additive, fixed, maxAge, multiplicative, proportional } from './schedule/baselines.ts'
import { claimsOf } from './schedule/claims.ts'
import { baselineOf, cacheBound, comparePolicy, type Comparison } from './schedule/comparison.ts'
import type { Policy } from './schedule/policy.ts'
import { eventScenarios, herd, limitScenarios } from './schedule/scenarios.ts'
import { commitGoal, commitRows, kindSets, mixSets, scheduleGoal, scheduleRows, traceSets, type SourceSet } from './schedule/sets.ts'
import { head, row, type Bench } from './harness/bench.ts'

const policies: readonly Policy[] = [fixed, additive, multiplicative, maxAge, proportional, adaptive]

const figure = (value: number): string => (Number.isFinite(value) ? value.toFixed(2) : '')

function goalCell(goal: readonly [number, number] | undefined, { delay, requests }: Comparison): string {
  if (goal === undefined) return ''
  // As exact as it is said.
  const isMet = Number(figure(delay)) <= goal[0] && Number(figure(requests)) <= goal[1]
  return `${goal[0].toFixed(2)} (${goal[1].toFixed(2)})${isMet ? '' : ', missed'}`
}

/** Delays of all policies; requests and worst source of the adaptive one, beside the goal. */
function table(sets: readonly SourceSet[], say: (line: string) => void): Map<string, Comparison> {
  say(head('', ...policies.map(({ name }) => name), 'requests', 'worst', 'goal (requests)'))
  const found = new Map<string, Comparison>()
  for (const set of sets) {
    const baselines = baselineOf(set)
    const all = policies.map(policy => comparePolicy(policy, set, baselines))
    const own = all.at(-1)
    if (own === undefined) continue
    found.set(set.label, own)
    say(row(set.label, ...all.map(({ delay }) => figure(delay)), figure(own.requests), figure(own.worst), goalCell(set.goal, own)))
  }
  return found
}

/** The rows whose mean has a goal. */
function sayMean(
  what: string,
  found: ReadonlyMap<string, Comparison>,
  rows: RegExp,
  goal: readonly [number, number],
  say: (line: string) => void,
): void {
  const some = [...found].filter(([label]) => rows.test(label)).map(([, comparison]) => comparison)
  const meanOf = (key: 'delay' | 'requests'): string => figure(some.reduce((sum, each) => sum + each[key], 0) / some.length)
  say('')
  say(
    `${what} on average: ${meanOf('delay')} of the delay, with ${meanOf('requests')} of the requests; the goal is ${goal.join(' with ')}.`,
  )
}

/** Whatever a cache holds is the newest there is to see: who knew to the millisecond when it lets go would see no more. */
function sayCacheBound(sets: readonly SourceSet[], say: (line: string) => void): void {
  for (const set of sets) {
    if (!set.sources.every(({ cache }) => cache !== undefined)) continue
    say('')
    say(
      `Behind a shared cache a change at any time waits for half a lifetime on average before anybody can see it: who asked at the instant of each expiry would reach ${figure(cacheBound(set, baselineOf(set)))} on these sources.`,
    )
  }
}

function sayKinds(sets: readonly SourceSet[], say: (line: string) => void): void {
  const found = table(sets, say)
  const what = 'Schedules (periodic 1.5 T to 30 T, sleep loops 3 T and 10 T, thinned 3 T and 6 T)'
  sayMean(what, found, scheduleRows, scheduleGoal, say)
  sayCacheBound(sets, say)
}

function sayTraces(say: (line: string) => void): void {
  const found = table(traceSets(), say)
  sayMean('Commits', found, commitRows, commitGoal, say)
}

function sayScenarios(say: (line: string) => void): void {
  say('How late changes are seen in the second half of a day, in average intervals:')
  say('')
  say(head('', 'adaptive', 'fixed', 'requests', '429 (fixed)'))
  for (const one of eventScenarios()) say(row(one.label, figure(one.adaptive), figure(one.fixed), figure(one.requests), ''))
  for (const one of limitScenarios())
    say(
      row(
        one.label,
        figure(one.adaptive),
        figure(one.fixed),
        figure(one.requests),
        `${one.refused.toFixed(3)} (${one.fixedRefused.toFixed(3)})`,
      ),
    )
  const [free, spaced] = [herd(0), herd(100)]
  say('')
  say(
    `A hundred sources of one host that change at the full minute: at most ${free.most} requests in any 100 ms, and ${spaced.most} where they are spaced by 100 ms; mean delay ${(free.delayMs / 1000).toFixed(1)} s and ${(spaced.delayMs / 1000).toFixed(1)} s.`,
  )
}

function sayClaims(count: number, hours: number, say: (line: string) => void): void {
  say(head('', 'expected at t ± s', 'came within t ± 2 s', 'polls with a new reason'))
  const rows = [
    ['periodic, P = 6 T', claimsOf('periodic', count, hours, { ratio: 6, hint: 'none' })],
    ['sleep loop, P = 10 T', claimsOf('looping', count, hours, { ratio: 10, hint: 'none' })],
    ['at any time', claimsOf('random', count, hours)],
    ['bursts', claimsOf('bursty', count, hours)],
    ['gauge', claimsOf('gauge', count, hours)],
  ] as const
  for (const [label, { polls, newReasons, expected, held }] of rows)
    say(
      row(
        label,
        expected === 0 ? '' : expected,
        expected === 0 ? '' : `${((100 * held) / expected).toFixed(1)} %`,
        `${((100 * newReasons) / polls).toFixed(1)} %`,
      ),
    )
}

export const schedule: Bench = {
  title: 'Schedule',
  about:
    'mean delay from a change to its sight, against a fixed interval at the same number of requests (1.00 is as good), simulated. ' +
    'T is the average interval, P the period of updates. How it works: [docs/schedule.md](schedule.md).',
  async run([count = '8', hours = '36', seed = 'dev'], say) {
    say('### Kinds of source')
    say('')
    sayKinds(kindSets(Number(count), Number(hours), seed), say)
    for (const line of ['', '### Mixes that share a budget', '']) say(line)
    table(mixSets(3 * Number(count), Number(hours), seed), say)
    for (const line of ['', '### Recorded sources', '']) say(line)
    sayTraces(say)
    for (const line of ['', '### Restarts, clocks, pauses, limits', '']) say(line)
    sayScenarios(say)
    for (const line of ['', '### What it says, and whether it holds', '']) say(line)
    sayClaims(Number(count), Number(hours), say)
    return Promise.resolve()
  },
}
