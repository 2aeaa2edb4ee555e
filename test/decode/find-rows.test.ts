import { describe, expect, test } from 'vitest'
import { absentPath, findRows, rowsAt } from '../../src/decode/find-rows.ts'
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
})

function prometheus(result: Cell): Cell {
  return { status: 'success', data: { resultType: 'vector', result } }
}
