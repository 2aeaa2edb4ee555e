import { beforeEach, describe, expect, test } from 'vitest'
import { tableSum } from '../../src/model/checksum.ts'
import type { Row } from '../../src/model/row.ts'
import type { LiveTable, Standing } from '../../src/model/saved.ts'
import { TableSaver } from '../../src/state/table-saver.ts'
import { takeUp } from '../../src/state/take-up.ts'
import { RecordedLog } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemorySections } from '../support/memory-sections.ts'

let clock: ManualClock
let log: RecordedLog
let sections: MemorySections
let live: Map<string, { rows: ReadonlyMap<string, Row>; version: number; validatedAt: number }>
let saver: TableSaver
let learned: Readonly<Record<string, unknown>>

const columns = ['id', 'n']
const everyMs = 10_000

beforeEach(() => {
  clock = new ManualClock()
  log = new RecordedLog()
  sections = new MemorySections()
  live = new Map()
  learned = {}
  saver = newSaver([])
})

function newSaver(parts: readonly { readonly section: string; save(): Readonly<Record<string, unknown>> }[]): TableSaver {
  return new TableSaver({ sections, everyMs, clock, log: log.logger, live: tables, parts })
}

function set(source: string, n: number, validatedAt = clock.now()): void {
  live.set(source, { rows: new Map([['a', { id: 'a', n }]]), version: (live.get(source)?.version ?? 0) + 1, validatedAt })
}

function* tables(): Generator<LiveTable> {
  for (const [source, { rows, version, validatedAt }] of live) {
    const sum = tableSum('id', columns, rows)
    const table = { key: 'id', columns, rows, order: [], kind: 'table' } as const
    yield {
      source,
      fingerprint: 'same',
      position: { epoch: '000000000000', version },
      count: rows.size,
      sum,
      validatedAt,
      table: () => table,
    }
  }
}

function* standings(): Generator<Standing> {
  for (const { source: name, fingerprint, position, count, sum } of tables()) yield { name, fingerprint, ...position, count, sum }
}

const saved = (fingerprint = 'same') => takeUp(sections, live.keys(), () => fingerprint)
const cell = (source: string): unknown => saved().tables.get(source)?.table.rows.get('a')?.['n']

describe('now and then', () => {
  test('tables that changed are written, the others not; nothing before the first time', async () => {
    set('a', 1)
    set('b', 1)
    saver.start()
    await clock.advanceAsync(everyMs - 1)
    expect(sections.written).toEqual([])
    await clock.advanceAsync(2)
    expect(sections.written).toEqual(['table-a', 'table-b', 'proofs'])
    set('b', 2)
    await clock.advanceAsync(everyMs)
    expect(sections.written.slice(3)).toEqual(['table-b', 'proofs'])
    await clock.advanceAsync(10 * everyMs)
    expect(sections.written).toHaveLength(5)
    expect([cell('a'), cell('b'), saver.counts.written]).toEqual([1, 2, 5])
  })

  test('what is kept beside the tables is written where it is other than before', async () => {
    saver = newSaver([{ section: 'schedules', save: () => learned }])
    learned = { a: 1 }
    saver.start()
    for (const other of [{ a: 1 }, { a: 1 }, { a: 2 }]) {
      learned = other
      await clock.advanceAsync(everyMs)
    }
    expect(sections.written.filter(name => name === 'schedules')).toHaveLength(2)
    expect(sections.read('schedules', payload => JSON.parse(payload.toString('utf8')) as unknown)).toEqual({ a: 2 })
  })

  test('of which there is much, other things have their turns in between', async () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`source-${i}`, 'x'.repeat(20_000)]))
    saver = newSaver([{ section: 'schedules', save: () => many }])
    const turns: number[] = []
    const after = clock.after.bind(clock)
    clock.after = (ms, run) => (turns.push(ms), after(ms, run))
    saver.start()
    await clock.advanceAsync(everyMs + 1)
    expect(turns.filter(ms => ms === 0).length).toBeGreaterThan(5)
    expect(sections.read('schedules', payload => JSON.parse(payload.toString('utf8')) as unknown)).toEqual(many)
  })

  test('also of one that has much alone, such as the points of a series', async () => {
    const points = Array.from({ length: 20_000 }, (_, at) => ({ at, row: { text: 'x'.repeat(100) } }))
    const one = { f: { fingerprint: 'x', steps: { 0: { points }, 1: [] } } }
    saver = newSaver([{ section: 'steps', save: () => one }])
    const turns: number[] = []
    const after = clock.after.bind(clock)
    clock.after = (ms, run) => (turns.push(ms), after(ms, run))
    saver.start()
    await clock.advanceAsync(everyMs + 1)
    expect(turns.filter(ms => ms === 0).length).toBeGreaterThan(5)
    expect(sections.read('steps', payload => JSON.parse(payload.toString('utf8')) as unknown)).toEqual(one)
    await clock.advanceAsync(10 * everyMs)
    expect(sections.written.filter(name => name === 'steps')).toHaveLength(1)
  })

  test('a table that polls only confirm is not written anew, and yet its age is known', async () => {
    set('a', 1, 1000)
    saver.start()
    await clock.advanceAsync(everyMs)
    live.set('a', { ...(live.get('a') as never as { rows: ReadonlyMap<string, Row>; version: number }), validatedAt: 7000 })
    await clock.advanceAsync(everyMs)
    expect(sections.written).toEqual(['table-a', 'proofs', 'proofs'])
    expect(saved().tables.get('a')?.validatedAt).toBe(7000)
  })

  test('a proof of another table than the one that is there counts for nothing', async () => {
    set('a', 1, 1000)
    saver.start()
    await clock.advanceAsync(everyMs)
    set('a', 2, 9000)
    sections.fails = name => name === 'table-a'
    await clock.advanceAsync(everyMs)
    expect(saved().tables.get('a')).toMatchObject({ validatedAt: 1000 })
    expect(cell('a')).toBe(1)
  })

  test('a save that takes long is followed by a longer rest', async () => {
    set('a', 1)
    sections.delay = () => new Promise(resolve => void clock.after(2000, resolve))
    saver.start()
    await clock.advanceAsync(everyMs + 4000)
    expect(sections.written).toHaveLength(2)
    set('a', 2)
    await clock.advanceAsync(20 * 4000 - 1)
    expect(sections.written).toHaveLength(2)
    await clock.advanceAsync(4001)
    expect(sections.written).toHaveLength(4)
  })
})

