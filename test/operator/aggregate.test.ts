import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/lib/random.ts'
import { equalCells, type Cell } from '../../src/model/row.ts'
import { startAggregate } from '../../src/operator/accumulator.ts'
import type { Aggregate } from '../../src/operator/aggregate.ts'
import { aggregateNames } from '../../src/operator/group.options.ts'
import { GroupSum, type InOrder } from '../../src/operator/group-sum.ts'
import { Quantile, quantileError } from '../../src/operator/quantile.ts'
import { startRemovable } from '../../src/operator/removable.ts'

const cells: readonly Cell[] = [null, true, false, 0, -0, 1, 2, 3, 0.1, 0.2, 1e16, -1e16, 42, '42', 'x', '', [1], { a: 1 }, { a: 1 }]
const weighted = fc.record({ cell: fc.constantFrom(...cells), times: fc.integer({ min: 1, max: 4 }) })

/** Equal, but for what rounding makes of numbers. */
function isSame(actual: Cell, expected: Cell): boolean {
  if (typeof actual !== 'number' || typeof expected !== 'number') return equalCells(actual, expected)
  return Math.abs(actual - expected) <= 1e-12 * Math.max(Math.abs(actual), Math.abs(expected))
}

test.each(aggregateNames)('%s of parts that are merged, of cells that count several times, is that of the cells one by one', name => {
  fc.assert(
    fc.property(fc.array(fc.array(weighted, { maxLength: 6 }), { maxLength: 6 }), parts => {
      const merged = startAggregate(name, 0.3)
      const plain = startAggregate(name, 0.3)
      for (const part of parts) {
        const own = startAggregate(name, 0.3)
        for (const { cell, times } of part) {
          own.add(cell, times)
          for (let i = 0; i < times; i++) plain.add(cell)
        }
        merged.merge(own)
      }
      expect([merged.result(), plain.result(), isSame(merged.result(), plain.result())]).toContain(true)
    }),
    { numRuns: 500 },
  )
})

test.each(aggregateNames)('%s of a group stays what it is anew, however many members came, went and changed', name => {
  const random = seededRandom(11)
  const aggregate: Aggregate = { name, q: 0.4 }
  const sum = new GroupSum('g', [aggregate])
  const cellAt = (): Cell => cells[Math.floor(random() * cells.length)] ?? null
  const inOrder: InOrder = members => [...members].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, member]) => member)
  const wrong: unknown[] = []
  for (let i = 0; i < 4000; i++) {
    const key = `m${Math.floor(random() * 40)}`
    const held = sum.members.get(key)
    const next = [cellAt()]
    if (held === undefined) sum.enter(key, {}, ['g'], next)
    else if (random() < 0.3) sum.leave(key, held)
    else sum.update(held, {}, next)
    if (random() < 0.2) continue
    const [result = null] = sum.results(inOrder)
    const anew = startAggregate(name, 0.4)
    for (const member of inOrder(sum.members)) anew.add(member.cells[0] ?? null)
    if (!isSame(result, anew.result())) wrong.push([i, result, anew.result()])
  }
  expect(wrong).toEqual([])
})

test.each(['sum', 'avg'] as const)('%s of a group is not worn by numbers of other sizes that came and went', name => {
  const sum = new GroupSum('g', [{ name }])
  const inOrder: InOrder = members => members.values()
  const members = Array.from({ length: 12 }, (_, i) => sum.enter(`m${i}`, {}, ['g'], [1]))
  const told = (i: number, cell: Cell): Cell => {
    const member = members[i]
    if (member !== undefined) sum.update(member, {}, [cell])
    return sum.results(inOrder)[0] ?? null
  }
  const [once = null] = sum.results(inOrder)
  expect([told(0, 1e38), told(1, 1e18), told(0, 1), told(1, 1)].at(-1)).toBe(once)
})

test.each(['min', 'max'] as const)('%s follows cells that are taken back as long as it says so, the best ones first', name => {
  const cell = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 30 }) }, fc.constantFrom('a', 'b', null))
  let followed = 0
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 2, arbitrary: cell }, fc.constant('take')), { minLength: 40, maxLength: 80, size: 'max' }),
      acts => {
        const sum = startRemovable({ name })
        const held: Cell[] = []
        for (const act of acts) {
          const anew = startAggregate(name)
          if (act !== 'take') {
            held.push(act)
            sum.add(act)
          } else {
            const place = held.indexOf(sum.result())
            if (place < 0) continue
            const [taken = null] = held.splice(place, 1)
            if (!sum.remove(taken)) return
            followed++
          }
          for (const each of held) anew.add(each)
          expect(sum.result()).toBe(anew.result())
        }
      },
    ),
    { numRuns: 300 },
  )
  expect(followed).toBeGreaterThan(1000)
})

describe('quantiles', () => {
  test.each<[q: number, values: number[], expected: Cell]>([
    [0.5, [], null],
    [0.5, [7], 7],
    [0.5, [4, 1, 3, 2], 2.5],
    [0, [3, 1, 2], 1],
    [1, [3, 1, 2], 3],
    [0.9, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 9.1],
    [0.25, [10, 20, 30, 40], 17.5],
    [0.5, [1e308, -1e308], 0],
  ])('%d of %j is %j: linear between the nearest ranks', (q, values, expected) => {
    const quantile = new Quantile(q)
    for (const value of values) quantile.add(value)
    expect(isSame(quantile.result(), expected)).toBe(true)
  })

  test.each([0, 0.01, 0.5, 0.9, 0.99, 1])('of many values lie within the stated error of the values about: %d', q => {
    const random = seededRandom(5)
    const values = Array.from({ length: 30_000 }, () => (random() - 0.3) * 10 ** Math.floor(random() * 9))
    const parts = Array.from({ length: 4 }, () => new Quantile(q))
    for (const [i, value] of values.entries()) parts[i % 3]?.add(value)
    for (const value of [1, 0, -1]) parts[3]?.add(value)
    const whole = new Quantile(q)
    for (const part of parts) whole.merge(part)
    const kept = new Quantile(q)
    expect([kept.restore(whole.save()), kept.result()]).toEqual([true, whole.result()])
    values.push(1, 0, -1)
    const sorted = values.sort((a, b) => a - b)
    const place = (sorted.length - 1) * q
    const within = (value = Number.NaN): readonly [number, number] => [
      value - Math.abs(value) * quantileError * 1.000001,
      value + Math.abs(value) * quantileError * 1.000001,
    ]
    const result = whole.result() as number
    expect(result).toBeGreaterThanOrEqual(within(sorted[Math.floor(place)])[0])
    expect(result).toBeLessThanOrEqual(within(sorted[Math.ceil(place)])[1])
  })

  test('infinite values and NaN count nowhere', () => {
    const quantile = new Quantile(0.5)
    for (const value of [Infinity, -Infinity, Number.NaN, 3]) quantile.add(value)
    expect(quantile.result()).toBe(3)
  })
})
