import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Change, Feed, TableView } from '../../src/client/face.ts'
import { cellOf, type Row } from '../../src/model/row.ts'
import type { Table } from '../../src/model/table.ts'
import { bench } from '../support/client.ts'
import { settle } from '../support/manual-clock.ts'
import { ModelServer, type Fate } from '../support/model-server.ts'
import { printTable, tableHistory } from '../support/table-history.ts'

const names = ['parts', 'sums'] as const

type Step =
  | { readonly type: 'tick'; readonly feeds: 'parts' | 'sums' | 'both'; readonly fate: Fate }
  | { readonly type: 'cut' | 'check' | 'snapshots' | 'restart' | 'pull' }
  | { readonly type: 'replay'; readonly which: number }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('tick'),
      feeds: fc.constantFrom('parts', 'sums', 'both', 'both'),
      fate: fc.constantFrom<Fate[]>('send', 'send', 'send', 'hold', 'lose'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('cut', 'check', 'pull', 'pull') }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('snapshots', 'restart') }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('replay'), which: fc.nat(20) }) },
)

function keyed(rows: Iterable<Row>): Map<string, Row> {
  return new Map([...rows].map(row => [cellOf(row, 'id') as string, row]))
}

/** A client of two feeds and its server; what it ever showed is held against what the server ever had. */
class Trial {
  readonly run = bench()
  readonly server = new ModelServer(this.run.socket)
  readonly feeds = names.map(name => this.run.millrace.feed(name))
  readonly faults: string[] = []
  readonly #changes: AsyncIterator<Change>
  #folded = new Map<string, Row>()
  #pulling = false
  #shown = new Map<string, string>()

  constructor() {
    for (const feed of this.feeds) feed.subscribe((rows, { table }) => this.#look(feed, rows, table))
    this.#changes = (this.feeds[0] as Feed).changes()
    this.pull()
  }

  /** L4: it is a true table, and not one from before the last one. */
  #look({ name }: Feed, rows: readonly Row[], { epoch, version, columns, key }: TableView): void {
    const place = `${epoch} ${String(version).padStart(6, '0')}`
    if (place < (this.#shown.get(name) ?? '')) this.faults.push(`${name} went back to ${place}`)
    this.#shown.set(name, place)
    this.#compare(`${name} ${epoch} ${version}`, printTable({ key, columns, rows: keyed(rows) }))
  }

  #compare(place: string, told: string): void {
    const truth = this.server.truths.get(place)
    if (truth !== told) this.faults.push(`${place}:\n${told}\ninstead of\n${truth}`)
  }

  pull(): void {
    if (this.#pulling) return
    this.#pulling = true
    void this.#changes.next().then(({ value, done }) => {
      this.#pulling = false
      return done === true ? undefined : this.#fold(value)
    })
  }

  #fold(change: Change): void {
    if (change.type === 'snapshot') this.#folded = new Map()
    for (const [key, row] of change.set) this.#folded.set(key, row)
    for (const key of change.del) if (!this.#folded.delete(key)) this.faults.push(`'${key}' left, but was never there`)
    this.#compare(`parts ${change.epoch} ${change.version}`, printTable({ key: 'id', columns: change.columns, rows: this.#folded }))
  }

  take(step: Step, history: Table[]): void {
    switch (step.type) {
      case 'tick':
        return this.#tick(step, history)
      case 'cut':
        return this.#cut()
      case 'replay':
        return this.server.replay(step.which)
      case 'pull':
        return this.pull()
      default:
        return this.server[step.type]()
    }
  }

  #tick({ feeds, fate }: Extract<Step, { type: 'tick' }>, history: Table[]): void {
    const table = history.shift()
    if (table === undefined) return
    const tables = feeds === 'both' ? { parts: table, sums: table } : { [feeds]: table }
    this.server.tick(tables, fate)
  }

  #cut(): void {
    const { clock, millrace, socket, network } = this.run
    socket.end(1006)
    clock.advance((millrace.state.retryAt ?? 0) - clock.now())
    this.server.reconnected(network.socket)
  }

  /** Time for every back-off, and an answer to everything. */
  rest(): void {
    while (this.server.answer()) continue
  }

  end(table: Table): void {
    this.server.tick({ parts: table, sums: table }, 'send')
    for (let i = 0; i < 10; i++) {
      this.rest()
      this.server.check()
      this.run.clock.advance(20_000)
      this.run.socket.say({ type: 'beat', at: 0 })
    }
  }
}

const empty: Table = { key: 'id', columns: ['id', 'x', 'y'], rows: new Map(), order: [], kind: 'table' }

test('L3, L4: whatever is lost, held, repeated or cut, every table shown was a true one, in order, and the last is the last', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 30 }), tableHistory(30), async (steps, history) => {
      const trial = new Trial()
      trial.server.tick({ parts: empty, sums: empty }, 'hold')
      trial.server.reconnected(trial.run.socket)
      trial.rest()
      for (const step of steps) {
        trial.take(step, history)
        trial.rest()
        await settle()
      }
      const last = history.at(-1) ?? empty
      trial.end(last)
      trial.pull()
      await settle()
      trial.pull()
      await settle()
      expect(trial.faults).toEqual([])
      for (const { table } of trial.feeds) {
        const { epoch, version, feed, columns, rows } = table
        expect(printTable({ key: 'id', columns, rows })).toBe(trial.server.truths.get(`${feed} ${epoch} ${version}`))
        expect(keyed(table.ordered()).size).toBe(rows.size)
        expect([...rows.keys()].toSorted()).toEqual([...last.rows.keys()].toSorted())
      }
      trial.run.millrace.close()
      expect(trial.run.clock.pending).toBe(0)
    }),
    { numRuns: 200 },
  )
})

test('a flush is shown whole: where nothing is lost, both feeds are of one tick whenever anybody looks', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('parts', 'sums', 'both'), { maxLength: 15 }), tableHistory(15), (ticks, history) => {
      const run = bench()
      const server = new ModelServer(run.socket)
      const [parts, sums] = names.map(name => run.millrace.feed(name)) as [Feed, Feed]
      const seen: string[] = []
      const print = ({ rows, table: { columns, key } }: Feed): string => printTable({ key, columns, rows: keyed(rows ?? []) })
      const latest = { parts: empty, sums: empty }
      const look = (): void => void seen.push(`${print(parts)} | ${print(sums)}`)
      server.tick(latest, 'hold')
      server.reconnected(run.socket)
      parts.subscribe(() => undefined)
      sums.subscribe(() => undefined)
      server.answer()
      parts.subscribe(look)
      sums.subscribe(look)
      for (const feeds of ticks) {
        const table = history.shift() ?? empty
        const tables = feeds === 'both' ? { parts: table, sums: table } : { [feeds]: table }
        Object.assign(latest, tables)
        seen.length = 0
        server.tick(tables, 'send')
        const whole = `${printTable(latest.parts)} | ${printTable(latest.sums)}`
        expect(new Set(seen)).toEqual(new Set(seen.length === 0 ? [] : [whole]))
      }
    }),
    { numRuns: 100 },
  )
})
