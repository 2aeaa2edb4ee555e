import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Table } from '../../src/model/table.ts'
import { systemAsk } from '../../src/source/system.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { answered, httpSource } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'

let upstream: ChangingUpstream

beforeEach(async () => {
  upstream = await startChangingUpstream('[]')
})

afterEach(() => upstream.close())

/** What a run before has left: 25 rows, one of them with a column that is not always there. */
function before(): Table {
  const rows = new Map(
    Array.from({ length: 25 }, (_, i) => [`r${i}`, i === 0 ? { id: 'r0', n: 0, note: 'x' } : { id: `r${i}`, n: i }] as const),
  )
  return { key: 'id', columns: ['id', 'n', 'note'], rows, order: [], kind: 'table' }
}

const rowsOf = (table: Table): unknown[] => [...table.rows.values()]

test('a source goes on from the table of a run before: what is the same keeps its object, and columns only grow', async () => {
  const { ask } = httpSource({ url: upstream.url, key: 'id' })
  const table = before()
  ask.resume?.(table)
  upstream.body = JSON.stringify(rowsOf(table).map((row, i) => (i === 0 ? { id: 'r0', n: 9 } : row)))
  const poll = answered(await ask.poll())
  expect(poll.kind).toBe('changed')
  expect([...(poll.changes as ReadonlyMap<string, unknown>)]).toEqual([['r0', table.rows.get('r0')]])
  expect(poll.table.columns).toBe(table.columns)
  expect(poll.table.rows.get('r1')).toBe(table.rows.get('r1'))
  await ask.close()
})

test('an answer that says the same is no change, and the same table', async () => {
  const { ask } = httpSource({ url: upstream.url, key: 'id' })
  const table = before()
  ask.resume?.(table)
  upstream.body = JSON.stringify(rowsOf(table))
  const poll = answered(await ask.poll())
  expect([poll.kind, poll.table === table]).toEqual(['unchanged', true])
  await ask.close()
})

test.each(['[]', '{"error":"later"}'])('a first answer without rows (%s) is held for one poll, as any is', async body => {
  const { ask } = httpSource({ url: upstream.url, key: 'id', rows: body === '[]' ? '.' : 'data' })
  const table = before()
  ask.resume?.(table)
  upstream.body = body
  const held = answered(await ask.poll())
  expect([held.degraded?.cause, held.table === table]).toEqual(['rows', true])
  const next = answered(await ask.poll())
  expect([next.degraded, next.table.rows.size]).toEqual([undefined, 0])
  await ask.close()
})

test('so does this machine', async () => {
  const ask = systemAsk({ part: 'memory' }, { clock: new ManualClock() })
  const first = answered(await ask.poll())
  const next = systemAsk({ part: 'memory' }, { clock: new ManualClock() })
  next.resume?.(first.table)
  const poll = answered(await next.poll())
  expect(poll.changes).not.toBe('all')
  await Promise.all([ask.close(), next.close()])
})
