import * as fc from 'fast-check'
import { map, type Observable } from 'rxjs'
import { expect, test } from 'vitest'
import type { FeedDefinition, SourceDefinition } from '../../src/feed/definition.ts'
import { Graph } from '../../src/feed/graph.ts'
import { Hub } from '../../src/hub/hub.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import type { Sample } from '../../src/model/table.ts'
import type { ServerMessage } from '../../src/protocol/messages.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { HubReader } from '../support/reader.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

/**
 * Random configs in place of each other under random readers: every state that is shown is the table that its feed has by the
 * definition of the moment, and of what is defined as before nobody notices anything.
 */

const names = ['a', 'b', 'c', 'd'] as const
type Name = (typeof names)[number]

/** How a name is defined; a feed has each row of its input with `n` so many times. */
type Definition =
  | { readonly kind: 'none' }
  | { readonly kind: 'source'; readonly variant: number; readonly public: boolean }
  | { readonly kind: 'feed'; readonly from: Name; readonly factor: number; readonly public: boolean }
type Config = Readonly<Record<Name, Definition>>

type Action =
  | { readonly type: 'replace'; readonly config: Config }
  | { readonly type: 'edit'; readonly name: Name; readonly definition: Definition }
  | { readonly type: 'busy' }
  | { readonly type: 'answer'; readonly name: Name; readonly numbers: readonly number[] }
  | { readonly type: 'fail'; readonly name: Name }
  | { readonly type: 'subscribe' | 'unsubscribe'; readonly reader: number; readonly name: Name; readonly query: number }
  | { readonly type: 'slow' | 'reconnect'; readonly reader: number }
  | { readonly type: 'advance'; readonly ms: number }

const anyName = fc.constantFrom(...names)
const isPublic = fc.constantFrom(true, true, true, false)
const anyDefinition: fc.Arbitrary<Definition> = fc.oneof(
  fc.record({ kind: fc.constant('none' as const) }),
  fc.record({ kind: fc.constant('source' as const), variant: fc.nat(1), public: isPublic }),
  fc.record({ kind: fc.constant('feed' as const), from: anyName, factor: fc.integer({ min: 1, max: 2 }), public: isPublic }),
)
const anyConfig: fc.Arbitrary<Config> = fc.record({ a: anyDefinition, b: anyDefinition, c: anyDefinition, d: anyDefinition })
const anyReader = fc.nat(2)
const anyAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ type: fc.constant('replace' as const), config: anyConfig }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('edit' as const), name: anyName, definition: anyDefinition }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('busy' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('answer' as const), name: anyName, numbers: fc.array(fc.nat(3), { maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('fail' as const), name: anyName }) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom('subscribe' as const, 'subscribe' as const, 'unsubscribe' as const),
      reader: anyReader,
      name: anyName,
      query: fc.nat(2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('slow' as const, 'reconnect' as const), reader: anyReader }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('advance' as const), ms: fc.constantFrom(100, 5000, 40_000) }) },
)

const queries = ['', '?where=n%20%3E%201', '?limit=1&order=-n']

const idOf = (row: Row): string => row['id'] as string

/** The rows of an address, by the book. */
function shownRows(rows: readonly Row[], query: string): readonly Row[] {
  if (query === queries[1]) return rows.filter(row => Number(row['n']) > 1)
  if (query === queries[2])
    return [...rows].sort((one, other) => Number(other['n']) - Number(one['n']) || (idOf(one) < idOf(other) ? -1 : 1)).slice(0, 1)
  return rows
}

const textOf = (rows: Iterable<Row>): string =>
  [...rows]
    .map(row => `${idOf(row)}=${Number(row['n'])}`)
    .sort()
    .join()

/** What a name is and all that it is computed from, as text; undefined: it is nothing, or part of a cycle. */
function chainOf(config: Config, name: Name, path: readonly Name[] = []): string | undefined {
  const definition = config[name]
  if (definition.kind === 'none' || path.includes(name)) return undefined
  if (definition.kind === 'source') return `${name}: source ${definition.variant}`
  const from = chainOf(config, definition.from, [...path, name])
  return from === undefined ? undefined : `${name}: ${definition.factor} x (${from})`
}

function times(factor: number): FeedDefinition['pipeline'] {
  return ([input]) =>
    (input as Observable<Sample>).pipe(
      map(sample => {
        const rows = [...sample.table.rows].map(([key, row]) => [key, { ...row, n: Number(row['n']) * factor }] as const)
        return { ...sample, table: { ...sample.table, rows: new Map(rows) }, changes: 'all' as const }
      }),
    )
}

