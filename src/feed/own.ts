import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import { composedKeyColumn } from '../model/key.ts'
import type { Cell, Row } from '../model/row.ts'
import { cellOf, rowOf } from '../model/row.ts'
import type { Ask, Poll } from '../source/ask.ts'
import { Budget } from '../source/budget.ts'
import { Poller } from '../source/poller.ts'
import type { Learned } from '../source/schedule/policy.ts'
import { GridPolicy } from '../source/schedule/grid-policy.ts'
import { unifyRows, type Unified } from '../source/unify.ts'
import type { Table } from '../model/table.ts'
import type { SourceDefinition } from './definition.ts'
import type { Feed } from './feed.ts'
import type { Graph } from './graph.ts'
import { PollTable } from './poll-table.ts'
import type { RecentPolls } from './recent-polls.ts'

/** What only hub, connections and the config know of a feed; `server.ts` fills it in. */
export interface FeedFigures {
  readonly readers: number
  readonly bytesSent: number
  readonly messagesSent: number
  /** Against each reader polling snapshots on its own. */
  readonly bytesSaved: number
  /** A column that is named of its table and that no row has, in a sentence. */
  readonly warning?: string
}
export type FiguresOf = (feed: string) => FeedFigures

/** What only connections know of a client; `server.ts` fills it in. */
export interface ClientFigures {
  readonly id: number
  /** Of its principal; empty where nobody has said who it is. */
  readonly name: string
  readonly address: string
  /** ms since 1970 UTC. */
  readonly since: number
  readonly subscriptions: number
  /** Data is held back: it is behind. */
  readonly held: boolean
  /** Sent to it. */
  readonly bytes: number
}

interface OwnDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

const updateMs = 1000

type Cells = Readonly<Record<string, Cell | undefined>>

function rowFrom(cells: Cells): Row {
  return rowOf(Object.entries(cells).map(([column, cell]) => [column, cell ?? null] as const))
}

/** A row per source: `$sources`. */
export function sourceRows(graph: Graph): Row[] {
  return [...graph.sources()]
    .filter(({ definition }) => !definition.name.startsWith('$'))
    .map(source => {
      const { definition, counts, lastPoll } = source
      const freshness = graph.feed(definition.name)?.freshness
      return rowFrom({
        source: definition.name,
        state: freshness?.state,
        cause: freshness?.cause,
        reason: freshness?.reason,
        every: definition.everyMs,
        next: source.nextAt,
        why: source.why,
        ...learnedCells(source.learned),
        wanted: graph.wantedBy(definition.name),
        changed: counts.changed,
        unchanged: counts.unchanged,
        spurious: source.spurious?.count,
        suggestion: source.spurious?.suggestion,
        failed: counts.failed,
        lastStatus: lastPoll?.status,
        lastDuration: lastPoll === undefined ? undefined : Math.round(lastPoll.durationMs * 10) / 10,
        lastBytes: lastPoll?.bytes,
        validatedAt: freshness?.validatedAt,
        asOf: freshness?.asOf,
        since: freshness?.since,
        origin: definition.origin,
        ...budgetCells(definition),
      })
    })
}

/** What its sources ask for together: its name, requests a minute where that is limited, ms until the next may ask, and those under way. */
function budgetCells({ budget }: SourceDefinition): Cells {
  return {
    budget: budget?.name,
    budgetRate: budget?.ratePerSecond === undefined ? undefined : Math.round(budget.ratePerSecond * 60_000) / 1000,
    budgetWait: budget === undefined ? undefined : Math.ceil(budget.waitMs),
    budgetUnderWay: budget?.underWay,
  }
}

/** A row per step of each feed that is listed, in their order, after one for what the feed is computed from: `$steps`. */
function stepRows(graph: Graph): Row[] {
  return [...graph.feeds()].filter(({ name, options }) => !name.startsWith('$') && options.public).flatMap(feed => stepRowsOf(graph, feed))
}

function stepRowsOf(graph: Graph, { name, steps, inputs, store }: Feed): Row[] {
  if (inputs.length === 0) return []
  const rows = inputs.reduce((sum, input) => sum + (graph.feed(input)?.store.count ?? 0), 0)
  const first = { kind: 'from', inputs, rowsIn: rows, rowsOut: steps[0]?.rowsIn ?? store.count }
  const others = steps.map(({ kind, rowsIn, rowsOut, durationMs, error }) => ({
    kind,
    rowsIn,
    rowsOut,
    duration: durationMs === undefined ? undefined : Math.round(durationMs * 1000) / 1000,
    error: error?.reason,
    errorAt: error?.at,
  }))
  return [first, ...others].map((cells, step) => rowFrom({ [composedKeyColumn]: JSON.stringify([name, step]), feed: name, step, ...cells }))
}

/** What a schedule has learned: `period`, when the next change is `expected`, and by how much that may be off; what a request costs. */
function learnedCells(learned: Learned | undefined): Cells {
  const period = learned?.period
  return {
    period: period === undefined ? undefined : Math.round(period.periodMs),
    expected: period === undefined ? undefined : Math.round(period.expectedAt),
    deviation: period === undefined ? undefined : Math.round(period.deviationMs),
    price: learned === undefined ? undefined : Math.round(learned.price * 100) / 100,
  }
}

