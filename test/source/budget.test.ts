import { expect, test } from 'vitest'
import { Budget, type Release } from '../../src/source/budget.ts'
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
  budget.pause(5000)
  budget.pause(1000)
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
