import { describe, expect, test } from 'vitest'
import { findKey } from '../../src/decode/find-key.ts'
import type { Row } from '../../src/model/row.ts'

function find(rows: readonly Row[], rowsPath = '.', struck: ReadonlyMap<string, string> = new Map()) {
  return findKey(rows, [...new Set(rows.flatMap(row => Object.keys(row)))], rowsPath, struck)
}

/** Three rows like one, whose values that tell of a key differ. */
function three(like: Row): Row[] {
  const vary = (cell: Row[string], i: number): Row[string] => (cell === 1 || cell === 2 ? `${String(cell)}-${i}` : cell)
  return [0, 1, 2].map(i => Object.fromEntries(Object.entries(like).map(([column, cell]) => [column, vary(cell ?? null, i) ?? null])))
}

describe('a column whose name says so, in every row, never twice', () => {
  test.each<[string, Row[], string, string[] | undefined]>([
    [
      'id before name',
      [
        { name: 'a', id: 1 },
        { name: 'b', id: 2 },
      ],
      '.',
      ['id'],
    ],
    [
      'the id of what the rows are, before ids that point elsewhere',
      [
        { region_id: 1, station_id: 'x' },
        { region_id: 2, station_id: 'y' },
      ],
      'data.stations',
      ['station_id'],
    ],
    [
      'in camelCase, of a plural in -ies',
      [
        { ownerId: 1, cityId: 'x' },
        { ownerId: 2, cityId: 'y' },
      ],
      'cities',
      ['cityId'],
    ],
    [
      'a symbol before an id further on',
      [
        { symbol: 'A', exchange_id: 1 },
        { symbol: 'B', exchange_id: 2 },
      ],
      '.',
      ['symbol'],
    ],
    [
      'a name before an id further on',
      [
        { name: 'A', region_id: 1 },
        { name: 'B', region_id: 2 },
      ],
      '.',
      ['name'],
    ],
    [
      'an id that comes first before a name',
      [
        { order_id: 7, name: 'A' },
        { order_id: 8, name: 'B' },
      ],
      '.',
      ['order_id'],
    ],
    [
      'within what a row is about',
      [{ metadata: { uid: 'a', name: 'x' } }, { metadata: { uid: 'b', name: 'x' } }],
      'items',
      ['metadata.uid'],
    ],
    ['not within what a row points to', [{ owner: { id: 1 } }, { owner: { id: 2 } }], '.', undefined],
    [
      'unique by chance is no key',
      [
        { price: 1.5, volume: 10 },
        { price: 2.5, volume: 20 },
      ],
      '.',
      undefined,
    ],
    ['a measure is no key, whatever its name', [{ id: 1.5 }, { id: 2.5 }], '.', undefined],
    ['nor is a flag', [{ id: true }, { id: false }], '.', undefined],
    ['nor an object', [{ id: { a: 1 } }, { id: { a: 2 } }], '.', undefined],
    ['42 and "42" are one', [{ id: 42 }, { id: '42' }], '.', undefined],
    ['an empty text is none', [{ id: '' }, { id: 'a' }], '.', undefined],
    ['an id of what rows belong to is none', three({ account_id: 1, amount: 5 }), 'data', undefined],
    ['but where the row has a name besides', three({ user_id: 1, title: 'x' }), 'data', ['user_id']],
    ['or where the rows are called so', three({ account_id: 1, amount: 5 }), 'data.accounts', ['account_id']],
    ['an id of another thing than the rows is none', three({ device_id: 1, temperature: 5 }), 'readings', undefined],
    ['one id further on, where there is no other', three({ type: 'SPOT', instId: 1 }), 'data', ['instId']],
    ['of two ids further on none', three({ type: 'SPOT', trip_id: 1, stop_id: 2 }), 'data', undefined],
    ['an id in front', three({ id_station: 1, n: 5 }), '.', ['id_station']],
    ['a title is none', three({ title: 1 }), 'articles', undefined],
    ['an address is one', three({ title: 1, url: 2 }), 'articles', ['url']],
    [
      'what Kubernetes gives no uid',
      three({ metadata: 1 }).map((_, i) => ({ metadata: { name: `n${i}`, namespace: 'x' } })),
      'items',
      ['metadata.namespace', 'metadata.name'],
    ],
    [
      'a word at the beginning of arrays',
      [
        ['tBTC', 1],
        ['tETH', 1],
        ['fUSD', 2],
      ].map(row => ({ 0: row[0] ?? null, 1: row[1] ?? null })),
      '.',
      ['0'],
    ],
    [
      'a number at the beginning of arrays is none',
      [
        [1, 1],
        [2, 1],
        [3, 2],
      ].map(row => ({ 0: row[0] ?? null, 1: row[1] ?? null })),
      '.',
      undefined,
    ],
    [
      'instants in order',
      [
        { day: '2026-01-03', n: 1 },
        { day: '2026-01-02', n: 1 },
        { day: '2026-01-01', n: 2 },
      ],
      'list',
      ['day'],
    ],
    [
      'instants out of order are none',
      [
        { day: 2, n: 1 },
        { day: 3, n: 1 },
        { day: 1, n: 2 },
      ],
      'list',
      undefined,
    ],
    [
      'nor instants of several things',
      [
        { time: 1, sensor: 'aa' },
        { time: 2, sensor: 'bb' },
        { time: 3, sensor: 'aa' },
      ],
      'list',
      undefined,
    ],
    ['no rows', [], '.', undefined],
    ['what every object inherits is none', [{ a: 1 }, { a: 2 }], 'constructor', undefined],
  ])('%s', (_, rows, path, paths) => {
    expect(find(rows, path).paths).toEqual(paths)
  })

  test('says what else would do, and what was tried', () => {
    expect(
      find([
        { id: 1, name: 'a', slug: 'x' },
        { id: 2, name: 'b', slug: 'x' },
      ]),
    ).toEqual({ paths: ['id'], others: ['name'], tried: ['slug ("x" twice)'] })
    expect(
      find([
        { id: null, name: 'a' },
        { id: 2, name: 'a' },
      ]),
    ).toEqual({ others: [], tried: ['id (not in every row)', 'name ("a" twice)'] })
  })

  test('what an earlier answer refuted is not found again', () => {
    expect(
      find(
        [
          { id: 1, name: 'a' },
          { id: 2, name: 'b' },
        ],
        '.',
        new Map([['id', '7 twice']]),
      ).paths,
    ).toEqual(['name'])
  })
})

describe('label sets of Prometheus', () => {
  const series = (labels: Row): Row => ({ metric: labels, value: [1, '2'] })

  test('are the key of a series, but for the name', () => {
    const rows = [series({ __name__: 'up', job: 'a', instance: 'x:1' }), series({ __name__: 'up', job: 'b', instance: 'x:1' })]
    expect(find(rows, 'data.result').paths).toEqual(['metric.instance', 'metric.job'])
  })

  test('one label is a key of one column', () => {
    expect(find([series({ region: 'a' }), series({ region: 'b' })]).paths).toEqual(['metric.region'])
  })

  test('of targets', () => {
    const rows = [
      { discoveredLabels: {}, labels: { job: 'a', instance: 'x' }, scrapePool: 'a', health: 'up' },
      { discoveredLabels: {}, labels: { job: 'a', instance: 'y' }, scrapePool: 'a', health: 'up' },
    ]
    expect(find(rows, 'data.activeTargets').paths).toEqual(['labels.instance', 'labels.job'])
  })

  test('are none where labels that some series lack would be needed', () => {
    expect(find([series({ a: 'x' }), series({ a: 'x', b: 'y' })]).paths).toBeUndefined()
  })
})
