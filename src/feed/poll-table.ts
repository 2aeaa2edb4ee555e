import type { Cell, Row } from '../model/row.ts'
import { rowOf } from '../model/row.ts'
import { noChanges, type Changes, type Table } from '../model/table.ts'
import type { PollRecord, RecentPolls } from './recent-polls.ts'

/** A source, as far as its polls go. */
interface Polled {
  readonly name: string
  readonly polls: RecentPolls
}

interface Fresh {
  readonly name: string
  readonly record: PollRecord
}

/** Of one source: up to which poll it was followed, and the rows of the last ones, the oldest first. */
interface Followed {
  readonly polls: RecentPolls
  readonly count: number
  readonly seqs: readonly string[]
}

const columns = ['seq', 'time', 'change', 'key', 'source', 'status', 'duration', 'bytes', 'rows', 'cached', 'cause', 'reason']
const notModified = 304

function pollRow(seq: number, source: string, poll: PollRecord): Row {
  const { at, kind, status, durationMs, bytes, rows, trouble } = poll
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
    trouble?.cause,
    trouble?.reason,
  ]
  return rowOf(columns.map((column, i) => [column, cells[i] ?? null] as const))
}

/** The polls of all sources as events, the newest first: `change` is what each led to, `key` the source, which is a column of its own, too. Made when it is asked for. */
export class PollTable {
  readonly #followed = new Map<string, Followed>()
  #seq = 0
  #table: Table = { key: 'seq', columns, rows: new Map(), order: [{ column: 'seq', descending: true }], kind: 'events' }
  #isFirst = true

  take(sources: readonly Polled[]): { readonly table: Table; readonly changes: Changes } {
    const names = new Set(sources.map(({ name }) => name))
    const gone = [...this.#followed.keys()].filter(name => !names.has(name))
    const polled = sources.filter(({ name, polls }) => {
      const followed = this.#followed.get(name)
      return followed?.polls !== polls || followed.count !== polls.count
    })
    if (gone.length === 0 && polled.length === 0 && !this.#isFirst) return { table: this.#table, changes: noChanges }
    const rows = new Map(this.#table.rows)
    const changes = new Map<string, Row | undefined>()
    const drop = (seqs: readonly string[]): void => {
      for (const seq of seqs) {
        changes.set(seq, rows.get(seq))
        rows.delete(seq)
      }
    }
    for (const name of gone) {
      drop(this.#followed.get(name)?.seqs ?? [])
      this.#followed.delete(name)
    }
    const fresh = polled.flatMap(source => this.#follow(source, drop))
    // Numbered in the order in which they came, of whichever source.
    for (const { name, record } of fresh.toSorted((a, b) => a.record.at - b.record.at)) {
      const seq = String(++this.#seq)
      rows.set(seq, pollRow(this.#seq, name, record))
      changes.set(seq, undefined)
      const followed = this.#followed.get(name)
      if (followed !== undefined) this.#followed.set(name, { ...followed, seqs: [...followed.seqs, seq] })
    }
    const first = this.#isFirst
    this.#isFirst = false
    this.#table = { ...this.#table, rows }
    return { table: this.#table, changes: first ? 'all' : changes }
  }

  /** Drops what the source keeps no longer; all of it, where another one took its name. @returns what is new of it */
  #follow({ name, polls }: Polled, drop: (seqs: readonly string[]) => void): readonly Fresh[] {
    const before = this.#followed.get(name)
    const { count, seqs } = before?.polls === polls ? before : { count: 0, seqs: [] }
    const left = seqs.slice(Math.max(0, polls.oldest - (count - seqs.length)))
    if (before !== undefined) drop(before.seqs.slice(0, before.seqs.length - left.length))
    this.#followed.set(name, { polls, count: polls.count, seqs: left })
    return polls.since(count).map(record => ({ name, record }))
  }
}