describe('a disk that takes nothing', () => {
  test('is told of once, counted each time, and once more when it is well', async () => {
    set('a', 1)
    sections.fails = () => true
    saver.start()
    await clock.advanceAsync(3 * everyMs)
    expect(log.lines).toEqual([
      'warn: state is not written: the disk is full; the server goes on, and starts with older tables if it has to',
    ])
    expect([saver.counts.failed, saver.counts.written, saver.ageMs]).toEqual([6, 0, undefined])
    sections.fails = () => false
    await clock.advanceAsync(everyMs)
    expect(log.lines.slice(1)).toEqual(['info: state is written again'])
    expect([cell('a'), saver.ageMs]).toEqual([1, expect.any(Number)])
  })
})

describe('a clean stop', () => {
  test('leaves all tables, and where each feed stands; what was taken once is not there again', async () => {
    set('a', 1)
    set('b', 1)
    saver.start()
    await stopped()
    const { tables, left } = saved()
    expect([...tables.keys()]).toEqual(['a', 'b'])
    expect(left.get('a')).toEqual({ epoch: '000000000000', version: 1, count: 1, sum: tables.get('a')?.sum })
    expect(saved().left.size).toBe(0)
    expect(saved().tables.size).toBe(2)
  })

  test('waits for the save under way, and saves what came since', async () => {
    set('a', 1)
    sections.delay = () => new Promise(resolve => void clock.after(500, resolve))
    saver.start()
    await clock.advanceAsync(everyMs + 100)
    set('a', 2)
    await stopped()
    expect(cell('a')).toBe(2)
    await clock.advanceAsync(100 * everyMs)
    expect(clock.pending).toBe(0)
  })

  test('of a feed that is defined otherwise now counts for nothing; nor does its table', async () => {
    set('a', 1)
    await stopped()
    expect(saved('other')).toMatchObject({ left: new Map(), tables: new Map() })
  })

  test('of another version counts for nothing', async () => {
    set('a', 1)
    await stopped()
    sections.edit('clean-stop', text => text.replace(/"millrace":"[^"]*"/, '"millrace":"9.9.9"'))
    expect(saved().left.size).toBe(0)
  })

  test('that could not be recorded does not throw', async () => {
    set('a', 1)
    sections.fails = () => true
    await stopped()
    expect(saver.counts.failed).toBe(3)
  })

  async function stopped(): Promise<void> {
    const stop = saver.stop(standings)
    await clock.advanceAsync(5000)
    await stop
  }
})

test('what belongs to no source any more is forgotten', async () => {
  set('a', 1)
  set('b', 1)
  saver.start()
  await clock.advanceAsync(everyMs)
  live.delete('b')
  expect([...saved().tables.keys()]).toEqual(['a'])
  expect(sections.names()).toEqual(['table-a', 'proofs'])
})
