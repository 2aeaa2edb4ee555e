import type { Cell, Row } from '../model/row.ts'
import { rowOf } from '../model/row.ts'
import { noChanges, type Changes, type Table } from '../model/table.ts'
import type { Poll } from '../source/ask.ts'

/** So many polls of each source are kept. */
const mostPolls = 60

/** What is kept of a poll: nothing of its rows. Times in ms since 1970, durations in ms. */
export interface PollRecord {
  readonly at: number
  readonly kind: Poll['kind']
  readonly status: number | undefined
  readonly durationMs: number
  readonly bytes: number
  readonly rows: number | undefined
  /** Why it failed, or what it keeps back. */
  readonly cause: string | undefined
  readonly reason: string | undefined
}

/** The last polls of one source, the oldest first. */
export class RecentPolls {
  #records: PollRecord[] = []

  get records(): readonly PollRecord[] {
    return this.#records
  }

  note(poll: Poll): void {
    const { at, kind, status, durationMs, bytes } = poll
    const trouble = poll.kind === 'failed' ? poll : poll.degraded
    const rows = poll.kind === 'failed' ? undefined : poll.table.rows.size
    this.#records.push({ at, kind, status, durationMs, bytes, rows, cause: trouble?.cause, reason: trouble?.reason })
    if (this.#records.length > mostPolls) this.#records.shift()
  }
}

/** A source, as far as its polls go. */
interface Polled {
  readonly name: string
  readonly records: readonly PollRecord[]
}

interface Fresh {
  readonly name: string
  readonly record: PollRecord
}

interface Held {
  readonly record: PollRecord
  readonly seq: string
}

const columns = ['seq', 'time', 'change', 'key', 'source', 'status', 'duration', 'bytes', 'rows', 'cached', 'cause', 'reason']
const notModified = 304

function pollRow(seq: number, source: string, poll: PollRecord): Row {
  const { at, kind, status, durationMs, bytes, rows, cause, reason } = poll
  const cells: readonly (Cell | undefined)[] = [
    seq,
    at,
    kind,
    source,
    source,
    status,
    Math.round(durationMs * 10) / 10,
    bytes,
    rows,
    status === notModified,
    cause,
    reason,
  ]
  return rowOf(columns.map((column, i) => [column, cells[i] ?? null] as const))
}

/** The polls of all sources as events, the newest first: `change` is what each led to, `key` the source, which is a column of its own, too. Made when it is asked for. */
export class PollTable {
  readonly #held = new Map<string, readonly Held[]>()
  #seq = 0
  #table: Table = { key: 'seq', columns, rows: new Map(), order: [{ column: 'seq', descending: true }], kind: 'events' }
  #isFirst = true

  take(sources: readonly Polled[]): { readonly table: Table; readonly changes: Changes } {
    const names = new Set(sources.map(({ name }) => name))
    const gone = [...this.#held.keys()].filter(name => !names.has(name)).map(name => ({ name, records: [] }))
    const polled = [...gone, ...sources].filter(({ name, records }) => this.#held.get(name)?.at(-1)?.record !== records.at(-1))
    if (polled.length === 0 && !this.#isFirst) return { table: this.#table, changes: noChanges }
    const rows = new Map(this.#table.rows)
    const changes = new Map<string, Row | undefined>()
    const fresh = polled.flatMap(source => this.#follow(source, rows, changes))
    // Numbered in the order in which they came, of whichever source.
    for (const { name, record } of fresh.toSorted((a, b) => a.record.at - b.record.at)) {
      const seq = String(++this.#seq)
      rows.set(seq, pollRow(this.#seq, name, record))
      this.#held.set(name, [...(this.#held.get(name) ?? []), { record, seq }])
      changes.set(seq, undefined)
    }
    const first = this.#isFirst
    this.#isFirst = false
    this.#table = { ...this.#table, rows }
    return { table: this.#table, changes: first ? 'all' : changes }
  }

  /** Lets go of what the source keeps no longer. @returns what is new of it */
  #follow({ name, records }: Polled, rows: Map<string, Row>, changes: Map<string, Row | undefined>): readonly Fresh[] {
    const held = this.#held.get(name) ?? []
    const [kept, known] = [new Set(records), new Set(held.map(({ record }) => record))]
    for (const { record, seq } of held) {
      if (kept.has(record)) continue
      changes.set(seq, rows.get(seq))
      rows.delete(seq)
    }
    const left = held.filter(({ record }) => kept.has(record))
    if (records.length === 0) this.#held.delete(name)
    else this.#held.set(name, left)
    return records.filter(record => !known.has(record)).map(record => ({ name, record }))
  }
}
