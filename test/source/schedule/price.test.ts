import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SharedPool } from '../../../src/source/schedule/shared-pool.ts'
import { baseGapMs, cut, newPool, priceOf, spend, spendAll, type Pool } from '../../../src/source/schedule/price.ts'

const averageMs = 10_000

describe('a pool', () => {
  test('accrues one request per average and source, and each poll spends one; the first is free', () => {
    let pool = spend(newPool(), undefined, averageMs, 1)
    expect(pool.unspent).toBe(0)
    pool = spend(pool, 25_000, averageMs, 1)
    expect(pool.unspent).toBe(1.5)
    expect(spend(pool, 5000, averageMs, 2).unspent).toBe(1.5)
    expect(spend(newPool(4, 0.5), 20_000, averageMs, 1).unspent).toBe(0)
  })

  test('is never overspent by more than its depth, however eager the buyer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.05, max: 8, noNaN: true }), { minLength: 1, maxLength: 20 }),
        fc.double({ min: 1, max: 8, noNaN: true }),
        (eagerness, weight) => {
          let pool = newPool()
          let elapsed = 0
          let spent = 0
          for (let i = 0; i < 5000; i++) {
            const eager = eagerness[i % eagerness.length] ?? 1
            const gapMs = baseGapMs(averageMs, priceOf({ own: pool }), weight) / Math.min(eager, 8 / Math.sqrt(weight))
            pool = spend(pool, gapMs, averageMs, 1)
            elapsed += gapMs
            spent++
          }
          expect(spent - elapsed / averageMs).toBeLessThanOrEqual(4.2 * 150 + 1)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('what was spent beyond what was accrued is what it owes', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 30_000, noNaN: true }), { maxLength: 200 }), gaps => {
        // Few enough that the pool is neither full nor empty.
        const pool = gaps.reduce<Pool>((before, gapMs) => spend(before, gapMs, averageMs, 1), newPool())
        const accrued = gaps.reduce((sum, gapMs) => sum + gapMs / averageMs, 0)
        expect(pool.unspent).toBeCloseTo(accrued - gaps.length, 6)
      }),
    )
  })

  test('of an origin that answers 429 is cut, once a minute, and grows back', () => {
    const at = 1_700_000_000_000
    let pool = cut(newPool(10), at)
    expect(pool.share).toBe(0.75)
    expect(cut(pool, at + 59_000).share).toBe(0.75)
    for (let i = 1; i < 30; i++) pool = cut(pool, at + i * 60_000)
    expect(pool.share).toBeCloseTo(0.1, 9)
    // Ten sources that each poll every 10 s, for three hours.
    for (let i = 0; i < 10 * 1080; i++) pool = spend(pool, averageMs, averageMs, 1)
    expect(pool.share).toBeGreaterThan(0.2)
    for (let i = 0; i < 10 * 3600; i++) pool = spend(pool, averageMs, averageMs, 1)
    expect(pool.share).toBe(1)
  })
})

describe('the price', () => {
  test('is 1 on budget, e-folds every 150 requests, by the root of the sources, and stays from 1/16 to 64', () => {
    const price = (unspent: number, sources = 1): number => priceOf({ own: { ...newPool(sources), unspent } })
    expect([price(0), price(-150), price(600, 16)]).toEqual([1, Math.E, Math.exp(-1)])
    expect([price(1e9), price(-1e9)]).toEqual([1 / 16, 64])
  })

  test('is that of the dearer pool', () => {
    const [rich, poor] = [
      { ...newPool(), unspent: 150 },
      { ...newPool(), unspent: -150 },
    ]
    expect(priceOf({ own: rich, budget: poor })).toBe(Math.E)
    expect(priceOf({ own: poor, budget: rich })).toBe(Math.E)
    expect(spendAll({ own: rich, budget: poor }, averageMs, averageMs, 1)).toEqual({ own: rich, budget: poor })
  })

  test('makes the gap its square root: no longer than the average while the budget holds, shorter by weight', () => {
    expect([1, 4, 64, 1 / 16].map(price => baseGapMs(averageMs, price, 1))).toEqual([10_000, 20_000, 80_000, 2500])
    expect(baseGapMs(averageMs, 1, 0.01)).toBe(averageMs)
    expect(baseGapMs(averageMs, 1, 4)).toBe(5000)
    expect(baseGapMs(averageMs, 4, 0.25)).toBe(40_000)
  })
})

test('the pool of a budget accrues no more than its rate, whoever comes and goes', () => {
  const shared = new SharedPool()
  shared.join(10_000)
  shared.join(10_000)
  expect(shared.pool).toMatchObject({ sources: 2, share: 1, fullShare: 1 })
  shared.allow(0.1)
  expect(shared.pool).toMatchObject({ sources: 2, share: 0.5, fullShare: 0.5 })
  shared.leave(10_000)
  expect(shared.pool).toMatchObject({ sources: 1, fullShare: 1 })
  shared.allow(undefined)
  shared.leave(10_000)
  expect(shared.pool).toMatchObject({ sources: 1, fullShare: 1 })
})
