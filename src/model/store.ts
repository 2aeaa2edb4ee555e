import { headerLanes, printSum, rowLanes, type Lanes } from './checksum.ts'
import type { Delta } from './delta.ts'
import { cellOf, equalCells, rowOf, setCell, type Cell, type Row } from './row.ts'
import type { Kind, Sample, Table } from './table.ts'
import type { OrderTerm } from './order.ts'
import type { Entry } from './store-entry.ts'

export interface StoreLimits {
  /** How long a tombstone is kept, in ms; default 10 min. */
  readonly historyAgeMs: number
  /** How many tombstones are kept at least before the oldest go; the larger of it and twice the rows; default 1000. */
  readonly maxTombstones: number
}

export const defaultStoreLimits: StoreLimits = { historyAgeMs: 600_000, maxTombstones: 1000 }

const noLanes: Lanes = { a: 0, b: 0 }

/**
 * The versioned table behind a feed or view: a version per row and cell in recency order, and tombstones, so that
 * any net delta from the floor on costs O(changed). History, resume, throttling and slow readers all use `deltaSince`.
 */
export class Store {
  readonly limits: StoreLimits
  #version = 0
  #floor = 0
  #key = ''
  #columns: readonly string[] = []
  /** The columns of the last sample. */
  #seen: readonly string[] = []
  #grownAt = 0
  #order: readonly OrderTerm[] = []
  #kind: Kind = 'table'
  readonly #entries = new Map<string, Entry>()
  /** Tombstones in the order they were made. */
  readonly #graves = new Set<Entry>()
  #newest: Entry | undefined
  #sumA = 0
  #sumB = 0

  constructor(limits: StoreLimits = defaultStoreLimits) {
    this.limits = limits
  }

