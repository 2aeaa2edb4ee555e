import { describe, expect, test } from 'vitest'
import {
  judgeDerived,
  judgeSource,
  nextJudgement,
  saysTheSame,
  triesAnew,
  type Judgement,
  type SourceFacts,
} from '../../src/feed/freshness.ts'

const rules = { everyMs: 1000, staleAfterMs: 3000, downAfterMs: 60_000 }
const proven: SourceFacts = { validatedAt: 1e12, provenMono: 0, wanted: true }
const failing: SourceFacts = { ...proven, failure: { sinceMono: 500, cause: 'refused', reason: 'it refused' } }
const degraded = { cause: 'shape', reason: 'price is gone' } as const

/** State, cause and reason at an instant. */
function said(facts: SourceFacts, mono: number): string {
  const { state, cause, reason } = judgeSource(facts, rules, mono)
  return [state, cause, reason].filter(part => part !== undefined).join(': ')
}

describe('a source is', () => {
  test.each<[string, SourceFacts, number, string]>([
    ['waiting without data and without failure', { wanted: true }, 1e9, 'waiting'],
    ['waiting without data while nobody wants it', { wanted: false }, 1e9, 'waiting'],
    [
      'down from the first failure on without ever having had data',
      { wanted: true, failure: { sinceMono: 0, cause: 'dns', reason: 'no name' } },
      0,
      'down: dns: no name',
    ],
    ['fresh after an answer', proven, 0, 'fresh'],
    ['fresh just before staleAfter', proven, 2999, 'fresh'],
    ['stale at staleAfter', proven, 3000, 'stale: no answer for 3s'],
    ['fresh still while failing, as the data is young', failing, 2999, 'fresh'],
    ['stale with the cause of its failures', failing, 3000, 'stale: refused: it refused'],
    ['stale just before downAfter', failing, 60_499, 'stale: refused: it refused'],
    ['down at downAfter', failing, 60_500, 'down: refused: it refused'],
    ['fresh while nobody wants it, as long as the data is young', { ...proven, wanted: false }, 2999, 'fresh'],
    ['paused then', { ...proven, wanted: false }, 3000, 'stale: paused: not asked while nobody wants it'],
    [
      'paused also when its last poll failed: time that nobody asked in proves nothing',
      { ...failing, wanted: false },
      1e6,
      'stale: paused: not asked while nobody wants it',
    ],
    ['degraded while part is kept back', { ...proven, degraded }, 0, 'degraded: shape: price is gone'],
    ['stale rather than degraded', { ...proven, degraded }, 3000, 'stale: no answer for 3s'],
  ])('%s', (_, facts, mono, expected) => {
    expect(said(facts, mono)).toBe(expected)
  })

  test('judged with its times', () => {
    expect(judgeSource({ ...proven, asOf: 999 }, rules, 0)).toEqual({
      state: 'fresh',
      every: 1000,
      staleAfter: 3000,
      validatedAt: 1e12,
      asOf: 999,
    })
  })
})

describe('the next judgement', () => {
  test.each<[string, SourceFacts, number, number | undefined]>([
    ['is at staleAfter', proven, 100, 3000],
    ['is never once it is stale', proven, 3000, undefined],
    ['is at downAfter while it fails', failing, 3000, 60_500],
    ['is never once it is down', failing, 60_500, undefined],
    ['is not at downAfter while nobody wants it', { ...failing, wanted: false }, 3000, undefined],
    ['is never without data', { wanted: true }, 0, undefined],
  ])('%s', (_, facts, mono, expected) => {
    expect(nextJudgement(facts, rules, mono)).toBe(expected)
  })

  test('is where the state changes, and nowhere in between', () => {
    for (const facts of [proven, failing, { ...proven, degraded }, { ...failing, wanted: false }]) {
      for (let mono = 500, at = nextJudgement(facts, rules, mono); at !== undefined; at = nextJudgement(facts, rules, mono)) {
        expect(said(facts, at - 1)).toBe(said(facts, mono))
        expect(said(facts, at)).not.toBe(said(facts, mono))
        mono = at
      }
    }
  })

  test('finds another state at that very instant, whatever fractions of a millisecond it has', () => {
    const same = Array.from({ length: 1000 }, (_, i) => 500.1 + i * 7.3).filter(mono => {
      const facts: SourceFacts = { ...failing, provenMono: mono, failure: { sinceMono: mono, cause: 'refused', reason: 'it refused' } }
      const stale = nextJudgement(facts, rules, mono) ?? mono
      const down = nextJudgement(facts, rules, stale) ?? stale
      return said(facts, stale) !== 'stale: refused: it refused' || said(facts, down) !== 'down: refused: it refused'
    })
    expect(same).toEqual([])
  })
})

describe('a derived feed', () => {
  const fresh: Judgement = { state: 'fresh', validatedAt: 20, asOf: 15, every: 1000, staleAfter: 3000, next: 500 }
  const stale: Judgement = { state: 'stale', cause: 'timeout', reason: 'slow', validatedAt: 10, every: 5000, staleAfter: 15_000, next: 900 }
  const down: Judgement = { state: 'down', cause: 'refused', reason: 'gone', every: 10, staleAfter: 30 }

  test('takes the worst of its inputs with its cause, the oldest proof, the slowest interval and the next try of what fails', () => {
    expect(judgeDerived([fresh, stale], { hasData: true })).toEqual({
      state: 'stale',
      cause: 'timeout',
      reason: 'slow',
      validatedAt: 10,
      asOf: 15,
      every: 5000,
      staleAfter: 15_000,
      next: 900,
    })
    expect(judgeDerived([stale, down, fresh], { hasData: true })).toMatchObject({ state: 'down', cause: 'refused' })
    expect(judgeDerived([down, stale], { hasData: true })).toMatchObject({ state: 'down', cause: 'refused' })
  })

  test('is waiting until it has data of its own, degraded by its own steps, down while they fail', () => {
    expect(judgeDerived([fresh], { hasData: false }).state).toBe('waiting')
    expect(judgeDerived([stale], { hasData: false }).state).toBe('waiting')
    expect(judgeDerived([fresh], { hasData: true, degraded: { cause: 'cardinality', reason: 'maxGroups' } })).toMatchObject({
      state: 'degraded',
      cause: 'cardinality',
    })
    expect(judgeDerived([stale], { hasData: true, fault: 'a bug' })).toMatchObject({ state: 'down', cause: 'internal', reason: 'a bug' })
  })
})

test('readers are told when state, cause or reason differ, not when times do', () => {
  const a: Judgement = { state: 'stale', cause: 'http', reason: 'x', validatedAt: 1 }
  expect(saysTheSame(a, { ...a, validatedAt: 2, next: 5 })).toBe(true)
  for (const other of [{ state: 'down' as const }, { cause: 'dns' as const }, { reason: 'y' }])
    expect(saysTheSame(a, { ...a, ...other })).toBe(false)
})

test('readers are told of each new try of what fails, and of no other poll ahead', () => {
  const down: Judgement = { state: 'down', cause: 'http', reason: 'x', next: 5 }
  expect(triesAnew(down, down)).toBe(false)
  expect(triesAnew(down, { ...down, next: 9 })).toBe(true)
  // While it is being asked there is none.
  expect(triesAnew(down, { state: 'down', cause: 'http', reason: 'x' })).toBe(false)
  for (const state of ['fresh', 'degraded', 'waiting'] as const)
    expect(triesAnew({ ...down, state }, { ...down, state, next: 9 })).toBe(false)
})