const firstConfig: Config = {
  a: { kind: 'source', variant: 0, public: true },
  b: { kind: 'feed', from: 'a', factor: 1, public: true },
  c: { kind: 'feed', from: 'b', factor: 2, public: true },
  d: { kind: 'source', variant: 0, public: true },
}

interface Held {
  rows: Map<string, Row>
  epoch: string
  version: number
  /** By which chain of definitions it was last shown anything. */
  chain: string | undefined
}

function holds(actual: unknown, expected: unknown): void {
  expect(actual).toEqual(expected)
}

function refuses(action: () => unknown, why: string | ErrorConstructor): void {
  expect(action).toThrow(why)
}

class World {
  readonly #clock = new ManualClock()
  readonly #graph: Graph
  readonly #hub: Hub
  #config: Config = { a: { kind: 'none' }, b: { kind: 'none' }, c: { kind: 'none' }, d: { kind: 'none' } }
  /** By the chain of a source, for as long as it is defined so. */
  readonly #sources = new Map<string, { readonly source: ScriptedSource; rows: readonly Row[] | undefined }>()
  /** Every table that a chain of definitions led to. */
  readonly #history = new Map<string, Set<string>>()
  readonly #readers = Array.from({ length: 3 }, () => ({ reader: undefined as HubReader | undefined, held: new Map<string, Held>() }))
  /** By name, over the whole run: the last epoch, and the last version of any epoch. */
  readonly #latest = new Map<string, { epoch: string; version: number }>()
  #freeAt = 0
  kept = 0
  begun = 0
  refused = 0

  constructor() {
    const deps = { clock: this.#clock, log: silentLogger }
    this.#graph = new Graph({ sources: [], feeds: [], random: seededRandom(1), ...deps })
    this.#hub = new Hub({ graph: this.#graph, random: seededRandom(2), ...deps })
    this.#graph.start()
    for (const one of this.#readers) one.reader = new HubReader(this.#hub)
    this.#replace(firstConfig)
  }

  act(action: Action): void {
    switch (action.type) {
      case 'replace':
        return this.#replace(action.config)
      case 'edit':
        return this.#replace({ ...this.#config, [action.name]: action.definition })
      case 'busy':
        // What comes now is taken 50 ms later.
        this.#freeAt = this.#clock.monotonic() + 50
        return this.#graph.pace.spent(50)
      case 'answer':
        return this.#answer(action.name, action.numbers)
      case 'fail':
        return this.#source(action.name)?.source.fail()
      case 'subscribe':
        return this.#subscribe(action.reader, `${action.name}${queries[action.query] ?? ''}`)
      case 'unsubscribe':
        return this.#unsubscribe(action.reader, `${action.name}${queries[action.query] ?? ''}`)
      case 'slow':
        return this.#slow(action.reader)
      case 'reconnect':
        return this.#reconnect(action.reader)
      case 'advance':
        return this.#clock.advance(action.ms)
    }
  }

  #chain(name: string): string | undefined {
    return names.includes(name as Name) ? chainOf(this.#config, name as Name) : undefined
  }

  #source(name: Name): { readonly source: ScriptedSource; rows: readonly Row[] | undefined } | undefined {
    return this.#config[name].kind === 'source' ? this.#sources.get(this.#chain(name) ?? '') : undefined
  }

  /** The table of a name by its definition, by the book; undefined: no data yet. */
  #table(name: Name): readonly Row[] | undefined {
    const definition = this.#config[name]
    if (definition.kind !== 'feed') return this.#source(name)?.rows
    return this.#table(definition.from)?.map(row => ({ ...row, n: Number(row['n']) * definition.factor }))
  }

  #remember(): void {
    for (const name of names) {
      const [chain, rows] = [this.#chain(name), this.#table(name)]
      if (chain === undefined || rows === undefined) continue
      for (const query of queries) {
        const at = `${chain}${query}`
        this.#history.set(at, (this.#history.get(at) ?? new Set()).add(textOf(shownRows(rows, query))))
      }
    }
  }

