import { afterEach, expect, test, vi } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import { MillraceServer } from '../../src/server.ts'
import { json, Upstream } from '../support/upstream.ts'
import { TableReader } from './table-reader.ts'

/** How long it goes on, in s: `MILLRACE_TOTALS=60 npx vitest run test/convergence/parts-and-total.test.ts`, with 500 readers. */
const longS = process.env['MILLRACE_TOTALS']
const lastMs = longS === undefined ? 500 : Number(longS) * 1000
const readerCount = longS === undefined ? 40 : 500

let upstream: Upstream
let server: MillraceServer
let readers: TableReader[] = []

afterEach(async () => {
  for (const { socket } of readers) socket.terminate()
  readers = []
  await server.close()
  await upstream.close()
})

const sumOf = (rows: Iterable<Row> | undefined): number => [...(rows ?? [])].reduce((sum, row) => sum + Number(row['n']), 0)

test(
  'rows, parts and total in three feeds agree whenever no flush is open, for readers that are quick, throttled or stall, while all move fast',
  async () => {
    const random = seededRandom(11)
    const rows = Array.from({ length: 200 }, (_, id) => ({ id, region: `r${id % 7}`, n: 1000 }))
    const first = sumOf(rows)
    let answers = 0
    upstream = await Upstream.start((request, response) => {
      // Each answer moves some from row to row, and adds 1: so a total tells which answer it is of.
      for (let i = 0; i < 5; i++) {
        const [from, to] = [0, 1].map(() => rows[Math.floor(random() * rows.length)])
        if (from === undefined || to === undefined) continue
        from.n -= 17
        to.n += 17
        to.region = `r${Math.floor(random() * 7)}`
      }
      const [row] = rows
      if (row !== undefined) row.n++
      answers++
      json(rows)(request, response)
    })
    const loaded = configOf({
      server: { port: 0, drain: '100ms' },
      sources: { rows: { url: upstream.url, key: 'id', every: '15ms' } },
      feeds: {
        parts: { from: 'rows', steps: [{ group: { by: 'region', columns: { n: 'sum(n)' } } }] },
        total: { from: 'parts', steps: [{ group: { columns: { n: 'sum(n)' } } }] },
      },
    })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    server = new MillraceServer({ config: loaded.config })
    const url = `${(await server.listen()).replace('http', 'ws')}/ws`
    const seen: Set<number>[] = []
    const wrong: string[] = []
    readers = Array.from({ length: readerCount }, (_, place) => {
      const totals = new Set<number>()
      seen.push(totals)
      return new TableReader(url, ['rows', 'parts', 'total'], place % 4 === 1 ? 50 : undefined, tables => {
        const [all, parts, total] = ['rows', 'parts', 'total'].map(feed => sumOf(tables.get(feed)?.values()))
        if (all !== total || parts !== total) wrong.push(`rows ${all}, parts ${parts}, total ${total}`)
        if (total === undefined || total <= first || total > first + answers) wrong.push(`${total} was never answered`)
        else totals.add(total)
      })
    })
    const stalling = readers.filter((_, place) => place % 4 === 3)
    const stall = setInterval(() => {
      for (const { socket } of stalling) {
        if (random() < 0.5) socket.pause()
        else socket.resume()
      }
    }, 60)
    await new Promise(resolve => void setTimeout(resolve, lastMs))
    clearInterval(stall)
    for (const { socket } of stalling) socket.resume()
    await vi.waitUntil(() => seen.every(totals => totals.size > 1), { timeout: 20_000, interval: 10 })
    expect(wrong.slice(0, 5)).toEqual([])
    const checked = seen.reduce((sum, totals) => sum + totals.size, 0)
    expect(checked).toBeGreaterThan(readerCount * 4)
    if (longS !== undefined) process.stderr.write(`${readerCount} readers checked ${checked} ticks of ${answers} answers\n`)
  },
  lastMs + 40_000,
)
