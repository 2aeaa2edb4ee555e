import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { absentPath, findRows } from '../../src/decode/find-rows.ts'
import { rowsAt } from '../../src/decode/rows-at.ts'
import type { Cell } from '../../src/model/row.ts'

const stations = Array.from({ length: 5 }, (_, i) => ({ station_id: `s${i}`, name: `Stop ${i}`, free: i }))

describe('found by looking', () => {
  test.each<[string, Cell, string, boolean]>([
    ['the document is the array', stations, '.', true],
    ['a wrapped array', { last_updated: 1, ttl: 10, data: { stations } }, 'data.stations', true],
    ['the largest of several', { data: { regions: [{ id: 1 }], stations } }, 'data.stations', true],
    ['Prometheus, one series', prometheus([{ metric: { job: 'a' }, value: [1, '2'] }]), 'data.result', true],
    ['Prometheus, none yet', prometheus([]), 'data.result', true],
    [
      'GeoJSON',
      {
        type: 'FeatureCollection',
        features: [
          {
            type: 'Feature',
            properties: { id: 1 },
            geometry: {
              coordinates: [
                [1, 2],
                [3, 4],
              ],
            },
          },
        ],
      },
      'features',
      true,
    ],
    [
      'arrays of arrays under a usual name',
      {
        time: 1,
        states: [
          ['a', 1],
          ['b', 2],
        ],
      },
      'states',
      true,
    ],
    ['an empty array', [], '.', true],
    ['an array of numbers', [1, 2, 3], '.', true],
    ['a document without rows', { temperature: 20, wind: { speed: 3 } }, '.', false],
    [
      'a report with a small list in it',
      { coord: { lon: 1, lat: 2 }, weather: [{ id: 800, main: 'Clear' }], main: { temp: 1, pressure: 2, humidity: 3 }, name: 'x' },
      '.',
      false,
    ],
    ['a list of texts', { name: 'x', tags: ['a', 'b', 'c'] }, '.', false],
    ['an empty list that may be anything', { name: 'x', alerts: [] }, '.', false],
    ['a number', 42, '.', false],
  ])('%s', (_, document, path, isArray) => {
    expect(findRows(document)).toMatchObject({ path, isArray })
  })

  test('says what else it could have been', () => {
    expect(findRows({ users: stations, items: stations.slice(1) })).toEqual({ path: 'users', isArray: true, others: ['items'] })
  })
})

describe('found by looking, where APIs differ', () => {
  const ticker = { last: '1.5', volume: [1, 2] }
  const visit = { line: 'M15', at: '2026-01-01' }
  test.each<[string, Cell, string]>([
    ['an object of objects that are alike: rows by name', { error: [], result: { XBT: ticker, ETH: ticker, SOL: ticker } }, 'result.*'],
    ['the document is such an object', { bitcoin: { usd: 1 }, ethereum: { usd: 2 }, solana: { usd: 3, eur: 4 } }, '.*'],
    ['two by names that are no plain words', { 'BTC-USD': ticker, 'ETH-USD': ticker }, '.*'],
    ['two of plain names are a structure', { home: { goals: 1 }, away: { goals: 2 } }, '.'],
    ['objects that are not alike', { coord: { lat: 1 }, wind: { speed: 2 }, main: { temp: 3 } }, '.'],
    ['alike in names, but not in types', { units: { a: 'C', b: 'm' }, current: { a: 1, b: 2 }, next: { a: true, b: null } }, '.'],
    [
      'a list of one that is but a wrapper',
      { service: { delivery: [{ visits: [visit, visit], version: '2' }] } },
      'service.delivery.0.visits',
    ],
    ['a list of one with an id of its own is the rows', { releases: [{ id: 7, assets: [visit, visit, visit] }] }, 'releases'],
    ['the list beside what tells of the answer', [{ page: 1, pages: 9 }, [{ id: 1 }, { id: 2 }]], '1'],
    ['rows before what is included with them', { data: [{ id: 1 }], included: [visit, visit, visit] }, 'data'],
    ['rows under an empty list of a usual name', { hits: { hits: [] }, by: { buckets: [{ key: 'a', n: 1 }] } }, 'by.buckets'],
    ['texts under a usual name', { status: 'ok', data: ['a', 'b', 'c'] }, 'data'],
    ['columns are no rows', { times: [1, 2, 3], values: [4, 5, 6] }, '.'],
  ])('%s', (_, document, path) => {
    expect(findRows(document).path).toBe(path)
  })

  test('whatever a document is, what is found is there', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), value => {
        const document = value as Cell
        const { path, isArray } = findRows(document)
        expect(rowsAt(document, path).kind).toBe(isArray ? 'array' : document === null ? 'absent' : 'document')
      }),
      { numRuns: 1000, examples: [[{ '': { '': [] } }]] },
    )
  })
})

describe('members as rows', () => {
  test('carry their name as the column `key`; a member of that name stands in `_key`', () => {
    expect(rowsAt({ a: { b: { n: 1 }, c: { key: 'x', n: 2 }, d: { key: 'd' }, e: 5 } }, 'a.*')).toEqual({
      kind: 'array',
      items: [{ key: 'b', n: 1 }, { key: 'c', _key: 'x', n: 2 }, { key: 'd' }, { key: 'e', value: 5 }],
    })
    expect(rowsAt({ b: { ['__proto__']: 1 } }, '.*')).toEqual({
      kind: 'array',
      items: [
        Object.fromEntries<unknown>([
          ['key', 'b'],
          ['__proto__', 1],
        ]),
      ],
    })
  })

  test('of an array are its items, of nothing are absent; a member called `*` is itself', () => {
    expect(rowsAt({ a: [1] }, 'a.*')).toEqual({ kind: 'array', items: [1] })
    expect(rowsAt({ a: 1 }, 'a.*')).toEqual({ kind: 'absent' })
    expect(rowsAt({ a: { '*': [2] } }, 'a.*')).toEqual({ kind: 'array', items: [2] })
  })
})