  /** The version at which the table last changed or was built; 0 = no data yet. */
  get version(): number {
    return this.#version
  }
  /** The version of the last dropped tombstone, at first the one it was built at: no delta from below it is known. */
  get floor(): number {
    return this.#floor
  }
  get key(): string {
    return this.#key
  }
  get columns(): readonly string[] {
    return this.#columns
  }
  /** The version at which the columns last grew. */
  get grownAt(): number {
    return this.#grownAt
  }
  get order(): readonly OrderTerm[] {
    return this.#order
  }
  get kind(): Kind {
    return this.#kind
  }
  /** Rows held. */
  get count(): number {
    return this.#entries.size - this.#graves.size
  }
  get tombstones(): number {
    return this.#graves.size
  }
  /** The checksum of the table, 16 hexadecimal digits (protocol.md section 5). */
  get sum(): string {
    const header = headerLanes(this.#key, this.#columns)
    return printSum({ a: (this.#sumA + header.a) | 0, b: (this.#sumB + header.b) | 0 })
  }

  row(key: string): Row | undefined {
    return this.#entries.get(key)?.row
  }

  *rows(): Generator<readonly [string, Row]> {
    for (const entry of this.#entries.values()) if (entry.row !== undefined) yield [entry.key, entry.row]
  }

  /** A copy of the table, for whoever keeps it beyond the tick. */
  table(): Table {
    return { key: this.#key, columns: this.#columns, rows: new Map(this.rows()), order: this.#order, kind: this.#kind }
  }

  /**
   * Takes a sample over as `version`. The first table is a change, also when it is empty; so is a new column.
   * @returns whether anything changed; when not, `version` is not used.
   * @throws RangeError when the key column changed (that is a new epoch, so a new store) or `version` does not rise.
   */
  commit(version: number, sample: Pick<Sample, 'table' | 'changes'>, monotonicMs: number): boolean {
    const { table } = sample
    const first = this.#version === 0
    if (version <= this.#version) throw new RangeError(`version ${version} is not above ${this.#version}`)
    if (!first && table.key !== this.#key) throw new RangeError(`key column '${table.key}' is not '${this.#key}'`)
    this.#key = table.key
    this.#order = table.order
    this.#kind = table.kind
    let changed = this.#grow(table.columns, version) || first
    if (sample.changes === 'all') {
      for (const [key, row] of table.rows) if (this.#put(key, row, version)) changed = true
      for (const entry of this.#entries.values())
        if (!table.rows.has(entry.key) && this.#remove(entry, version, monotonicMs)) changed = true
    } else {
      for (const key of sample.changes.keys()) {
        const row = table.rows.get(key)
        const entry = this.#entries.get(key)
        if (row !== undefined) changed = this.#put(key, row, version) || changed
        else if (entry !== undefined) changed = this.#remove(entry, version, monotonicMs) || changed
      }
    }
    if (changed) this.#version = version
    if (first) this.#floor = version
    this.prune(monotonicMs)
    return changed
  }

  /**
   * The net delta from `from` to the store's version: applied to the state at `from` (or at any version in between)
   * it gives the state now. Undefined when `from` lies below the floor.
   */
  deltaSince(from: number): Delta | undefined {
    if (from < this.#floor) return undefined
    const set = new Map<string, Row>()
    const del = new Set<string>()
    for (let entry = this.#newest; entry !== undefined && entry.version > from; entry = entry.older) {
      if (entry.row === undefined) del.add(entry.key)
      else set.set(entry.key, this.#cellsSince(entry, entry.row, from))
    }
    return { columns: this.#columns, set, del }
  }

  /** The keys of the rows that changed or left after `from`; undefined when it lies below the floor. O(that). */
  keysSince(from: number): string[] | undefined {
    if (this.#floor > from) return undefined
    const keys: string[] = []
    for (let entry = this.#newest; entry !== undefined && entry.version > from; entry = entry.older) keys.push(entry.key)
    return keys
  }

  /** How many rows changed or left after `from`, counted up to `most`: O(that). */
  changesSince(from: number, most: number): number {
    let count = 0
    for (let entry = this.#newest; entry !== undefined && entry.version > from && count < most; entry = entry.older) count++
    return count
  }

  /** Drops tombstones that are too old or too many; the floor rises with them. */
  prune(monotonicMs: number): void {
    if (this.#graves.size === 0) return
    const most = Math.max(this.limits.maxTombstones, 2 * this.count)
    let entry = this.#oldestTombstone()
    while (entry !== undefined && (this.#graves.size > most || monotonicMs - entry.leftAt > this.limits.historyAgeMs)) {
      this.#floor = Math.max(this.#floor, entry.version)
      this.#entries.delete(entry.key)
      this.#graves.delete(entry)
      this.#unlink(entry)
      entry = this.#oldestTombstone()
    }
  }

  #oldestTombstone(): Entry | undefined {
    const next = this.#graves.values().next()
    return next.done === true ? undefined : next.value
  }

  #cellsSince(entry: Entry, row: Row, from: number): Row {
    // A reader at `from` may hold an earlier row of this key: every column is written, or its old cells would stay.
    if (entry.left > from) return rowOf(this.#columns.map(column => [column, cellOf(row, column)] as const))
    const cells: Record<string, Cell> = {}
    const newborn = entry.born > from
    for (const [i, column] of this.#columns.entries()) {
      const cell = cellOf(row, column)
      const stamp = entry.cells[i] ?? 0
      // A reader between the birth and now may hold what has become null since, so that null is written out.
      if (newborn ? cell !== null || stamp > entry.born : stamp > from) setCell(cells, column, cell)
    }
    return cells
  }

  /** Takes new columns over, at the end; the rows' sums are redone, as a column counts also where it is null. */
  #grow(columns: readonly string[], version: number): boolean {
    if (columns === this.#seen) return false
    this.#seen = columns
    const held = new Set(this.#columns)
    const added = columns.filter(column => !held.has(column))
    if (added.length === 0) return false
    this.#columns = [...this.#columns, ...added]
    this.#grownAt = version
    this.#sumA = this.#sumB = 0
    for (const entry of this.#entries.values()) {
      if (entry.row !== undefined) this.#sumRow(entry, noLanes, entry.row)
    }
    return true
  }

  #sumRow(entry: Entry, before: Lanes, row: Row | undefined): void {
    const lanes = row === undefined ? noLanes : rowLanes(entry.key, row, this.#columns)
    this.#sumA = (this.#sumA - before.a + lanes.a) | 0
    this.#sumB = (this.#sumB - before.b + lanes.b) | 0
    entry.lanes = lanes
  }

  #put(key: string, row: Row, version: number): boolean {
    const entry = this.#entries.get(key)
    if (entry === undefined) {
      this.#link(this.#newborn(key, row, version))
      return true
    }
    if (entry.row === row) return false
    if (entry.row === undefined) {
      this.#graves.delete(entry)
      entry.left = entry.version
      entry.born = version
    } else if (!this.#stampCells(entry, entry.row, row, version)) {
      entry.row = row
      return false
    }
    entry.row = row
    entry.version = version
    this.#sumRow(entry, entry.lanes, row)
    this.#unlink(entry)
    this.#link(entry)
    return true
  }

  #newborn(key: string, row: Row, version: number): Entry {
    const entry: Entry = {
      key,
      row,
      version,
      born: version,
      left: 0,
      cells: [],
      lanes: noLanes,
      leftAt: 0,
      older: undefined,
      newer: undefined,
    }
    this.#entries.set(key, entry)
    this.#sumRow(entry, noLanes, row)
    return entry
  }

  #stampCells(entry: Entry, before: Row, after: Row, version: number): boolean {
    let changed = false
    for (let i = 0; i < this.#columns.length; i++) {
      const column = this.#columns[i] ?? ''
      if (equalCells(cellOf(before, column), cellOf(after, column))) continue
      // Columns that grew after this row's last change have no stamp of their own yet: never changed.
      while (entry.cells.length < i) entry.cells.push(0)
      entry.cells[i] = version
      changed = true
    }
    return changed
  }

  #remove(entry: Entry, version: number, monotonicMs: number): boolean {
    if (entry.row === undefined) return false
    this.#sumRow(entry, entry.lanes, undefined)
    entry.row = undefined
    entry.version = version
    entry.cells = []
    entry.leftAt = monotonicMs
    this.#graves.add(entry)
    this.#unlink(entry)
    this.#link(entry)
    return true
  }

  #link(entry: Entry): void {
    entry.older = this.#newest
    entry.newer = undefined
    if (this.#newest !== undefined) this.#newest.newer = entry
    this.#newest = entry
  }

  #unlink(entry: Entry): void {
    if (entry.older !== undefined) entry.older.newer = entry.newer
    if (entry.newer === undefined) this.#newest = entry.older
    else entry.newer.older = entry.older
  }
}
