import { describe, expect, test } from 'vitest'
import { profileColumns } from '../../src/decode/column-profile.ts'
import type { Row } from '../../src/model/row.ts'
import { guard, guardSame, newGuard, type GuardRules, type GuardState } from '../../src/source/guard.ts'

/** What a source says, poll by poll: `taken`, or the cause and reason for which it is kept back. */
class Guarded {
  state: GuardState = newGuard
  readonly #rules: GuardRules

  constructor(rules: GuardRules = {}) {
    this.#rules = rules
  }

  poll(rows: readonly Row[], absent = false): string {
    const verdict = guard(this.state, { rows: rows.length, profile: profileColumns(rows, () => undefined), absent }, this.#rules)
    this.state = verdict.state
    return verdict.degraded === undefined ? 'taken' : `${verdict.degraded.cause}: ${verdict.degraded.reason}`
  }

  polls(times: number, rows: readonly Row[]): this {
    for (let i = 0; i < times; i++) {
      const said = this.poll(rows)
      if (said !== 'taken') throw new Error(said)
    }
    return this
  }
}

const many = (count: number, row: Row = { id: 1, price: 2 }): Row[] => Array.from({ length: count }, () => row)

describe('the rows guard', () => {
  const held = 'rows: no rows, after 20: the last rows are kept until the next poll says so too'
  test('`[]` once, after 20 rows: held for one poll, then believed', () => {
    const guarded = new Guarded().polls(1, many(20))
    expect([guarded.poll([]), guarded.poll([]), guarded.poll([])]).toEqual([held, 'taken', 'taken'])
  })
  test('`[]` once and rows again: nothing happened, and the next `[]` is held anew', () => {
    const guarded = new Guarded().polls(1, many(20))
    expect([guarded.poll([]), guarded.poll(many(20)), guarded.poll([])]).toEqual([held, 'taken', held])
  })
  test('fewer than 20 rows become none without being asked twice', () => {
    expect(new Guarded().polls(1, many(19)).poll([])).toBe('taken')
  })
  test('a document without the place where rows were is held, however few they were', () => {
    const guarded = new Guarded().polls(1, many(1))
    expect(guarded.poll([], true)).toBe(
      'rows: nothing stands where the rows were, after 1: the last rows are kept until the next poll says so too',
    )
    expect(guarded.poll([], true)).toBe('taken')
  })
  test('the same body as before the `[]` clears what was held', () => {
    const guarded = new Guarded().polls(1, many(20))
    guarded.poll([])
    guarded.state = guardSame(guarded.state)
    expect(guarded.poll([])).toBe(held)
  })
})

describe('maxDrop', () => {
  const held = 'rows: maxDrop: 50% exceeded, from 10 rows to 4: the last rows are kept until the next poll says so too'
  test('half a page, once: held for one poll, then believed, and the next fall is from there', () => {
    const guarded = new Guarded({ maxDropPart: 0.5 }).polls(1, many(10))
    expect([guarded.poll(many(4)), guarded.poll(many(4)), guarded.poll(many(2)), guarded.poll(many(1)), guarded.poll(many(0))]).toEqual([
      held,
      'taken',
      'taken',
      'taken',
      'rows: maxDrop: 50% exceeded, from 1 rows to 0: the last rows are kept until the next poll says so too',
    ])
  })
  test('half is no more than half; what grows again is no news', () => {
    const guarded = new Guarded({ maxDropPart: 0.5 }).polls(1, many(10))
    expect([guarded.poll(many(5)), guarded.poll(many(10)), guarded.poll(many(4)), guarded.poll(many(10)), guarded.poll(many(4))]).toEqual([
      'taken',
      'taken',
      held,
      'taken',
      held,
    ])
  })
  test('what falls is judged by its shape all the same', () => {
    const guarded = new Guarded({ maxDropPart: 0.5 }).polls(20, many(10))
    expect(guarded.poll(many(4, { id: 1 }))).toBe(held)
    expect(guarded.poll(many(4, { id: 1 }))).toMatch(/^shape/)
  })
})

describe('minRows', () => {
  test('fewer are never believed, however often; as many are', () => {
    const guarded = new Guarded({ minRows: 3 }).polls(1, many(30))
    for (const rows of [2, 0, 0, 2])
      expect(guarded.poll(many(rows))).toBe(`rows: minRows: 3 not reached by ${rows}: the last rows are kept`)
    expect(guarded.poll(many(3))).toBe('taken')
  })
})

describe('the shape guard', () => {
  test('a column that was in every row of 20 polls and is gone is held for as long as that lasts', () => {
    const guarded = new Guarded().polls(20, many(3))
    for (let i = 0; i < 5; i++) expect(guarded.poll(many(3, { id: 1 }))).toBe('shape: the last good rows are kept: price (number) is gone')
    expect(guarded.poll(many(3))).toBe('taken')
  })
  test('after 19 polls it is no promise yet', () => {
    expect(new Guarded().polls(19, many(3)).poll(many(3, { id: 1 }))).toBe('taken')
  })
  test('unchanged answers count as polls too', () => {
    const guarded = new Guarded().polls(1, many(3))
    for (let i = 0; i < 19; i++) guarded.state = guardSame(guarded.state)
    expect(guarded.poll(many(3, { id: 1 }))).toMatch(/^shape/)
  })
  test('a column that is of another type is held; null is no type', () => {
    const guarded = new Guarded().polls(20, many(3))
    expect(guarded.poll(many(3, { id: 1, price: '2' }))).toBe('shape: the last good rows are kept: price was number and is string')
    expect(guarded.poll(many(3, { id: 1, price: { amount: 2 } }))).toBe(
      'shape: the last good rows are kept: price was number and is object',
    )
    expect(guarded.poll(many(3, { id: 1, price: [2] }))).toBe('shape: the last good rows are kept: price was number and is array')
    expect(guarded.poll(many(3, { id: 1, price: null }))).toBe('taken')
  })
  test('one row of another type among many is the data of that row', () => {
    const odd: Row = { id: 1, price: 'n/a' }
    expect(new Guarded().polls(20, many(3)).poll([...many(2), odd])).toBe('taken')
  })
  test('a type that was seen before is known', () => {
    const guarded = new Guarded().polls(10, many(3)).polls(10, many(3, { id: 1, price: '2' }))
    expect(guarded.poll(many(3, { id: 1, price: '2' }))).toBe('taken')
  })
  test('optional members that come and go are no news, nor are new columns', () => {
    const guarded = new Guarded()
    for (let i = 0; i < 100; i++) {
      const rows: Row[] = [{ id: 1, ...(i % 3 === 0 ? {} : { note: i }), ...(i > 50 ? { added: 1 } : {}) }, { id: 2 }]
      expect(guarded.poll(rows)).toBe('taken')
    }
  })
  test('more than three differences are summed up, in 200 characters', () => {
    const row: Row = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`${i}${'x'.repeat(60)}`, 1]))
    const said = new Guarded().polls(20, many(2, row)).poll(many(2, { id: 1 }))
    expect(said).toContain('and 6 more')
    expect(said.length).toBeLessThanOrEqual(200 + 'shape: '.length)
  })
})