describe('nested arrays are joined to rows', () => {
  const board = {
    stops: [
      { stop: 'A', at: { lat: 1 }, departures: [{ line: 1, stop: 'x' }, { line: 2 }] },
      { stop: 'B', departures: [] },
      { stop: 'C' },
      { stop: 'D', departures: ['late'] },
    ],
  }
  const rows = [
    { 'stops.stop': 'A', line: 1, stop: 'x' },
    { stop: 'A', line: 2 },
    { stop: 'D', value: 'late' },
  ]

  test('what holds them is joined to each; of two of a name the row goes first', () => {
    expect(rowsAt(board, 'stops.*.departures')).toEqual({ kind: 'array', items: rows })
    expect(rowsAt(board.stops, '*.departures')).toEqual({
      kind: 'array',
      items: [{ 'parent.stop': 'A', line: 1, stop: 'x' }, ...rows.slice(1)],
    })
  })

  test('over the members of objects, and at any depth', () => {
    const document = { feeds: { en: { lists: [{ n: 1, of: { a: { x: 1 }, b: { x: 2 } } }] }, fr: { lists: [] } } }
    expect(rowsAt(document, 'feeds.*.lists.*.of.*')).toEqual({
      kind: 'array',
      items: [
        { key: 'a', 'feeds.key': 'en', n: 1, x: 1 },
        { key: 'b', 'feeds.key': 'en', n: 1, x: 2 },
      ],
    })
  })

  test('one of XML is a list of one at each step', () => {
    const document = { board: { stop: { id: '1', bus: { line: '7' } } } }
    expect(rowsAt(document, 'board.stop.*.bus', { isListless: true })).toEqual({ kind: 'array', items: [{ id: '1', line: '7' }] })
  })

  test('what joining adds is bounded before it is made', () => {
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`c${i}`, i]))
    const document = { a: [{ ...wide, b: Array.from({ length: 100 }, () => 1) }] }
    expect(() => rowsAt(document, 'a.*.b', { maxCells: 10_000 })).toThrow('maxCells: 10000 exceeded')
  })

  test('of what is no list or object there are none', () => {
    expect(rowsAt({ a: 1 }, 'a.*.b')).toEqual({ kind: 'absent' })
    expect(rowsAt({ a: [1, null] }, 'a.*.b')).toEqual({ kind: 'array', items: [] })
  })
})

describe('arrays whose columns are named beside them', () => {
  test.each<[string, Cell, string]>([
    [
      'fields',
      {
        fields: ['id', 'n'],
        data: [
          [1, 'a'],
          [2, null],
        ],
      },
      'data',
    ],
    [
      'columns, in a list of one',
      {
        results: [
          {
            series: [
              {
                name: 's',
                columns: ['id', 'n'],
                values: [
                  [1, 'a'],
                  [2, null],
                ],
              },
            ],
          },
        ],
      },
      'results.0.series.0.values',
    ],
    [
      'as objects with a name',
      {
        columns: [{ name: 'id', type: 'int' }, { name: 'n' }],
        rows: [
          [1, 'a'],
          [2, null],
        ],
      },
      'rows',
    ],
  ])('%s', (_, document, path) => {
    expect(findRows(document).path).toBe(path)
    expect(rowsAt(document, path)).toEqual({
      kind: 'array',
      items: [
        { id: 1, n: 'a' },
        { id: 2, n: null },
      ],
    })
  })

  test('names that are too few or there twice name nothing', () => {
    for (const fields of [['a'], ['a', 'a'], ['a', 1]])
      expect(rowsAt({ fields, data: [[1, 2]] }, 'data')).toEqual({ kind: 'array', items: [[1, 2]] })
  })
})

describe('by path', () => {
  test.each<[string, Cell, string, object]>([
    ['the document itself: its rows', stations, '.', { kind: 'array', items: stations }],
    ['the document itself: one row', { a: 1 }, '.', { kind: 'document', item: { a: 1 } }],
    ['an object is one row', { a: { b: 1 } }, 'a', { kind: 'document', item: { b: 1 } }],
    ['a place in an array', { a: [{ rows: [1] }] }, 'a.0.rows', { kind: 'array', items: [1] }],
    ['a name with dots', { 'a.b': { c: [1] } }, 'a.b.c', { kind: 'array', items: [1] }],
    ['nothing there', { a: 1 }, 'b', { kind: 'absent' }],
    ['null', { a: null }, 'a', { kind: 'absent' }],
    ['what every object inherits', { a: 1 }, 'constructor', { kind: 'absent' }],
    ['of the prototype', { a: 1 }, '__proto__.toString', { kind: 'absent' }],
  ])('%s', (_, document, path, found) => {
    expect(rowsAt(document, path)).toEqual(found)
  })

  test('a path that leads nowhere says where arrays are', () => {
    expect(absentPath({ data: { stations } }, 'data.station').message).toBe(
      'there is nothing at rows: data.station; arrays stand at data.stations',
    )
    expect(absentPath({ error: 'quota', code: 3 }, 'rows').message).toBe(
      'there is nothing at rows: rows; the document has the members error, code',
    )
  })

  test('null is said to be that, and not that a place is missing in it', () => {
    expect(absentPath(null, '.').message).toMatch(/^the answer is null: neither rows nor/)
  })
})

function prometheus(result: Cell): Cell {
  return { status: 'success', data: { resultType: 'vector', result } }
}
