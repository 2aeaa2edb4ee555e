import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diff } from '../../src/model/delta.ts'
import type { Row } from '../../src/model/row.ts'
import type { Table } from '../../src/model/table.ts'
import { unify, unifyRows, type Unified } from '../../src/source/unify.ts'

const cell = fc.oneof(
  fc.constant(null),
  fc.integer({ min: 0, max: 2 }),
  fc.constantFrom('a', 'b'),
  fc.boolean(),
  fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 2 }),
  fc.record({ x: fc.integer({ min: 0, max: 1 }), y: fc.constantFrom(null, 'z') }, { requiredKeys: ['x'] }),
)
const members = fc.dictionary(fc.constantFrom('n', 'm', 'o', '__proto__', 'constructor'), cell, { maxKeys: 4, noNullPrototype: false })
const rows = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), members), { selector: ([key]) => key, maxLength: 5 })
const history = fc.array(rows, { minLength: 1, maxLength: 6 })

/** As `JSON.parse` makes them: every row a new object. */
function parsed(answer: readonly (readonly [string, Row])[]): Row[] {
  return answer.map(([id, row]) => JSON.parse(JSON.stringify(Object.fromEntries([['id', id], ...Object.entries(row)]))) as Row)
}

interface Step {
  readonly before: Table | undefined
  readonly after: Unified
  readonly answer: readonly Row[]
}

function play(answers: readonly (readonly (readonly [string, Row])[])[]): Step[] {
  let before: Table | undefined
  return answers.map(plain => {
    const answer = parsed(plain)
    const after = unifyRows(before, 'id', answer)
    const step = { before, after, answer }
    before = after.table
    return step
  })
}

describe('over any history of answers', () => {
  test('rows that did not change keep their object, and only those that did are in the changes, with their previous row', () => {
    fc.assert(
      fc.property(history, answers => {
        for (const { before, after } of play(answers)) {
          if (before === undefined) continue
          const { set, del } = diff(before, after.table)
          const changes = after.changes as ReadonlyMap<string, Row | undefined>
          expect([...changes.keys()].sort()).toEqual([...set.keys(), ...del].sort())
          for (const [key, row] of after.table.rows) expect(changes.has(key) ? changes.get(key) : row).toBe(before.rows.get(key))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('the table says what the answer says; columns only grow; the same object where nothing changed', () => {
    fc.assert(
      fc.property(history, answers => {
        for (const { before, after, answer } of play(answers)) {
          const { table, changes } = after
          const fromNothing = unifyRows(undefined, 'id', answer).table
          expect([...table.rows.keys()].sort()).toEqual([...fromNothing.rows.keys()].sort())
          expect(diff(table, { ...fromNothing, columns: table.columns }).set.size).toBe(0)
          expect(table.columns.slice(0, before?.columns.length ?? 0)).toEqual(before?.columns ?? [])
          expect(new Set(table.columns).size).toBe(table.columns.length)
          const isSame = changes !== 'all' && changes.size === 0 && table.columns.length === before?.columns.length
          expect(table === before).toBe(isSame)
        }
      }),
      { numRuns: 300 },
    )
  })
})

test('a column or a key called __proto__ is ordinary data, and no prototype is touched', () => {
  const answer = JSON.parse('[{"id":"__proto__","__proto__":{"polluted":true},"constructor":1}]') as Row[]
  const { table } = unifyRows(undefined, 'id', answer)
  expect(table.columns).toEqual(['id', '__proto__', 'constructor'])
  expect(table.rows.get('__proto__')).toBe(answer[0])
  const changed = JSON.parse('[{"id":"__proto__","__proto__":{"polluted":false},"constructor":1}]') as Row[]
  expect(unifyRows(table, 'id', changed).changes).toEqual(new Map([['__proto__', answer[0]]]))
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

test('an ignored column may change: the row stays as it was, until another one changes too', () => {
  const incoming = (seen: number, n: number) => ({
    key: 'id',
    columns: ['id', 'seen', 'n'],
    rows: new Map<string, Row>([['a', { id: 'a', seen, n }]]),
  })
  const first = unify(undefined, incoming(1, 1), { ignore: ['seen'] })
  const second = unify(first.table, incoming(2, 1), { ignore: ['seen'] })
  expect(second.table).toBe(first.table)
  expect(unify(first.table, incoming(3, 2), { ignore: ['seen'] }).table.rows.get('a')).toEqual({ id: 'a', seen: 3, n: 2 })
})

test('another key column begins anew', () => {
  const first = unifyRows(undefined, 'id', [{ id: 1, code: 'x' }])
  expect(unifyRows(first.table, 'code', [{ id: 1, code: 'x' }])).toMatchObject({ changes: 'all', table: { key: 'code' } })
})

describe('columns that come and go for ever', () => {
  test('go once they are over maxColumns together, which begins anew; the answers within it are taken all the same', () => {
    const answer = (poll: number) => unifyRowsOf({ id: 'a', [`n${poll}`]: 1, [`m${poll}`]: 2 })
    let before: Table | undefined
    const anew: number[] = []
    for (let poll = 0; poll < 20; poll++) {
      const { table, changes } = unify(before, answer(poll), { maxColumns: 5 })
      expect(table.columns.length).toBeLessThanOrEqual(5)
      expect(table.rows.get('a')).toMatchObject({ [`n${poll}`]: 1, [`m${poll}`]: 2 })
      if (changes === 'all') anew.push(poll)
      before = table
    }
    expect(anew).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18])
  })

  test('a table as wide as it may be goes on', () => {
    const wide = unify(undefined, unifyRowsOf({ id: 'a', n: 1 }), { maxColumns: 2 }).table
    expect(unify(wide, unifyRowsOf({ id: 'a', n: 2 }), { maxColumns: 2 }).changes).toEqual(new Map([['a', { id: 'a', n: 1 }]]))
  })
})

function unifyRowsOf(row: Row): Parameters<typeof unify>[1] {
  return { key: 'id', columns: Object.keys(row), rows: new Map([['a', row]]) }
}
