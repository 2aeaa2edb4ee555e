import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { apply } from '../../src/model/delta.ts'
import { rowOf, type Row } from '../../src/model/row.ts'
import { Store } from '../../src/model/store.ts'
import type { Table } from '../../src/model/table.ts'
import { encodeDelta, encodeMessage, encodeResult, encodeSnapshot } from '../../src/protocol/codec.ts'
import type { DeltaMessage, SnapshotMessage } from '../../src/protocol/messages.ts'
import { printTable, tableHistory } from '../support/table-history.ts'

const stamp = { feed: 'quotes?where=a%20%3D%3D%20%22x%22', tick: 42, at: 1_769_090_000_123 }
const epoch = '0mi4k2x8b7f3'
const table: Table = {
  key: 'id',
  columns: ['id', 'price'],
  rows: new Map([
    ['b', { id: 'b', price: 2 }],
    ['ü', { id: 'ü', price: null }],
  ]),
  order: [{ column: 'price', descending: true }],
  kind: 'table',
}

function storeOf(...tables: Table[]): Store {
  const store = new Store()
  for (const [i, each] of tables.entries()) store.commit(i + 1, { table: each, changes: 'all' }, 0)
  return store
}

function decode(frame: Buffer): unknown {
  return JSON.parse(frame.toString('utf8'))
}

function keyed(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map(row => [row['id'] as string, row]))
}

test('a message is its JSON in UTF-8', () => {
  const beat = { type: 'beat', at: 5 } as const
  expect(encodeMessage(beat).toString('utf8')).toBe('{"type":"beat","at":5}')
})

test('a snapshot, a result and HTTP share one text of members', () => {
  const snapshot = encodeSnapshot(storeOf(table), epoch, stamp)
  const expected = {
    ...stamp,
    kind: 'table',
    key: 'id',
    columns: ['id', 'price'],
    order: ['-price'],
    epoch,
    to: 1,
    rows: [...table.rows.values()],
  }
  expect(decode(snapshot)).toEqual({ type: 'snapshot', ...expected })
  expect(decode(encodeResult('"a"', snapshot))).toEqual({ type: 'result', id: '"a"', ...expected })
  expect(decode(encodeResult(7, snapshot))).toEqual({ type: 'result', id: 7, ...expected })
})

test('an empty table and an order of its own', () => {
  expect(decode(encodeSnapshot(storeOf({ ...table, rows: new Map() }), epoch, stamp, []))).toMatchObject({ rows: [], order: [], to: 1 })
})

test('a delta carries only what there is', () => {
  const store = storeOf(table)
  const nothing = { columns: table.columns, set: new Map(), del: new Set<string>() }
  expect(decode(encodeDelta(nothing, 1, store, stamp))).toEqual({ type: 'delta', ...stamp, from: 1, to: 1 })
})

test('columns are told to whoever stands before the last growth, to nobody else', () => {
  const grown = { ...table, columns: [...table.columns, 'note'] }
  const store = storeOf(table, grown, { ...grown, rows: new Map([['b', { id: 'b', price: 3 }]]) })
  const nothing = { columns: [], set: new Map(), del: new Set<string>() }
  const frame = (from: number) => decode(encodeDelta(store.deltaSince(from) ?? nothing, from, store, stamp)) as DeltaMessage
  expect(frame(1).columns).toEqual(['id', 'price', 'note'])
  expect(frame(2)).toEqual({ type: 'delta', ...stamp, from: 2, to: 3, set: { b: { price: 3 } }, del: ['ü'] })
})

test('keys that look like numbers keep their place, and __proto__ is a key', () => {
  const rows = ['z', '10', '2', '__proto__'].map((key): [string, Row] => [key, rowOf([['id', key]])])
  const store = storeOf(table)
  const text = encodeDelta({ columns: table.columns, set: new Map(rows), del: new Set() }, 0, store, stamp).toString()
  expect(text).toContain('"set":{"z":{"id":"z"},"10":{"id":"10"},"2":{"id":"2"},"__proto__":{"id":"__proto__"}}')
})

test('through the wire and back: a snapshot is the table, a delta applied to any earlier one is the table', () => {
  fc.assert(
    fc.property(tableHistory(2, 6), fc.nat(), (history, which) => {
      const store = storeOf(...history)
      const truth = printTable(store.table())
      const snapshot = decode(encodeSnapshot(store, epoch, stamp)) as SnapshotMessage
      expect(printTable({ key: snapshot.key, columns: snapshot.columns, rows: keyed(snapshot.rows) })).toBe(truth)
      const index = which % history.length
      const before = storeOf(...history.slice(0, index + 1))
      const delta = store.deltaSince(before.version)
      if (delta === undefined) return
      const {
        from,
        to,
        set = {},
        del = [],
        columns = before.columns,
      } = decode(encodeDelta(delta, before.version, store, stamp)) as DeltaMessage
      expect([from, to]).toEqual([before.version, store.version])
      const after = apply(before.table(), { columns, set: new Map(Object.entries(set)), del: new Set(del) })
      expect(printTable(after)).toBe(truth)
    }),
    { numRuns: 300 },
  )
})
