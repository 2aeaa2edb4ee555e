import { expect, test } from 'vitest'
import { Budget, type Release } from '../../src/source/budget.ts'
import { ManualClock } from '../support/manual-clock.ts'

test('admits so many at once, the others in the order they asked', () => {
  const budget = new Budget(new ManualClock(), 2)
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
