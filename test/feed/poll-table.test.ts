import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { PollTable } from '../../src/feed/poll-table.ts'
import { RecentPolls } from '../../src/feed/recent-polls.ts'
import { emptyTable, noChanges } from '../../src/model/table.ts'
import type { Row } from '../../src/model/row.ts'
import type { Poll } from '../../src/source/ask.ts'

const table = { ...emptyTable('id'), rows: new Map([['a', { id: 'a' }]]) }
const changed = (at: number): Poll => ({ kind: 'changed', table, changes: noChanges, at, durationMs: 12.34, bytes: 900, status: 200 })
const cached = (at: number): Poll => ({ kind: 'unchanged', table, changes: noChanges, at, durationMs: 2, bytes: 0, status: 304 })
const failed = (at: number): Poll => ({ kind: 'failed', cause: 'timeout', reason: 'no answer in 5 s', at, durationMs: 5000, bytes: 0 })

function recent(...polls: readonly Poll[]): RecentPolls {
  const recent = new RecentPolls()
  for (const poll of polls) recent.note(poll)
  return recent
}

test('a poll is an event: what it led to, of which source, its status, duration, size, and why it failed', () => {
  const polls = new PollTable()
  const a = recent(changed(1000), failed(3000))
  const { table, changes } = polls.take([
    { name: 'a', polls: a },
    { name: 'b', polls: recent(cached(2000)) },
  ])
  expect(changes).toBe('all')
  expect([table.kind, table.key, table.order]).toEqual(['events', 'seq', [{ column: 'seq', descending: true }]])
  const nothing = { cause: null, reason: null }
  expect([...table.rows.values()]).toEqual([
    {
      seq: 1,
      time: 1000,
      change: 'changed',
      key: 'a',
      source: 'a',
      status: 200,
      duration: 12.3,
      bytes: 900,
      rows: 1,
      cached: false,
      ...nothing,
    },
    {
      seq: 2,
      time: 2000,
      change: 'unchanged',
      key: 'b',
      source: 'b',
      status: 304,
      duration: 2,
      bytes: 0,
      rows: 1,
      cached: true,
      ...nothing,
    },
    {
      seq: 3,
      time: 3000,
      change: 'failed',
      key: 'a',
      source: 'a',
      status: null,
      duration: 5000,
      bytes: 0,
      rows: null,
      cached: false,
      cause: 'timeout',
      reason: 'no answer in 5 s',
    },
  ])
})

test('an answer that is kept back says why', () => {
  const held: Poll = { ...changed(1), degraded: { cause: 'rows', reason: '40 rows are gone at once' } } as Poll
  const { table } = new PollTable().take([{ name: 'a', polls: recent(held) }])
  expect(table.rows.get('1')).toMatchObject({ change: 'changed', cause: 'rows', reason: '40 rows are gone at once' })
})

test('60 of each source are kept; what changed is told by itself, and nothing where nothing was asked', () => {
  const polls = new PollTable()
  const a = recent(...Array.from({ length: 60 }, (_, i) => cached(i)))
  const sources = [{ name: 'a', polls: a }]
  polls.take(sources)
  a.note(changed(100))
  const { table, changes } = polls.take([{ name: 'a', polls: a }])
  expect(table.rows.size).toBe(60)
  expect([...(changes as ReadonlyMap<string, Row | undefined>).keys()]).toEqual(['1', '61'])
  expect(polls.take([{ name: 'a', polls: a }]).changes).toBe(noChanges)
})

/** The keys in which two tables differ, with the former row. */
function differences(before: ReadonlyMap<string, Row>, after: ReadonlyMap<string, Row>): ReadonlyMap<string, Row | undefined> {
  const keys = [...new Set([...before.keys(), ...after.keys()])].filter(key => before.get(key) !== after.get(key))
  return new Map(keys.map(key => [key, before.get(key)]))
}

function byKey(rows: ReadonlyMap<string, Row | undefined>): unknown {
  return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

test('whatever was polled between two looks, the table is the last 60 polls of each source that is there, and the changes lead to it', () => {
  const step = fc.record({ source: fc.constantFrom('a', 'b', 'c'), polls: fc.nat(70), look: fc.boolean(), gone: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), steps => {
      const polls = new PollTable()
      const sources = new Map<string, RecentPolls>()
      let at = 0
      let before: ReadonlyMap<string, Row> | undefined
      for (const { source, polls: count, look, gone } of steps) {
        const recent = sources.get(source) ?? new RecentPolls()
        sources.set(source, recent)
        for (let i = 0; i < count; i++) recent.note(changed(++at))
        if (gone) sources.delete(source)
        if (!look) continue
        const { table, changes } = polls.take([...sources].map(([name, polls]) => ({ name, polls })))
        const wanted = [...sources].flatMap(([key, polls]) => polls.since(0).map(({ at }) => JSON.stringify([key, at])))
        expect([...table.rows.values()].map(({ key, time }) => JSON.stringify([key, time])).toSorted()).toEqual(wanted.toSorted())
        const next = new Map(table.rows)
        const told = changes === 'all' ? differences(before ?? new Map(), next) : changes
        expect(byKey(told)).toEqual(byKey(differences(before ?? new Map(), next)))
        before = next
      }
    }),
    { numRuns: 60 },
  )
})
