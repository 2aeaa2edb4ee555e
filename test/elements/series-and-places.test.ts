import { describe, expect, test } from 'vitest'
import { createFormat } from '../../src/elements/format.ts'
import { gridStep, placeColumns, placesOf, projectionOf } from '../../src/elements/place-columns.ts'
import { barHeight, pollDetail, pollFacts, quantileOf } from '../../src/elements/poll-facts.ts'
import { seriesColumns, seriesLines } from '../../src/elements/series-lines.ts'
import { SeriesSubject } from '../../src/elements/series-subject.ts'

const format = createFormat(['en-GB'])

describe('a series', () => {
  const points = [
    { '#': '["b",2]', time: 2, sector: 'b', price: 7 },
    { '#': '["a",2]', time: 2, sector: 'a', price: 4 },
    { '#': '["a",1]', time: 1, sector: 'a', price: 3 },
    { '#': '["a",3]', time: 3, sector: 'a', price: null },
  ]

  test('has a line for each row it follows, in the order of time', () => {
    expect(seriesColumns(points, ['#', 'time', 'sector', 'price'])).toEqual(['price'])
    expect(seriesLines(points, 'price', 6)).toEqual([
      { id: 'a', label: 'a', times: [1, 2, 3], values: [3, 4, null] },
      { id: 'b', label: 'b', times: [2], values: [7] },
    ])
    expect(seriesLines(points, 'price', 1)).toHaveLength(1)
  })

  test('of one row is one line, called by its column', () => {
    expect(seriesLines([{ time: 5, load: 1 }], 'load', 6)).toEqual([{ id: '', label: 'load', times: [5], values: [1] }])
  })

  test('hidden columns are left out, but for one that is asked for by name; a line that is the only one goes by the label', () => {
    const rows = [{ time: 5, load: 1, heat: 2 }]
    const hints = new Map([['heat', { hidden: true, label: 'Heat', unit: '°C' }]])
    const table = { key: 'time', columns: ['time', 'load', 'heat'], order: [] }
    const at = { known: true, timeMs: 0, nowMs: 0, format, hints }
    const [subject, asked] = [new SeriesSubject(), new SeriesSubject('heat')]
    for (const one of [subject, asked]) one.follow(rows, table, at)
    expect(subject.columns).toEqual([{ name: 'load', label: 'load' }])
    expect([asked.column, asked.lines]).toEqual(['heat', [{ id: '', label: 'Heat', text: '2 °C' }]])
  })

  test('is drawn on one axis, empty where a line has no point', () => {
    const subject = new SeriesSubject()
    subject.follow(points, { key: '#', columns: ['#', 'time', 'sector', 'price'], order: [] }, { known: true, timeMs: 0, nowMs: 0, format })
    expect([subject.column, subject.lines.map(({ label }) => label)]).toEqual(['price', ['a', 'b']])
    expect([subject.trail.times, subject.trail.line('b'), subject.trail.line('none')]).toEqual([
      [1, 2, 3],
      [null, 7, null],
      [null, null, null],
    ])
  })
})

describe('places', () => {
  const rows = [
    { id: 1, lat: 40.6, lon: -74 },
    { id: 2, lat: 40.9, lon: -73.8 },
    { id: 3, lat: null, lon: -73 },
  ]

  test('are found by name and by what the columns hold', () => {
    expect(placeColumns(rows, ['id', 'lat', 'lon'])).toEqual({ latitude: 'lat', longitude: 'lon' })
    expect(placeColumns([{ Latitude: 1, 'geo.longitude': 2 }], ['Latitude', 'geo.longitude'])).toEqual({
      latitude: 'Latitude',
      longitude: 'geo.longitude',
    })
    expect(placeColumns([{ lat: 40, lon: 200 }], ['lat', 'lon'])).toBeUndefined()
    expect(placeColumns([{ platform: 1, colon: 2 }], ['platform', 'colon'])).toBeUndefined()
    expect(placesOf(rows, { latitude: 'lat', longitude: 'lon' })).toHaveLength(2)
  })

  test('all lie within the box, north up, east to the right', () => {
    const places = placesOf(rows, { latitude: 'lat', longitude: 'lon' })
    const { point } = projectionOf(places, 600, 300, 20)
    const [[x1, y1], [x2, y2]] = places.map(({ longitude, latitude }) => point(longitude, latitude)) as [[number, number], [number, number]]
    expect(x1 < x2 && y1 > y2).toBe(true)
    for (const [x, y] of [
      [x1, y1],
      [x2, y2],
    ] as const)
      expect(x >= 20 && x <= 580 && y >= 19.9 && y <= 280.1).toBe(true)
  })

  test('one place, or none, is no division by nothing', () => {
    for (const places of [[], [{ row: {}, latitude: 90, longitude: 180 }]]) {
      const { point, degreesPerPx } = projectionOf(places, 600, 300, 20)
      expect([...point(180, 90), degreesPerPx].every(Number.isFinite)).toBe(true)
    }
  })

  test('a grid has round steps', () => {
    expect([0.03, 0.2, 7, 33].map(gridStep)).toEqual([0.05, 0.2, 10, 50])
  })
})

describe('polls', () => {
  test.each([
    [{ change: 'changed', status: 200 }, 'changed'],
    [{ change: 'unchanged', status: 200, cached: false }, 'unchanged'],
    [{ change: 'unchanged', status: 304, cached: true }, 'cached'],
    [{ change: 'changed', cause: 'rows' }, 'kept'],
    [{ change: 'failed', cause: 'timeout' }, 'failed'],
  ])('%j is %s', (row, outcome) => {
    expect(pollFacts(row).outcome).toBe(outcome)
  })

  test('are told with what is known of them', () => {
    const poll = pollFacts({ change: 'changed', status: 200, duration: 12.34, bytes: 48_213, rows: 1 })
    expect(pollDetail(poll, format)).toBe('200 · 12 ms · 48.2 kB · 1 row')
    expect(pollDetail(pollFacts({ change: 'failed', duration: 15_000, bytes: 0 }), format)).toBe('15 s')
  })

  test('the highest bar is the longest, the lowest is still there', () => {
    expect([0, 1, 30, 1000].map(ms => barHeight(ms, 1000, 8))).toEqual([1, 2, 4, 8])
    expect(barHeight(0, 0, 8)).toBe(1)
    expect([quantileOf([], 0.5), quantileOf([3, 1, 2], 0.5), quantileOf([3, 1, 2], 0.95)]).toEqual([undefined, 2, 3])
  })
})