/** Neither of a set of params, which is its readers' own, nor of a source that has no table without one. */
function hasOwnTable({ options: { instanceOf, template } }: Feed): boolean {
  return instanceOf === undefined && template?.isWhole !== false
}

function firingOf({ store }: Feed): number {
  let firing = 0
  for (const [, row] of store.rows()) if (cellOf(row, 'state') === 'firing') firing++
  return firing
}

/** A row per feed: `$feeds`. `changes`: versions a second since the row was last made. */
export function feedRows(graph: Graph, figuresOf: FiguresOf, changesPerSecond: (feed: string, version: number) => number): Row[] {
  return [...graph.feeds()]
    .filter(feed => !feed.name.startsWith('$') && feed.options.public && hasOwnTable(feed))
    .map(feed => {
      const { freshness } = feed
      return rowFrom({
        feed: feed.name,
        kind: feed.store.kind,
        state: freshness.state,
        cause: freshness.cause,
        reason: freshness.reason,
        rows: feed.store.count,
        firing: feed.store.kind === 'alerts' ? firingOf(feed) : undefined,
        version: feed.position.version,
        changesPerSecond: changesPerSecond(feed.name, feed.position.version),
        ...figuresOf(feed.name),
        every: freshness.every,
        validatedAt: freshness.validatedAt,
        asOf: freshness.asOf,
        since: freshness.since,
        description: feed.options.description,
      })
    })
}

/** A row per connection: `$clients`. */
export function clientRows(clients: Iterable<ClientFigures>): Row[] {
  return [...clients].map(({ id, name, address, since, subscriptions, held, bytes }) =>
    rowFrom({ id, name, address, since, subscriptions, held, bytes }),
  )
}

/** Counts per second between two looks, by name; smoothed over about 5 s. */
export class ChangeRate {
  readonly #clock: Clock
  readonly #last = new Map<string, { version: number; mono: number; rate: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  of(name: string, version: number): number {
    const mono = this.#clock.monotonic()
    const last = this.#last.get(name)
    if (last === undefined) {
      this.#last.set(name, { version, mono, rate: 0 })
      return 0
    }
    const elapsedMs = mono - last.mono
    if (elapsedMs >= updateMs / 2) {
      const weight = 1 - Math.exp(-elapsedMs / 5000)
      const rate = last.rate + weight * (((version - last.version) * 1000) / elapsedMs - last.rate)
      this.#last.set(name, { version, mono, rate })
    }
    return Math.round((this.#last.get(name)?.rate ?? 0) * 10) / 10
  }
}

/** `$sources`, `$feeds`, `$polls` and `$steps` of a graph that is there by the time they are asked. */
export function ownSources(graph: () => Graph, figuresOf: FiguresOf, deps: OwnDeps): SourceDefinition[] {
  const rate = new ChangeRate(deps.clock)
  const polls = new PollTable()
  return [
    ownSource('$sources', 'source', 'What is asked, when, why, and how it went', () => sourceRows(graph()), deps),
    ownSource(
      '$feeds',
      'feed',
      'Every feed: its state, rows, readers and traffic',
      () => feedRows(graph(), figuresOf, (feed, version) => rate.of(feed, version)),
      deps,
    ),
    ownTable('$polls', 'The last polls of each source and what came of them', () => polls.take(polledBy(graph())), deps),
    ownSource('$steps', composedKeyColumn, 'What went through each step of a feed', () => stepRows(graph()), deps),
  ]
}

function polledBy(graph: Graph): { readonly name: string; readonly polls: RecentPolls }[] {
  const sources = [...graph.sources()].map(({ definition, polls }) => ({ name: definition.name, polls }))
  return sources.filter(({ name }) => !name.startsWith('$'))
}

type OwnName = `$${string}`

/** Own state as a source like any other: asked once a second while somebody reads it, and not otherwise. */
export function ownSource(name: OwnName, key: string, description: string, rows: () => readonly Row[], deps: OwnDeps): SourceDefinition {
  let table: Table | undefined
  const read = (): Unified => {
    const unified = unifyRows(table, key, rows())
    table = unified.table
    return unified
  }
  return ownTable(name, description, read, deps)
}

/** The same for a table that knows itself what changed. */
function ownTable(name: OwnName, description: string, read: () => Unified, deps: OwnDeps): SourceDefinition {
  return {
    name,
    description,
    public: true,
    fingerprint: name,
    demand: 'readers',
    everyMs: updateMs,
    staleAfterMs: 10 * updateMs,
    downAfterMs: 60 * updateMs,
    lingerMs: 5 * updateMs,
    origin: 'this server',
    createPoller: onPoll =>
      new Poller({
        ask: ownAsk(read, deps.clock),
        policy: new GridPolicy({
          identity: `${name} `,
          intervalMs: updateMs,
          maxBackoffMs: 60 * updateMs,
          clock: deps.clock,
          random: deps.random,
        }),
        budget: new Budget(deps.clock),
        clock: deps.clock,
        random: deps.random,
        onPoll,
      }),
  }
}

function ownAsk(read: () => Unified, clock: Clock): Ask {
  return {
    poll(): Promise<Poll> {
      const began = clock.monotonic()
      const unified = read()
      const kind = unified.changes === 'all' || unified.changes.size > 0 ? 'changed' : 'unchanged'
      return Promise.resolve({ kind, ...unified, at: clock.now(), durationMs: clock.monotonic() - began, bytes: 0 })
    },
    close: () => Promise.resolve(),
  }
}
