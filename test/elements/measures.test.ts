import { describe, expect, test } from 'vitest'
import { ChartSubject } from '../../src/elements/chart-subject.ts'
import { profileColumns, rowName } from '../../src/elements/column-profile.ts'
import { createFormat } from '../../src/elements/format.ts'
import { Activity, figures, measureColumns, measureId } from '../../src/elements/measures.ts'
import { Trail } from '../../src/elements/trail.ts'
import { layOut } from '../../src/elements/upright.ts'

const format = createFormat(['en-GB'])
const shape = { key: 'id', columns: ['id', 'name', 'capacity', 'bikes', 'docks'], order: [] }
const row = (id: string, bikes: number, docks: number) => ({ id, name: `Station ${id}`, capacity: 20, bikes, docks })
const rows = [row('a', 1, 9), row('b', 2, 8), row('c', 3, 7)]
const profiles = profileColumns(shape.columns, rows)
const options = { most: 2, profiles, activity: new Activity(), column: undefined, nowMs: 0, format }
const at = { known: true, timeMs: 1000, nowMs: 1000, format }

describe('the columns worth drawing', () => {
  test('what bounds comes last, before anything moved', () => {
    expect(measureColumns(shape, profiles, new Activity())).toEqual(['bikes', 'docks', 'capacity'])
  })

  test('the liveliest comes first, unless the feed itself is ordered by one', () => {
    const activity = new Activity()
    activity.note(row('a', 1, 9), row('a', 1, 8))
    expect(measureColumns(shape, profiles, activity)[0]).toBe('docks')
    expect(measureColumns({ ...shape, order: ['-bikes'] }, profiles, activity)[0]).toBe('bikes')
  })
})

describe('the figures of a card', () => {
  test('of several rows: one column of the first few, by name', () => {
    const shown = figures(rows, shape, options)
    expect(shown.map(({ label, column, text }) => [label, column, text])).toEqual([
      ['Station a', 'bikes', '1'],
      ['Station b', 'bikes', '2'],
    ])
  })

  test('of a single row: its columns', () => {
    const document = { key: '#', columns: ['#', 'load', 'uptime'], order: [] }
    const row = [{ '#': '', load: 0.5, uptime: 12 }]
    const shown = figures(row, document, { ...options, profiles: profileColumns(document.columns, row) })
    expect(shown.map(({ label, value }) => [label, value])).toEqual([
      ['load', 0.5],
      ['uptime', 12],
    ])
  })

  test('of a document with nothing to count: what it says', () => {
    const document = { key: '#', columns: ['#', 'summary'], order: [] }
    const row = [{ '#': '', summary: 'rain' }]
    const shown = figures(row, document, { ...options, profiles: profileColumns(document.columns, row) })
    expect(shown).toMatchObject([{ label: 'summary', value: null, text: 'rain' }])
  })

  test('no rows, no figures', () => {
    expect(figures([], shape, options)).toEqual([])
  })
})

