import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../src/decode/decode-error.ts'
import { keyRows, plainRows, type KeyPlan, type KeyedRows } from '../../src/decode/rows.ts'
import type { Cell, Row } from '../../src/model/row.ts'

const limits = { maxRows: 100, maxColumns: 10, maxCells: 500, maxCellBytes: 64, maxKeyBytes: 16 }

function keyed(items: readonly Cell[], plan: KeyPlan, more: { index?: boolean } & Partial<typeof limits> = {}): KeyedRows {
  const all = { ...limits, ...more }
  return keyRows(plainRows(items, more.index ?? false, all), plan, all.maxKeyBytes)
}

const by = (...paths: string[]): KeyPlan => ({ kind: 'columns', paths })

function thrown(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof DecodeError) return `${error.kind}: ${error.message}`
    throw error
  }
  return 'nothing'
}

describe('the key', () => {
  test('is a column: the row stays the object it was', () => {
    const row = { id: 42, a: null }
    const { key, columns, rows } = keyed([row], by('id'))
    expect({ key, columns }).toEqual({ key: 'id', columns: ['id', 'a'] })
    expect(rows.get('42')).toBe(row)
  })

  test('is a dotted path: a column of that name is added', () => {
    const { key, columns, rows } = keyed([{ metric: { job: 'a' }, value: [1, '2'] }], by('metric.job'))
    expect({ key, columns }).toEqual({ key: 'metric.job', columns: ['metric.job', 'metric', 'value'] })
    expect([...rows]).toEqual([['a', { 'metric.job': 'a', metric: { job: 'a' }, value: [1, '2'] }]])
  })

  test('is several: composed in the first column, #', () => {
    const { key, columns, rows } = keyed([{ a: 1, m: { b: 'x' } }], by('a', 'm.b'))
    expect({ key, columns }).toEqual({ key: '#', columns: ['#', 'm.b', 'a', 'm'] })
    expect([...rows]).toEqual([['[1,"x"]', { '#': '[1,"x"]', 'm.b': 'x', a: 1, m: { b: 'x' } }]])
  })

  test('is the place in the array where there is no other', () => {
    expect([...keyed([{ a: 1 }, { a: 2 }], { kind: 'place' }).rows]).toEqual([
      ['0', { '#': 0, a: 1 }],
      ['1', { '#': 1, a: 2 }],
    ])
  })

  test('is empty for a document that is one row', () => {
    const { key, rows } = keyed([{ a: 1 }], { kind: 'document' })
    expect({ key, rows: [...rows] }).toEqual({ key: '#', rows: [['', { '#': '', a: 1 }]] })
  })

  test('a column of the rows that is called # gives way to the key', () => {
    const { columns, rows } = keyed([{ a: 1, '#': 'mine' }], { kind: 'place' })
    expect({ columns, row: rows.get('0') }).toEqual({ columns: ['#', 'a'], row: { '#': 0, a: 1 } })
  })

  test.each(['__proto__', 'constructor', 'prototype', '', '0', 'x'.repeat(16)])('%j is a key and a column like any other', name => {
    const row = JSON.parse(`{"id":${JSON.stringify(name)},${JSON.stringify(name)}:1}`) as Row
    const { columns, rows } = keyed([row], by('id'))
    expect(columns).toContain(name)
    expect(Object.entries(rows.get(name) ?? {})).toEqual(Object.entries(row))
    const placed = keyed([row], { kind: 'place' }, { index: true }).rows.get('0') ?? {}
    expect(Object.hasOwn(placed, name)).toBe(true)
    expect(({} as Row)['id']).toBeUndefined()
  })
})

describe('faults of keys', () => {
  test('of rows with one key the last wins, and they are counted with examples', () => {
    const { rows, duplicates } = keyed(
      [
        { id: 1, n: 1 },
        { id: '1', n: 2 },
        { id: 2, n: 3 },
        { id: 1, n: 4 },
      ],
      by('id'),
    )
    expect([...rows.values()].map(row => row['n'])).toEqual([4, 3])
    expect(duplicates).toEqual({ count: 2, examples: ['1'] })
  })

  test('rows without a key are left out and counted with their places', () => {
    const { rows, missing } = keyed([{ id: 1 }, {}, { id: null }, { id: {} }, { id: [] }, { id: false }], by('id'))
    expect([...rows.keys()]).toEqual(['1', 'false'])
    expect(missing).toEqual({ count: 4, places: [1, 2, 3] })
  })

  test('rows of which none has the key are refused, with what could have been meant', () => {
    expect(thrown(() => keyed([{ station_id: 1 }], by('station_ids')))).toBe(
      "key: no row has the key station_ids; did you mean 'station_id'?",
    )
    expect(thrown(() => keyed([{ a: 1, b: 2 }], by('zzzz')))).toBe('key: no row has the key zzzz; they have a, b')
  })
})

describe('items become rows', () => {
  test('arrays by place, other values as column value', () => {
    expect([...keyed([['a', 1], 5, 'x', null], { kind: 'place' }).rows.values()]).toEqual([
      { '#': 0, '0': 'a', '1': 1 },
      { '#': 1, value: 5 },
      { '#': 2, value: 'x' },
      { '#': 3, value: null },
    ])
  })

  test('index adds the place in the array, whatever the row calls so', () => {
    expect([...keyed([{ id: 'a', index: 9 }, { id: 'b' }], by('id'), { index: true }).rows.values()]).toEqual([
      { id: 'a', index: 0 },
      { id: 'b', index: 1 },
    ])
  })
})

describe('limits', () => {
  const many = (n: number, row: (i: number) => Row): Row[] => Array.from({ length: n }, (_, i) => row(i))

  test.each<[string, readonly Row[], string]>([
    ['rows', many(101, i => ({ id: i })), 'maxRows: 100 exceeded'],
    ['columns', [Object.fromEntries(many(11, i => ({ i })).map((_, i) => [`c${i}`, 1]))], 'maxColumns: 10 exceeded'],
    ['rows times columns, however sparse', many(100, i => ({ id: i, [`c${i % 5}`]: 1 })), 'maxCells: 500 exceeded'],
    ['a text in a cell', [{ id: 1, note: 'x'.repeat(65) }], 'maxCell: 64 B exceeded in column note'],
    ['a text in a cell, in bytes', [{ id: 1, note: 'ü'.repeat(33) }], 'maxCell: 64 B exceeded in column note'],
    ['a key', [{ id: 'x'.repeat(17) }], 'maxKey: 16 B exceeded'],
  ])('%s', (_, rows, message) => {
    expect(thrown(() => keyed(rows, by('id')))).toBe(`too_large: ${message}`)
  })

  test('what is just within them is taken', () => {
    expect(
      keyed(
        many(100, i => ({ id: i, note: 'ü'.repeat(32) })),
        by('id'),
      ).rows.size,
    ).toBe(100)
  })
})
