import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { kindOfColumn, recogniseColumn } from '../../src/elements/column-kind.ts'
import { profileColumn, showCell, showValue, visibleColumns } from '../../src/elements/column-profile.ts'
import { createFormat } from '../../src/elements/format.ts'
import { toneOfWord } from '../../src/elements/status-words.ts'
import { alarmOf, hintKinds, type ColumnHint } from '../../src/model/hint.ts'
import type { Cell } from '../../src/model/row.ts'

const format = createFormat(['en-GB'])
const now = Date.UTC(2026, 0, 22, 13, 0)

/** The cell as it is shown in a column of that name, with these others. */
function shown(name: string, cells: readonly Cell[], hint?: ColumnHint): string {
  const rows = cells.map(cell => ({ [name]: cell }))
  return showValue(cells[0] ?? null, profileColumn(name, rows, undefined, hint), now, format)
}

describe('with nothing said, a column is recognised by its name and its cells', () => {
  test.each<[string, readonly Cell[], string]>([
    ['last_reported', [1_769_086_800, 1_769_086_000], 'time'],
    ['updatedAt', ['2026-01-22T12:40:00Z'], 'time'],
    ['day', ['2026-01-22', '2026-01-21'], 'time'],
    ['response_ms', [12, 340], 'duration'],
    ['uptime', [86_400], 'duration'],
    ['rx_bytes', [1024], 'bytes'],
    ['cpu_percent', [12.5], 'percent'],
    ['usedPct', [99], 'percent'],
    ['hit_ratio', [0.25, 1, 0], 'percent'],
    ['price_ratio', [1.25], 'number'],
    ['url', ['https://a.example/x', 'http://b.example'], 'link'],
    ['url', ['https://a.example/x', '/relative'], 'text'],
    ['page', ['javascript:alert(1)'], 'text'],
    ['status', ['running', 'exited'], 'status'],
    ['state', ['CA', 'NY'], 'text'],
    ['note', ['ok', 'down'], 'text'],
    ['price', [1.5], 'number'],
    ['open', [true], 'boolean'],
    ['tags', [['a']], 'json'],
    ['mixed', [1, 'a'], 'text'],
    ['lastPrice', ['97251.85829843', '0.00002408'], 'number'],
    ['priceChangePercent', ['-1.25', '3'], 'percent'],
    ['ts', ['1597026383085'], 'time'],
    ['count', ['12', '7'], 'text'],
    ['app_version', ['1.2', '1.10'], 'text'],
    ['price', ['1.5', 'n/a'], 'text'],
    ['nothing', [], 'text'],
  ])('%s %j: %s', (name, cells, kind) => {
    expect(recogniseColumn(name, cells).kind).toBe(kind)
  })

  test.each<[string, readonly Cell[], string]>([
    ['updatedAt', ['2026-01-22T12:40:00Z'], format.time(Date.UTC(2026, 0, 22, 12, 40), now)],
    ['response_ms', [12], '12 ms'],
    ['uptime', [93_600], '1 d 2 h'],
    ['hit_ratio', [0.257, 1], '25.7 %'],
    ['cpu_percent', [12.53, 3], '12.5 %'],
    ['url', ['https://www.a.example/x'], 'a.example/x'],
    ['status', ['running'], 'running'],
    ['lastPrice', ['97251.85829843', '0.00002408'], '97,251.858'],
    ['lastPrice', ['0.00002408', '97251.85829843'], '0.00002408'],
    ['price', ['1.50', '2.25'], '1.50'],
    ['value', [1_764_000_000, 310.5], '1,764,000,000'],
    ['ts', ['1769086800000'], format.time(1_769_086_800_000, now)],
    ['count', ['12', '7'], '12'],
  ])('%s %j is shown as %s', (name, cells, expected) => {
    expect(shown(name, cells)).toBe(expected)
  })
})

describe('what the config says is in force', () => {
  test.each<[Cell, ColumnHint, string]>([
    [12.5, { unit: 'EUR', decimals: 2 }, '12.50 EUR'],
    [null, { unit: 'EUR' }, '–'],
    [90, { as: 'duration' }, '1 min 30 s'],
    [90, { as: 'duration', unit: 'min' }, '1 h 30 min'],
    [2048, { as: 'bytes' }, '2.0 kB'],
    [12.5, { as: 'percent', decimals: 0 }, '13 %'],
    [1_769_086_800, { as: 'time' }, format.time(1_769_086_800_000, now)],
    ['no time', { as: 'time' }, 'no time'],
    ['a', { unit: 'km', label: 'B' }, 'a km'],
  ])('%j as %j: %s', (cell, hint, expected) => {
    expect(shown('x', [cell], hint)).toBe(expected)
  })

  test('hidden columns are not among those that are shown', () => {
    expect(
      visibleColumns(
        ['a', 'b', 'c'],
        new Map([
          ['b', { hidden: true }],
          ['c', { unit: 'm' }],
        ]),
      ),
    ).toEqual(['a', 'c'])
  })

  test('whatever is said of whatever cell, it is shown as some text', () => {
    const cell = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.constant([1]))
    fc.assert(
      fc.property(fc.string(), fc.array(cell, { minLength: 1 }), fc.constantFrom(undefined, ...hintKinds), (name, cells, as) => {
        const hint: ColumnHint = as === undefined ? {} : { as }
        const profile = profileColumn(
          name,
          cells.map(value => Object.fromEntries([[name, value]])),
          undefined,
          hint,
        )
        expect(
          kindOfColumn(
            name,
            cells.filter(value => value !== null),
            hint,
          ).kind,
        ).toBe(profile.kind)
        for (const value of cells) expect(showCell(value, profile, now, format)).toBeTypeOf('string')
      }),
      { numRuns: 300 },
    )
  })
})

test.each<[number, object, string | undefined]>([
  [79, { warning: 80, critical: 95 }, undefined],
  [80, { warning: 80, critical: 95 }, 'warning'],
  [95, { warning: 80, critical: 95 }, 'critical'],
  [11, { warning: 10, critical: 3 }, undefined],
  [10, { warning: 10, critical: 3 }, 'warning'],
  [3, { warning: 10, critical: 3 }, 'critical'],
  [5, { critical: 4 }, 'critical'],
  [5, {}, undefined],
])('%d over %j: %s', (value, thresholds, expected) => {
  expect(alarmOf(value, thresholds)).toBe(expected)
})

test('words of states', () => {
  expect(['OK', 'Degraded', 'major_outage', 'queued', 'exited', 'Rotterdam'].map(toneOfWord)).toEqual([
    'fresh',
    'degraded',
    'down',
    'waiting',
    'paused',
    undefined,
  ])
})

test.each([
  [0.4, '0.4 ms'],
  [999, '999 ms'],
  [1500, '1.5 s'],
  [59_400, '59 s'],
  [60_000, '1 min'],
  [200_000, '3 min 20 s'],
  [3_599_900, '60 min'],
  [187_200_000, '2 d 4 h'],
  [-90_000, '-1 min 30 s'],
])('a duration of %d ms: %s', (ms, expected) => {
  expect(format.duration(ms)).toBe(expected)
})
