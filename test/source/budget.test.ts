import { array, assert, double, integer, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Budget, type BudgetRules, type Release } from '../../src/source/budget.ts'
import { FirstPolls } from '../../src/source/first-polls.ts'
import { ManualClock } from '../support/manual-clock.ts'

test('admits so many at once, the others in the order they asked', () => {
  const budget = new Budget(new ManualClock(), { maxConcurrent: 2 })
  const entered: string[] = []
  const releases: Release[] = []
  const ask = (name: string) => budget.admit(release => void (entered.push(name), releases.push(release)))
  const cancels = ['a', 'b', 'c', 'd', 'e'].map(ask)
  expect([entered, budget.underWay]).toEqual([['a', 'b'], 2])
  cancels[2]?.()
  releases[1]?.()
  expect(entered).toEqual(['a', 'b', 'd'])
  releases[1]?.()
  expect([entered, budget.underWay]).toEqual([['a', 'b', 'd'], 2])
  cancels[0]?.()
  releases[0]?.()
  releases[2]?.()
  releases[3]?.()
  expect([entered, budget.underWay]).toEqual([['a', 'b', 'd', 'e'], 0])
})

test('16 at once unless told otherwise', () => {
  const budget = new Budget(new ManualClock())
  for (let i = 0; i < 20; i++) budget.admit(() => undefined)
  expect(budget.underWay).toBe(16)
})

test('a pause lasts as long as the longest one asked for', () => {
  const clock = new ManualClock()
  const budget = new Budget(clock)
  expect(budget.pausedMs).toBe(0)
  budget.pause(5000, 'the origin answered 429')
  budget.pause(1000, 'the origin answered 429')
  clock.advance(2000)
  expect(budget.pausedMs).toBe(3000)
  clock.advance(3000)
  expect(budget.pausedMs).toBe(0)
})

test('first polls: so many a second of a budget, and so many of all, in the order they asked; others do not wait', () => {
  const clock = new ManualClock()
  const all = new FirstPolls(6, clock)
  const budgets = ['a', 'b'].map(name => ({
    name,
    budget: new Budget(clock, { maxConcurrent: 100, firstPolls: [new FirstPolls(4, clock), all] }),
  }))
  const entered: string[] = []
  const cancels = budgets.flatMap(({ name, budget }) =>
    Array.from({ length: 6 }, (_, i) => budget.admitFirst(() => void entered.push(`${name}${i}`))),
  )
  expect(entered).toEqual(['a0', 'a1', 'a2', 'a3', 'b0', 'b1'])
  budgets[0]?.budget.admit(() => void entered.push('again'))
  expect(entered.at(-1)).toBe('again')
  // One that waits for its budget's turn, and one that waits for that of all.
  cancels[4]?.()
  cancels[8]?.()
  clock.advance(1000)
  expect(entered.slice(7).toSorted()).toEqual(['a5', 'b3', 'b4', 'b5'])
  clock.advance(10_000)
  expect(entered).toHaveLength(11)
  expect(clock.pending).toBe(0)
})

describe('a rate', () => {
  /** When each of `count` that ask at once is let in, in ms, and what they do then. */
  function entries(rules: BudgetRules, count: number, clock = new ManualClock()): number[] {
    const budget = new Budget(clock, rules)
    const at: number[] = []
    for (let i = 0; i < count; i++)
      budget.admit(release => {
        at.push(clock.monotonic())
        release()
      })
    clock.advance(3_600_000)
    expect(clock.pending).toBe(0)
    return at
  }

  test('60/1m: one a second, and the first not before a second: who starts again and again asks no more often', () => {
    expect(entries({ ratePerSecond: 1 }, 4)).toEqual([1000, 2000, 3000, 4000])
  })

  test('two at once where that was saved up', () => {
    const clock = new ManualClock()
    const budget = new Budget(clock, { ratePerSecond: 1 })
    clock.advance(60_000)
    const at: number[] = []
    for (let i = 0; i < 4; i++) budget.admit(() => void at.push(clock.monotonic()))
    clock.advance(10_000)
    expect(at).toEqual([60_000, 60_000, 61_000, 62_000])
  })

  test('what was asked beside it is owed: whoever comes next waits for it too, however much it was', () => {
    const clock = new ManualClock()
    const budget = new Budget(clock, { ratePerSecond: 1 })
    clock.advance(2000)
    for (let i = 0; i < 5; i++) budget.spend()
    expect(budget.waitMs).toBe(4000)
    const at: number[] = []
    budget.admit(() => void at.push(clock.monotonic()))
    clock.advance(10_000)
    expect(at).toEqual([6000])
  })

  test('spacing: never closer, also without a rate', () => {
    expect(entries({ spacingMs: 100 }, 3)).toEqual([0, 100, 200])
    expect(entries({ ratePerSecond: 1000, spacingMs: 100 }, 3)).toEqual([1, 101, 201])
  })

  test('a budget is never exceeded (L7): burst + rate x time, whoever asks when', () => {
    assert(
      property(
        double({ min: 0.1, max: 50, noNaN: true }),
        array(integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 60 }),
        (ratePerSecond, pauses) => {
          const clock = new ManualClock()
          const budget = new Budget(clock, { ratePerSecond })
          const at: number[] = []
          for (const pauseMs of pauses) {
            budget.admit(release => {
              at.push(clock.monotonic())
              release()
            })
            clock.advance(pauseMs)
          }
          clock.advance(pauses.length * 20_000)
          expect(at).toHaveLength(pauses.length)
          const excess = at.flatMap((from, i) => at.slice(i).map((to, more) => more + 1 - 2 - (ratePerSecond * (to - from)) / 1000))
          expect(Math.max(...excess)).toBeLessThanOrEqual(1e-6)
          expect((at[0] ?? 0) / 1000).toBeGreaterThanOrEqual(1 / ratePerSecond - 1e-6)
        },
      ),
    )
  })

  test('those that wait, wait on where the budget pauses, and a cancelled one leaves no timer', () => {
    const clock = new ManualClock()
    const budget = new Budget(clock, { ratePerSecond: 1 })
    let entered = 0
    budget.admit(() => void entered++)
    budget.pause(5000, 'the origin answered 429')
    clock.advance(4999)
    expect(entered).toBe(0)
    clock.advance(1)
    expect(entered).toBe(1)
    budget.admit(() => undefined)
    const cancel = budget.admit(() => undefined)
    cancel()
    expect(clock.pending).toBe(0)
  })
})

test('first polls that must wait are told', () => {
  const clock = new ManualClock()
  let held = 0
  const gate = new FirstPolls(2, clock, () => void held++)
  for (let i = 0; i < 5; i++) gate.admit(() => undefined)
  expect(held).toBe(3)
})
