import { tableSum } from '../model/checksum.ts'
import { keyOf } from '../model/key.ts'
import { parseOrderTerm, rowComparator, type RowComparator } from '../model/order.ts'
import type { Position, Since } from '../model/position.ts'
import { cellOf, equalRows, type Row } from '../model/row.ts'
import type { Kind } from '../model/table.ts'
import type { DeltaMessage, SnapshotMembers } from '../protocol/messages.ts'
import type { TableView } from './face.ts'
import { resortRows, sortRows, type RowSequence } from './row-sequence.ts'

/** For each key that differs its previous row (undefined: it is new). */
export type RowChanges = ReadonlyMap<string, Row | undefined>

function grownFrom(columns: readonly string[], before: readonly string[]): boolean {
  return columns.length >= before.length && before.every((column, i) => columns[i] === column)
}

/** What a client holds of one address: changed in place by snapshots and deltas, ordered when somebody looks. */
export class LiveTable implements TableView {
  #feed = ''
  #kind: Kind = 'table'
  #key = ''
  #columns: readonly string[] = []
  #order: readonly string[] = []
  #epoch = ''
  #version = 0
  #tick = 0
  #at = 0
  readonly #rows = new Map<string, Row>()
  #compare: RowComparator = rowComparator([])
  #sequence: RowSequence = { keys: [], rows: [] }
  /** What changed since `#sequence` was made; undefined: it must be sorted anew. */
  #touched: Map<string, Row | undefined> | undefined = new Map()

  get feed(): string {
    return this.#feed
  }
  get kind(): Kind {
    return this.#kind
  }
  get key(): string {
    return this.#key
  }
  get columns(): readonly string[] {
    return this.#columns
  }
  get order(): readonly string[] {
    return this.#order
  }
  get epoch(): string {
    return this.#epoch
  }
  get version(): number {
    return this.#version
  }
  get tick(): number {
    return this.#tick
  }
  get at(): number {
    return this.#at
  }
  get rows(): ReadonlyMap<string, Row> {
    return this.#rows
  }
  /** The position with the checksum of what is held there, as offered on a reconnect. */
  get since(): Since {
    return { epoch: this.#epoch, version: this.#version, count: this.#rows.size, sum: this.sum }
  }
  /** 16 hexadecimal digits; computed at once over all rows. */
  get sum(): string {
    return tableSum(this.#key, this.#columns, this.#rows)
  }

  named(address: string): void {
    this.#feed = address
  }

  /** Takes a position over without data: the rows are those of that position. */
  moveTo(position: Position): void {
    this.#epoch = position.epoch
    this.#version = position.version
  }

  /** A snapshot replaces everything; rows that did not change keep their identity. */
  replace(snapshot: SnapshotMembers): RowChanges {
    const columns = grownFrom(snapshot.columns, this.#columns) ? snapshot.columns : [...new Set([...this.#columns, ...snapshot.columns])]
    const held = new Map(this.#rows)
    this.#takeHeader(snapshot)
    const changes = new Map<string, Row | undefined>()
    this.#rows.clear()
    for (const row of snapshot.rows) {
      const key = keyOf(cellOf(row, snapshot.key))
      if (key === undefined) continue
      const before = held.get(key)
      const same = before !== undefined && equalRows(before, row, columns)
      if (!same) changes.set(key, before)
      this.#rows.set(key, same ? before : row)
    }
    for (const [key, row] of held) if (!this.#rows.has(key)) changes.set(key, row)
    this.#touch(changes)
    return changes
  }

  #takeHeader(snapshot: SnapshotMembers): void {
    this.#feed = snapshot.feed
    this.#kind = snapshot.kind
    this.#key = snapshot.key
    this.#columns = snapshot.columns
    if (snapshot.order.join('\n') !== this.#order.join('\n')) {
      this.#compare = rowComparator(snapshot.order.map(parseOrderTerm))
      this.#touched = undefined
    }
    this.#order = snapshot.order
    this.#epoch = snapshot.epoch
    this.#version = snapshot.to
    this.#tick = snapshot.tick
    this.#at = snapshot.at
  }

  /**
   * Applies a delta whose `from` is the version held, atomically.
   * @throws RangeError when its columns do not go on from those held; nothing is changed then
   */
  apply(delta: DeltaMessage): RowChanges {
    const columns = delta.columns ?? this.#columns
    if (!grownFrom(columns, this.#columns)) throw new RangeError('the columns of a delta must begin with those held')
    const changes = new Map<string, Row | undefined>()
    for (const [key, cells] of Object.entries(delta.set ?? {})) {
      const before = this.#rows.get(key)
      changes.set(key, before)
      this.#rows.set(key, { ...before, ...cells })
    }
    for (const key of delta.del ?? []) {
      const before = this.#rows.get(key)
      if (this.#rows.delete(key) && !changes.has(key)) changes.set(key, before)
    }
    this.#columns = columns
    this.#version = delta.to
    this.#tick = delta.tick
    this.#at = delta.at
    this.#touch(changes)
    return changes
  }

  #touch(changes: RowChanges): void {
    if (this.#touched === undefined) return
    for (const [key, before] of changes) if (!this.#touched.has(key)) this.#touched.set(key, before)
    // Beyond this, and on a page that never looks, remembering costs more than sorting anew.
    if (this.#touched.size > this.#rows.size) this.#touched = undefined
  }

  ordered(): readonly Row[] {
    if (this.#touched?.size !== 0) {
      this.#sequence =
        this.#touched === undefined
          ? sortRows(this.#rows, this.#compare)
          : resortRows(this.#sequence, this.#rows, this.#touched, this.#compare)
      this.#touched = new Map()
    }
    return this.#sequence.rows
  }
}
