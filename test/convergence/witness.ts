import type { Row } from '../../src/model/row.ts'
import type { Address } from './naive-view.ts'
import { stateText, type Truth } from './truth.ts'

/** What was seen in a run. */
export interface Tally {
  /** States that clients showed, each compared with the truth. */
  states: number
  /** Opened flushes after which all feeds of a source had to be of one and the same table. */
  flushes: number
  /** Checksums of the server that were compared. */
  checks: number
  cuts: number
  pauses: number
  /** Starts of the server, the first not counted: after a kill, and after a clean stop. */
  restarts: number
  kills: number
  subscribes: number
  throttles: number
  /** Answers to a `since` in the epoch it named; with another one, proved by its sum; not honoured. */
  resumedByVersion: number
  resumedBySum: number
  /** Of those by version: by one that a server before the last clean stop had given. */
  resumedOverStop: number
  notResumed: number
  snapshots: number
  deltas: number
  resyncs: number
  gets: number
}

/** How often, and the first few times in words. */
const mostTold = 10

/** Judges what clients show, and keeps count. */
export class Witness {
  readonly truth: Truth
  readonly tally: Tally = {
    states: 0,
    flushes: 0,
    checks: 0,
    cuts: 0,
    pauses: 0,
    restarts: 0,
    kills: 0,
    subscribes: 0,
    throttles: 0,
    resumedByVersion: 0,
    resumedBySum: 0,
    resumedOverStop: 0,
    notResumed: 0,
    snapshots: 0,
    deltas: 0,
    resyncs: 0,
    gets: 0,
  }
  /** What must not be, in words; empty in a good run. */
  readonly wrong: string[] = []

  constructor(truth: Truth) {
    this.truth = truth
  }

  blame(who: string, what: string): void {
    if (this.wrong.length < mostTold) this.wrong.push(`${who}: ${what}`)
  }

  /**
   * A client shows rows: they are a table that the upstream answered, and none before the one shown last.
   * @returns the state and its place in the history, from which the next one counts
   */
  shown(who: string, address: Address, shown: Iterable<Row>, since: number): { readonly state: string; readonly place: number } {
    this.tally.states++
    const rows = [...shown]
    const state = stateText(rows)
    const places = this.truth.places(address, state)
    const place = places.find(at => at >= since)
    if (place !== undefined) return { state, place }
    const what = places.length === 0 ? 'a table that never was' : `the table of ${places.at(-1)} after that of ${since}`
    this.blame(who, `${address.name} shows ${what}: ${JSON.stringify(rows).slice(0, 2000)}`)
    return { state, place: since }
  }

  /** Whether a client's state is the one that the upstream stands still at. */
  isFinal(address: Address, state: string): boolean {
    return stateText(this.truth.final(address)) === state
  }
}

/** What every kind of client of a run is able to. */
export interface ChaosClient {
  readonly who: string
  /** One decision and what follows from it. */
  act(): void
  /** No more decisions: connected, reading. */
  settle(): void
  /** What it holds of each address it follows; `isSteady`: nothing is owed to it that it knows of. */
  held(): Iterable<Held>
  close(): void
}

export interface Held {
  readonly address: Address
  /** As the server calls it; empty: not told yet. */
  readonly name: string
  readonly epoch: string
  readonly version: number
  readonly columns: readonly string[]
  readonly rows: ReadonlyMap<string, Row>
  readonly isSteady: boolean
}
