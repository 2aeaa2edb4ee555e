import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { seededRandom, type Random } from '../../src/lib/random.ts'
import type { Cell } from '../../src/model/row.ts'
import type { Rows, SourceName } from './naive-view.ts'

type MutableRow = Record<string, Cell>

const regions = ['north', 'south', 'ost', 'Ü-West']
const venues = ['XLON', 'XPAR', 'XNYS']
const texts = ['naïve', '☃', '𝄞 clef', '', '__proto__', 'a,b', '"']

interface Kind {
  /** The chance that anything changed since the last answer. */
  readonly moves: number
  readonly fresh: (random: Random) => MutableRow
  /** Members that come and go. */
  readonly optional: Readonly<Record<string, (random: Random) => Cell>>
}

const below = (random: Random, most: number): number => Math.floor(random() * most)
const oneOf = <T>(random: Random, all: readonly T[]): T => all[below(random, all.length)] as T

const note = (random: Random): Cell => oneOf(random, texts)
const kinds: Readonly<Record<SourceName, Kind>> = {
  city: {
    moves: 0.8,
    fresh: random => ({ region: oneOf(random, regions), bikes: below(random, 50) }),
    optional: { note, constructor: note, tags: random => [below(random, 3), { b: 1, a: oneOf(random, texts) }] },
  },
  market: {
    moves: 0.9,
    fresh: random => ({ venue: oneOf(random, venues), price: below(random, 1000) }),
    optional: { note, vol: random => below(random, 100), ask: random => below(random, 1000), up: random => random() < 0.5 },
  },
  calm: { moves: 0.06, fresh: random => ({ name: oneOf(random, texts), size: below(random, 100) }), optional: { note } },
}

/** A table that rows enter, change in and leave, by chance. */
class RandomTable {
  readonly #kind: Kind
  readonly #random: Random
  readonly #rows = new Map<string, MutableRow>()

  constructor(kind: Kind, random: Random) {
    this.#kind = kind
    this.#random = random
    for (let i = 0; i < 20; i++) this.#enter(i)
  }

  get rows(): Rows {
    return [...this.#rows.values()]
  }

  move(): void {
    const random = this.#random
    if (random() >= this.#kind.moves) return
    for (let changes = 1 + below(random, 8); changes > 0; changes--) {
      const number = below(random, 40)
      const id = keyText(number)
      const row = this.#rows.get(id)
      if (row === undefined) this.#enter(number)
      // The first stays as it is, without optional members: what is in every row for long would be held to be promised.
      else if (number > 0 && random() < 0.3) this.#rows.delete(id)
      else if (number > 0) this.#rows.set(id, this.#changed(row))
    }
  }

  #enter(number: number): void {
    const row = { id: keyText(number), ...this.#kind.fresh(this.#random) }
    this.#rows.set(row.id, number === 0 ? row : this.#changed(row))
  }

  #changed(row: MutableRow): MutableRow {
    const random = this.#random
    const next = { ...row }
    const fresh = this.#kind.fresh(random)
    for (const column of Object.keys(fresh)) if (random() < 0.5) next[column] = fresh[column] ?? null
    for (const [column, make] of Object.entries(this.#kind.optional)) {
      if (random() < 0.3) delete next[column]
      else if (random() < 0.5) next[column] = make(random)
    }
    return next
  }
}

/** Texts, number-like ones and such beyond ASCII, so that their order by code units is not that of entering. */
function keyText(number: number): string {
  return number % 3 === 0 ? String(number * 7) : number % 3 === 1 ? `s${number}` : `ü${number}`
}

export interface RandomUpstreamOptions {
  readonly seed: number
  /** Told of every table right before it is answered. */
  readonly answered: (source: SourceName, rows: Rows) => void
}

/** Serves three random tables over real HTTP, with ETags, and now and then a fault. Its decisions follow from the seed. */
export class RandomUpstream {
  url = ''
  /** Nothing changes and nothing fails any more. */
  isStill = false
  polls = 0
  faults = 0
  readonly #options: RandomUpstreamOptions
  readonly #random: Random
  readonly #tables: ReadonlyMap<string, RandomTable>
  readonly #server = createServer((request, response) => this.#answer(request, response))

  constructor(options: RandomUpstreamOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#tables = new Map(
      Object.entries(kinds).map(([name, kind], i) => [name, new RandomTable(kind, seededRandom(options.seed + 1 + i))]),
    )
  }

  async listen(): Promise<this> {
    await new Promise<void>(resolve => {
      this.#server.listen(0, '127.0.0.1', resolve)
    })
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const name = (request.url ?? '').slice(1)
    const table = this.#tables.get(name)
    if (table === undefined) return void response.writeHead(404).end()
    this.polls++
    if (!this.isStill) table.move()
    // Some in any case, whatever the seed.
    if (!this.isStill && (this.polls % 40 === 20 || this.#random() < 0.04)) return this.#fail(request, response)
    const { rows } = table
    this.#options.answered(name as SourceName, rows)
    const body = JSON.stringify(rows)
    const etag = `"${body.length}-${hash(body)}"`
    if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
    else response.writeHead(200, { 'content-type': 'application/json', etag }).end(body)
  }

  #fail(request: IncomingMessage, response: ServerResponse): void {
    this.faults++
    const faults = [
      () => request.socket.destroy(),
      () => response.writeHead(503).end('later'),
      () => response.writeHead(200, { 'content-type': 'application/json' }).end('[{"id":"s1","bikes":'),
      () => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sorry</title>'),
    ]
    oneOf(this.#random, faults)()
  }
}

function hash(text: string): number {
  let sum = 0
  for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) | 0
  return sum
}