describe('the subject of a chart', () => {
  const subjectOf = (activity = new Activity()) => new ChartSubject(new Trail({ windowMs: 10_000, stepMs: 0 }), activity)

  test('settles on the column that moves, and then keeps it', () => {
    const activity = new Activity()
    const subject = subjectOf(activity)
    subject.follow(rows, shape, at)
    expect(subject.column).toBe('bikes')
    activity.note(row('a', 1, 9), row('a', 1, 8))
    subject.follow([...rows], shape, at)
    expect(subject.column).toBe('docks')
    for (let i = 0; i < 5; i++) activity.note(row('a', 1, 9), row('a', 2, 9))
    subject.follow([...rows], shape, at)
    expect(subject.column).toBe('docks')
  })

  test('what a person chose stays', () => {
    const activity = new Activity()
    const subject = subjectOf(activity)
    subject.follow(rows, shape, at)
    subject.choose('capacity')
    subject.choose('no such column')
    activity.note(row('a', 1, 9), row('a', 1, 8))
    subject.follow([...rows], shape, at)
    expect(subject.column).toBe('capacity')
  })

  test('what is hidden is drawn where it is asked for by name, and columns go by their labels', () => {
    const hints = new Map([
      ['bikes', { hidden: true, label: 'Bikes' }],
      ['docks', { label: 'Free docks' }],
    ])
    const subject = subjectOf()
    subject.follow(rows, shape, { ...at, hints })
    expect(subject.columns.map(({ label }) => label).toSorted()).toEqual(['Free docks', 'capacity'])
    const asked = new ChartSubject(new Trail({ windowMs: 10_000, stepMs: 0 }), new Activity(), 'bikes')
    asked.follow(rows, shape, { ...at, hints })
    expect([asked.column, asked.columns.map(({ label }) => label).toSorted()]).toEqual(['bikes', ['Bikes', 'Free docks', 'capacity']])
    const [first] = figures(
      rows.slice(0, 1),
      { ...shape, key: '#' },
      { ...options, column: 'bikes', profiles: profileColumns(['bikes'], rows, [], hints) },
    )
    expect(first?.text).toBe('1')
  })

  test('of the same rows only time goes on: what is drawn beside it stays the same object', () => {
    const subject = subjectOf()
    subject.follow(rows, shape, at)
    const { lines } = subject
    subject.follow(rows, shape, { ...at, timeMs: at.timeMs + 500 })
    subject.follow(rows, shape, { ...at, timeMs: at.timeMs + 1000 })
    expect(subject.lines).toBe(lines)
    expect(subject.trail.times.at(-1)).toBe(at.timeMs + 1000)
  })

  test('a line stays with its row while rows change places; a row that left makes room', () => {
    const subject = subjectOf()
    subject.follow(rows, shape, at)
    subject.follow(rows.toReversed(), shape, at)
    expect(subject.lines.map(({ label }) => label)).toEqual(['Station a', 'Station b', 'Station c'])
    subject.follow([row('d', 4, 6), row('c', 3, 7), row('a', 1, 9)], shape, at)
    expect(subject.lines.map(({ label }) => label)).toEqual(['Station a', 'Station c', 'Station d'])
  })

  test('rows whose values no axis serves together are passed over, unless there is nothing else', () => {
    const table = { key: 'id', columns: ['id', 'value'], order: [] }
    const values = (...all: readonly (number | string)[]) => all.map((value, i) => ({ id: 'abcd'[i] ?? '', value }))
    const drawn = (...all: readonly (number | string)[]) => {
      const subject = subjectOf()
      subject.follow(values(...all), table, at)
      return subject.lines.map(({ label }) => label)
    }
    expect(drawn(1066, 1_764_000_000, 310.5, 0)).toEqual(['a', 'c', 'd'])
    expect(drawn(1, 1e9)).toEqual(['a', 'b'])
    expect(drawn('0.91', '97251.85', '34.2')).toEqual(['a', 'c'])
  })

  test('what is not known for sure is a gap', () => {
    const subject = subjectOf()
    subject.follow(rows, shape, at)
    subject.follow(rows, shape, { ...at, known: false, timeMs: 2000 })
    expect(subject.trail.line(measureId('a', 'bikes'))).toEqual([1, null])
  })

  test('columns of one row share an axis only while they are of like size', () => {
    const subject = subjectOf()
    const columns = ['#', 'load1', 'load5', 'memory_bytes']
    subject.follow([{ '#': '', load1: 0.5, load5: 0.6, memory_bytes: 2e9 }], { key: '#', columns, order: [] }, at)
    expect(subject.lines.map(({ label }) => label)).toEqual(['load1', 'load5'])
    subject.choose('memory_bytes')
    subject.follow([{ '#': '', load1: 0.5, load5: 0.6, memory_bytes: 2e9 }], { key: '#', columns, order: [] }, at)
    expect(subject.lines.map(({ label }) => label)).toEqual(['memory_bytes'])
    expect(subject.text(2e9, format)).toBe('2.0 GB')
  })
})

test('a single row is read downwards, without a key that says nothing', () => {
  const layout = layOut([{ '#': '', load: 0.5, up: true }], { key: '#', columns: ['#', 'load', 'up'], order: [] }, 0, format)
  expect(layout.rows).toEqual([
    { column: 'load', value: '0.5' },
    { column: 'up', value: 'true' },
  ])
  expect(layOut(rows, shape, 0, format).rows).toBe(rows)
})

test('a composed key is read without its brackets; a name that only looks like one stays', () => {
  expect(rowName('["eu","west"]')).toBe('eu · west')
  expect(rowName('[beta] feed')).toBe('[beta] feed')
})