  #replace(config: Config): void {
    const isSound = names.every(name => config[name].kind === 'none' || chainOf(config, name) !== undefined)
    const before = new Map(names.map(name => [name, { chain: this.#chain(name), at: this.#graph.feed(name)?.position }]))
    if (!isSound) {
      this.refused++
      refuses(() => this.#graph.replace(this.#define(config, new Map())), RangeError)
      for (const { reader } of this.#readers) holds(reader?.frames, [])
      return
    }
    const sources = new Map<string, ScriptedSource>()
    const definitions = this.#define(config, sources)
    this.#config = config
    for (const name of names) {
      const chain = this.#chain(name)
      const source = sources.get(name)
      if (chain !== undefined && source !== undefined && before.get(name)?.chain !== chain)
        this.#sources.set(chain, { source, rows: undefined })
    }
    this.#remember()
    this.#graph.replace(definitions)
    for (const name of names) {
      const [was, chain] = [before.get(name), this.#chain(name)]
      if (was?.chain === undefined || was.chain !== chain) continue
      this.kept++
      holds(this.#graph.feed(name)?.position, was.at)
      if (config[name].kind !== 'none' && config[name].public) this.#expectSilence(name)
    }
  }

  /** No reader of it was sent anything about it. */
  #expectSilence(name: string): void {
    for (const { reader } of this.#readers) {
      const about = (reader?.frames ?? []).map(frame => JSON.parse(frame.toString('utf8')) as { feed?: string })
      holds(
        about.filter(({ feed }) => feed === name || feed?.startsWith(`${name}?`)),
        [],
      )
    }
  }

  #define(config: Config, made: Map<string, ScriptedSource>): { sources: SourceDefinition[]; feeds: FeedDefinition[] } {
    const [sources, feeds] = [[] as SourceDefinition[], [] as FeedDefinition[]]
    for (const name of names) {
      const definition = config[name]
      const fingerprint = chainOf(config, name) ?? ''
      if (definition.kind === 'source') {
        const source = new ScriptedSource(name, this.#clock, { fingerprint, public: definition.public })
        made.set(name, source)
        sources.push(source.definition)
      } else if (definition.kind === 'feed') {
        const { from, factor } = definition
        feeds.push({
          name,
          inputs: [from],
          public: definition.public,
          fingerprint,
          demand: 'auto',
          holdsPast: false,
          pipeline: times(factor),
        })
      }
    }
    return { sources, feeds }
  }

  #answer(name: Name, numbers: readonly number[]): void {
    const found = this.#source(name)
    if (found === undefined) return
    found.rows = numbers.map((n, i) => ({ id: `r${i}`, n }))
    this.#remember()
    found.source.answer(found.rows)
  }

  #subscribe(index: number, address: string): void {
    const { reader, held } = this.#readers[index] ?? {}
    if (reader === undefined || reader.outbox.get(address) !== undefined) return
    const old = held?.get(address)
    const since = old === undefined || old.version === 0 ? {} : { since: { epoch: old.epoch, version: old.version } }
    const isThere = this.#chain(address.split('?')[0] ?? '') !== undefined && this.#config[address.charAt(0) as Name].kind !== 'none'
    const isPublicNow = this.#isPublic(address.charAt(0) as Name)
    const ask = (): void => this.#hub.subscribe(reader.outbox, { feed: address, id: address, ...since }, () => undefined)
    if (isThere && isPublicNow) ask()
    else refuses(ask, 'no feed')
  }

  #isPublic(name: Name): boolean {
    const definition = this.#config[name]
    return definition.kind !== 'none' && definition.public
  }

  #unsubscribe(index: number, address: string): void {
    const reader = this.#readers[index]?.reader
    if (reader?.outbox.get(address) === undefined) return
    this.#hub.unsubscribe(reader.outbox, address)
    this.#take()
    this.#readers[index]?.held.delete(address)
  }

  #slow(index: number): void {
    const reader = this.#readers[index]?.reader
    if (reader === undefined) return
    reader.isFull = !reader.isFull
    if (!reader.isFull) this.#hub.drained(reader.outbox)
  }

  #reconnect(index: number): void {
    const one = this.#readers[index]
    if (one?.reader === undefined) return
    this.#hub.disconnect(one.reader.outbox)
    const addresses = [...one.held.keys()]
    one.reader = new HubReader(this.#hub)
    for (const address of addresses) if (this.#isPublic(address.charAt(0) as Name)) this.#subscribe(index, address)
    for (const address of addresses) if (!this.#isPublic(address.charAt(0) as Name)) one.held.delete(address)
  }

  /** Reads what was sent, by the rule of a client, and looks whether it may be shown. */
  check(): void {
    this.#take()
    for (const [i, { reader, held }] of this.#readers.entries()) {
      if (reader === undefined) continue
      holds(new Set(held.keys()), new Set(reader.outbox.subscriptions().map(one => one.view.address)))
      for (const address of held.keys()) holds([address, this.#isPublic(address.charAt(0) as Name)], [address, true])
      if (!reader.isFull) for (const [address, table] of held) this.#expectCurrent(`reader ${i}`, address, table)
    }
    this.#expectDemand()
  }

  #take(): void {
    for (const { reader, held } of this.#readers) for (const message of reader?.take({ status: true }) ?? []) this.#read(message, held)
  }

  #read(message: ServerMessage, held: Map<string, Held>): void {
    switch (message.type) {
      case 'subscribed': {
        const old = held.get(message.feed)
        const rows = message.resumed ? (old?.rows ?? new Map<string, Row>()) : new Map<string, Row>()
        const chain = this.#chain(message.feed.charAt(0))
        held.set(message.feed, { rows, epoch: message.epoch, version: message.resumed ? message.version : 0, chain })
        return
      }
      case 'snapshot': {
        const chain = this.#chain(message.feed.charAt(0))
        const rows = new Map(message.rows.map(row => [idOf(row), row]))
        const table = { rows, epoch: message.epoch, version: message.to, chain }
        holds(held.has(message.feed), true)
        held.set(message.feed, table)
        return this.#shown(message.feed, table)
      }
      case 'delta': {
        const table = held.get(message.feed)
        if (table === undefined) throw new Error(`a delta of ${message.feed}, which is not followed`)
        holds(message.from, table.version)
        for (const [key, cells] of Object.entries(message.set ?? {})) table.rows.set(key, { ...table.rows.get(key), ...cells })
        for (const key of message.del ?? []) table.rows.delete(key)
        table.version = message.to
        return this.#shown(message.feed, table)
      }
      case 'unsubscribed':
        holds(message.code, 'not_found')
        holds(this.#isPublic(message.feed.charAt(0) as Name), false)
        held.delete(message.feed)
        return
      case 'error':
        holds([message.code, message.id], ['not_found', message.feed])
        held.delete(message.feed ?? '')
        return
      default:
        return
    }
  }

  #shown(address: string, table: Held): void {
    const [name, query] = [address.charAt(0), address.slice(1)]
    const text = textOf(table.rows.values())
    const isTrue = this.#history.get(`${table.chain ?? ''}${query}`)?.has(text)
    holds([address, text, isTrue], [address, text, true])
    const last = this.#latest.get(name) ?? { epoch: '', version: 0 }
    holds([address, table.epoch >= last.epoch], [address, true])
    // Another epoch: the counter goes on.
    if (table.epoch > last.epoch) {
      this.begun++
      holds([address, table.version > last.version], [address, true])
    }
    this.#latest.set(name, { epoch: table.epoch, version: Math.max(last.version, table.version) })
  }

  /** A reader with room holds what is true now; where there is no data yet, nothing of the present definition was shown. */
  #expectCurrent(who: string, address: string, table: Held): void {
    const rows = this.#table(address.charAt(0) as Name)
    if (rows === undefined || this.#clock.monotonic() < this.#freeAt) return
    holds(`${who} ${address} ${textOf(table.rows.values())}`, `${who} ${address} ${textOf(shownRows(rows, address.slice(1)))}`)
  }

  /** Every source that a followed feed is computed from is asked, and after all lingers no other. */
  #expectDemand(): void {
    const wanted = new Set(
      this.#readers.flatMap(({ reader }) => (reader?.outbox.subscriptions() ?? []).map(one => this.#rootOf(one.view.feed.name as Name))),
    )
    for (const name of names) {
      const found = this.#source(name)
      if (found === undefined) continue
      if (wanted.has(name)) holds([name, found.source.polling], [name, true])
      else holds([name, this.#graph.wantedBy(name).includes('reader')], [name, false])
    }
  }

  #rootOf(name: Name): Name {
    const definition = this.#config[name]
    return definition.kind === 'feed' ? this.#rootOf(definition.from) : name
  }
}

test('whatever configs follow each other, every state shown is of the definition of the moment, and what goes on is left alone', () => {
  let [kept, begun, refused] = [0, 0, 0]
  fc.assert(
    fc.property(fc.array(anyAction, { minLength: 10, maxLength: 60, size: 'max' }), actions => {
      const world = new World()
      for (const action of actions) {
        world.act(action)
        world.check()
      }
      kept += world.kept
      begun += world.begun
      refused += world.refused
    }),
    { numRuns: 100 },
  )
  // It met what it is about.
  expect(kept).toBeGreaterThan(500)
  expect(begun).toBeGreaterThan(50)
  expect(refused).toBeGreaterThan(100)
}, 60_000)
