import type { Worker } from 'node:worker_threads'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { silentLogger } from '../../src/lib/log.ts'
import type { Cell, Row } from '../../src/model/row.ts'
import type { Table } from '../../src/model/table.ts'
import { answerKeys, answerOptions, type AnswerOptions } from '../../src/source/answer.options.ts'
import { Reading } from '../../src/source/reading.ts'
import { RemoteReading } from '../../src/source/remote-reading.ts'
import type { Tabulated } from '../../src/source/tabulate.ts'
import { z } from 'zod'
import { answered, failed, httpSource } from '../support/http-source.ts'
import { json, Upstream } from '../support/upstream.ts'

const options = (written: z.input<z.ZodObject<typeof answerKeys>> = {}): AnswerOptions =>
  answerOptions(z.strictObject(answerKeys).parse(written), 10_000)
const never = new AbortController().signal
const open: { close(): unknown }[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map(one => one.close()))
})

function remote(written?: Parameters<typeof options>[0], table?: Table): RemoteReading {
  const made = new RemoteReading(options(written), 'tested', silentLogger, table)
  open.push(made)
  return made
}

const payload = (document: Cell): { body: Buffer; mediaType: string } => ({
  body: Buffer.from(JSON.stringify(document)),
  mediaType: 'application/json',
})

/** What readers are shown of it. */
function shown({ table, changes, degraded, held }: Tabulated): unknown {
  const { rows, ...rest } = table
  return { ...rest, rows: [...rows], changes: changes === 'all' ? changes : new Map(changes), degraded, held }
}

const cell: fc.Arbitrary<Cell> = fc.oneof(
  fc.constantFrom<Cell>(null, true, 1, 2, 'a', '\u2028'),
  fc.constantFrom<Cell>([1, 'x'], { a: { b: null } }),
)
const row = fc
  .dictionary(fc.constantFrom('a', 'b', 'constructor'), cell)
  .chain(cells => fc.boolean().map((isOdd): Row => (isOdd ? (JSON.parse(`{"__proto__":{"x":1}}`) as Row) : cells)))
const answer = fc
  .uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 10 })
  .chain(ids =>
    fc
      .tuple(...ids.map(id => row.map((cells): Row => Object.assign(Object.create(null) as object, { id }, cells) as Row)))
      .map(rows => rows.map((made, i) => Object.fromEntries([...Object.entries(made), ['id', ids[i] ?? 0]]) as Row)),
  )

describe('read on another thread', () => {
  test('the tables are those of this one: rows, order, changes, and what is kept back', async () => {
    const elsewhere = remote({ key: 'id', ignore: 'b' })
    // One thread for all: each history goes on from the table of the one before.
    const here = new Reading(options({ key: 'id', ignore: 'b' }), 'tested', silentLogger)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(answer, fc.constant<Cell>({ error: 'quota' })), { minLength: 1, maxLength: 6 }),
        async documents => {
          for (const document of documents) {
            const outcome = async (take: () => Promise<Tabulated> | Tabulated): Promise<unknown> => {
              try {
                return shown(await take())
              } catch (error) {
                return String(error)
              }
            }
            expect(await outcome(() => elsewhere.take(payload(document), never))).toEqual(await outcome(() => here.take(payload(document))))
            expect(shown(elsewhere.same())).toEqual(shown(here.same()))
          }
          expect(elsewhere.told).toEqual({ found: here.found, spurious: here.spurious })
        },
      ),
      { numRuns: 60 },
    )
  })

  test('rows that did not change stay the objects that they were, however many batches there are', async () => {
    const elsewhere = remote({ key: 'id' })
    const rows = (changed: number): Cell =>
      Array.from({ length: 5000 }, (_, id) => ({ id, n: id === changed ? 1 : 0, text: 'x'.repeat(150) }))
    const { table } = await elsewhere.take(payload(rows(-1)), never)
    expect(table.rows.size).toBe(5000)
    const next = await elsewhere.take(payload(rows(4999)), never)
    expect(next.changes).toEqual(new Map([['4999', table.rows.get('4999')]]))
    expect([...next.table.rows].filter(([key, found]) => table.rows.get(key) !== found).map(([key]) => key)).toEqual(['4999'])
  })

  test('it goes on from a table that it is handed, and its time is limited', async () => {
    const rows = new Map(Array.from({ length: 3000 }, (_, id): [string, Row] => [String(id), { id, n: 0 }]))
    const table: Table = { key: 'id', columns: ['id', 'n'], rows, order: [], kind: 'table' }
    const elsewhere = remote({ key: 'id' }, table)
    const { changes } = await elsewhere.take(payload([...rows.values()].map((old, i) => (i === 7 ? { ...old, n: 1 } : old))), never)
    expect(changes).toEqual(new Map([['7', { id: 7, n: 0 }]]))
    const aborted = new AbortController()
    const taking = elsewhere.take(payload([]), aborted.signal)
    aborted.abort()
    await expect(taking).rejects.toMatchObject({ kind: 'timeout' })
    // The next one is a new thread, which knows the table as well.
    expect((await elsewhere.take(payload([...rows.values()]), never)).changes).toEqual(new Map([['7', { id: 7, n: 1 }]]))
  })
})

/** It ends as soon as it is told something. */
function endAtNext(worker: Worker | undefined): void {
  if (worker === undefined) throw new Error('there is no thread')
  const post = worker.postMessage.bind(worker)
  worker.postMessage = (message: unknown): void => {
    post(message)
    void worker.terminate()
  }
}

test('a large answer over HTTP: a thread that ends fails one poll, keeps the last good table, and another goes on', async () => {
  const rows = (n: number): Cell => Array.from({ length: 3000 }, (_, id) => ({ id, n: id === 0 ? n : 0, text: 'x'.repeat(800) }))
  const upstream = await Upstream.start(json(rows(0)))
  open.push(upstream)
  const started: Worker[] = []
  const onWorker = (worker: Worker): void => void started.push(worker)
  process.on('worker', onWorker)
  const { ask, log } = httpSource({ url: upstream.url, timeout: '60s' })
  open.push(ask)
  const first = answered(await ask.poll())
  expect(first.table.rows.size).toBe(3000)
  expect(log.lines).toEqual(["info: source 'tested': 3000 rows in the document, key id, unique in 1 poll so far"])
  expect(answered(await ask.poll())).toMatchObject({ kind: 'unchanged', table: first.table })
  upstream.script(json(rows(1)))
  const second = answered(await ask.poll())
  expect([...(second.changes as ReadonlyMap<string, Row>).keys()]).toEqual(['0'])
  upstream.script(json(rows(2)))
  endAtNext(started[0])
  expect(failed(await ask.poll())).toMatchObject({ cause: 'internal', reason: 'the thread that reads its answers ended' })
  const third = answered(await ask.poll())
  expect([third.kind, third.table.rows.get('0')?.['n'], third.table.rows.get('1') === first.table.rows.get('1')]).toEqual([
    'changed',
    2,
    true,
  ])
  expect(started).toHaveLength(2)
  process.off('worker', onWorker)
})
