import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeJson } from '../../src/decode/json.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom, type Random } from '../../src/lib/random.ts'
import { apply } from '../../src/model/delta.ts'
import { equalRows, type Row } from '../../src/model/row.ts'
import { Store } from '../../src/model/store.ts'
import type { Table } from '../../src/model/table.ts'
import { Tabulator } from '../../src/source/tabulate.ts'

const limits = { maxRows: 1000, maxColumns: 100, maxCells: 100_000, maxCellBytes: 65_536, maxKeyBytes: 1024 }
const json = { maxDepth: 64, maxCells: 100_000, bigNumbers: 'flag' as const }

function tabulator(): Tabulator {
  return new Tabulator({ ...limits, index: false, ignore: [], onDuplicateKey: 'last' }, 's', silentLogger)
}

/** What a careless API answers: members that are there or not or null, rows that come, go and change places. */
class CarelessUpstream {
  readonly #random: Random
  readonly #optional = ['name', 'note', 'price', 'tags', 'place', '__proto__', 'constructor', '']

  constructor(random: Random) {
    this.#random = random
  }

  /** The first answer has every member, so that all columns are known from there on. */
  answer(poll: number): string {
    const ids = Array.from({ length: 12 }, (_, i) => i).filter(i => poll === 0 || i < 3 || this.#random() < 0.8)
    if (this.#random() < 0.3) ids.reverse()
    return `{"updated":${poll},"data":{"items":[${ids.map(id => this.#row(id, poll === 0)).join()}]}}`
  }

  #row(id: number, whole: boolean): string {
    const members = this.#optional.filter(() => whole || this.#random() < 0.6).map(name => `${JSON.stringify(name)}:${this.#cell(name)}`)
    const at = Math.floor(this.#random() * (members.length + 1))
    members.splice(whole ? 0 : at, 0, `"id":${id}`)
    return `{${members.join()}}`
  }

  #cell(name: string): string {
    const n = Math.floor(this.#random() * 3)
    if (this.#random() < 0.1) return 'null'
    const typed = new Map([
      ['price', String(n)],
      ['tags', `[${n}]`],
      ['place', `{"x":${n}}`],
    ])
    return typed.get(name) ?? `"${name}${n}"`
  }
}

describe('optional members that come and go, over 1 000 polls', () => {
  test.each([1, 2, 3])('no snapshot after the first: the key stays, no column is lost, every version is a delta (seed %i)', seed => {
    const upstream = new CarelessUpstream(seededRandom(seed))
    const source = tabulator()
    const store = new Store({ historyAgeMs: 1e9, maxTombstones: 1000 })
    let reader: Table | undefined
    let version = 0
    for (let poll = 0; poll < 1000; poll++) {
      const document = decodeJson(upstream.answer(poll), json).value
      const { table, changes, held, degraded } = source.take({ document })
      expect([held, degraded, table.key, table.columns.length]).toEqual([false, undefined, 'id', 9])
      expect(changes === 'all').toBe(poll === 0)
      const from = version
      if (!store.commit(version + 1, { table, changes }, poll * 1000)) continue
      version++
      const delta = reader === undefined ? undefined : store.deltaSince(from)
      expect(delta === undefined).toBe(poll === 0)
      reader = delta === undefined || reader === undefined ? store.table() : apply(reader, delta)
      expect([...reader.rows.keys()].sort()).toEqual([...table.rows.keys()].sort())
      for (const [key, row] of table.rows) expect(equalRows(reader.rows.get(key) ?? {}, row, table.columns)).toBe(true)
    }
    expect(version).toBeGreaterThan(900)
  })
})

describe('what did not change', () => {
  const member = fc.constantFrom('a', 'b', 'c')
  const value = fc.oneof(
    fc.constant(null),
    fc.integer({ min: 0, max: 2 }),
    fc.constantFrom('x', 'y'),
    fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 2 }),
  )
  const row = fc.dictionary(member, value, { noNullPrototype: true })
  const answers = fc.array(
    fc.uniqueArray(fc.tuple(fc.constantFrom('k1', 'k2', 'k3', 'k4'), row), { selector: ([id]) => id, minLength: 1 }),
    {
      minLength: 2,
      maxLength: 6,
    },
  )

  test('keeps its object from poll to poll, whatever the text looks like: order of rows, order of members, null or absent', () => {
    fc.assert(
      fc.property(answers, documents => {
        const source = tabulator()
        let before: ReadonlyMap<string, Row> = new Map()
        for (const [i, document] of documents.entries()) {
          const text = JSON.stringify({
            items: document.map(([id, cells]) =>
              i % 2 === 0 ? { id, ...cells } : Object.fromEntries([...Object.entries(cells).reverse(), ['id', id]]),
            ),
          })
          const { table } = source.take({ document: decodeJson(text, json).value })
          for (const [key, now] of table.rows) {
            const was = before.get(key)
            expect(was === now).toBe(was !== undefined && equalRows(was, now, table.columns))
          }
          before = new Map(table.rows)
        }
      }),
      { numRuns: 300 },
    )
  })
})
