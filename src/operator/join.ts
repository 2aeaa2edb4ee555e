import type { Observable } from 'rxjs'
import { keyOf } from '../model/key.ts'
import { copyOf, setCell, type Row } from '../model/row.ts'
import { letsGo, noChanges, type Sample, type Table } from '../model/table.ts'
import { together, type HandOver, type Samples } from './hand-over.ts'
import { rightName } from './join.options.ts'
import { grownColumns, Output, visitTouched } from './output.ts'
import { valueOf, type Value } from './row-function.ts'
import { valuesBeside, type NewColumns } from './select.ts'
import type { Operator } from './stage.ts'

export interface Join {
  /** Gives the key of the other row; without it the key of this one. */
  readonly on?: Value
  /** What `on` is to equal, of the other row; without it its key. */
  readonly key?: Value
  /** `left` keeps rows that have no other. */
  readonly kind: 'inner' | 'left'
  /** Computed from the row, in which `right` is the other one, or null. */
  readonly columns: NewColumns
}

/** A row with the key by which it finds, or is found. */
interface Keyed {
  readonly row: Row
  readonly on: string | undefined
}

/** Rows by key, and their keys by what they are found by. */
class Side {
  readonly rows = new Map<string, Keyed>()
  readonly #keysOf = new Map<string, Set<string>>()
  readonly #value: Value | undefined

  constructor(value: Value | undefined) {
    this.#value = value
  }

  /** Takes a row over; returns what it was and is found by. */
  set(key: string, row: Row | undefined): readonly string[] {
    const before = this.rows.get(key)
    if (before?.row === row) return []
    if (before?.on !== undefined) this.#forget(before.on, key)
    if (row === undefined) this.rows.delete(key)
    const on = row === undefined ? undefined : foundBy(this.#value, row, key)
    if (row !== undefined) this.rows.set(key, { row, on })
    if (on !== undefined) this.#keysOf.set(on, (this.#keysOf.get(on) ?? new Set<string>()).add(key))
    return [before?.on, on].filter(each => each !== undefined)
  }

  keysOf(on: string): Iterable<string> {
    return this.#keysOf.get(on) ?? []
  }

  /** The key of the row that is found by this; of several the least. */
  findKey(on: string | undefined): string | undefined {
    let least: string | undefined
    for (const key of on === undefined ? [] : this.keysOf(on)) if (least === undefined || key < least) least = key
    return least
  }

  find(on: string | undefined): Row | undefined {
    const key = this.findKey(on)
    return key === undefined ? undefined : this.rows.get(key)?.row
  }

  clear(): void {
    this.rows.clear()
    this.#keysOf.clear()
  }

  #forget(on: string, key: string): void {
    const keys = this.#keysOf.get(on)
    keys?.delete(key)
    if (keys?.size === 0) this.#keysOf.delete(on)
  }
}

function foundBy(value: Value | undefined, row: Row, key: string): string | undefined {
  return value === undefined ? key : keyOf(valueOf(value)(row, key))
}

/** The row with its new columns; undefined: it has no other and is to have one. */
function joined(row: Row, key: string, right: Row | undefined, { kind, columns }: Pick<Join, 'kind' | 'columns'>, keyColumn: string) {
  if (right === undefined && kind === 'inner') return undefined
  const both = copyOf(row)
  both[rightName] = right ?? null
  const cells = copyOf(row)
  for (const [name, value] of valuesBeside(keyColumn, columns)) setCell(cells, name, value(both, key))
  return cells
}

class JoinStage {
  readonly #join: Join
  readonly #output = new Output()
  readonly #left: Side
  readonly #right: Side
  #lastLeft: Sample | undefined
  #lastRight: Sample | undefined

  constructor(join: Join) {
    this.#join = join
    this.#left = new Side(join.on)
    this.#right = new Side(join.key)
  }

  next([left, right]: Samples): Sample | undefined {
    const touched = new Set<string>()
    if (right !== undefined) this.#takeRight(right, touched)
    if (left === undefined && this.#lastLeft === undefined) return undefined
    const input = this.#input(left, right)
    const { key, columns, order, kind } = input.table
    const names = valuesBeside(key, this.#join.columns).map(([name]) => name)
    const anew = this.#output.begin(input, { key, columns: grownColumns(columns, names), order, kind })
    if (anew) this.#left.clear()
    if (left !== undefined) {
      visitTouched(left, this.#left.rows, anew, (name, row) => {
        this.#left.set(name, row)
        touched.add(name)
      })
    }
    for (const name of touched) this.#show(name, key)
    return this.#output.sample(input, this.#lastRight?.degraded)
  }

  /** The key of the row of the other table that one has beside it. */
  otherKey(key: string): string | undefined {
    return this.#right.findKey(this.#left.rows.get(key)?.on)
  }

  /** The left table as it is now; proven when the newer of the two was. */
  #input(left: Sample | undefined, right: Sample | undefined): Sample {
    const last = left ?? this.#lastLeft
    if (last === undefined) throw new Error('a join without its table')
    this.#lastLeft = last
    const { tick, time } = right === undefined || (left !== undefined && left.time >= right.time) ? last : right
    return { ...last, tick, time, changes: left?.changes ?? noChanges }
  }

  #takeRight(right: Sample, touched: Set<string>): void {
    const before = this.#lastRight?.table
    const { table, changes } = right
    const anew = before !== undefined && (before.key !== table.key || (changes === 'all' && letsGo(before.columns, table.columns)))
    this.#lastRight = right
    visitTouched(right, this.#right.rows, before === undefined || anew, (key, row) => {
      for (const on of this.#right.set(key, row)) for (const name of this.#left.keysOf(on)) touched.add(name)
    })
  }

  #show(key: string, keyColumn: string): void {
    const held = this.#left.rows.get(key)
    const row = held === undefined ? undefined : joined(held.row, key, this.#right.find(held.on), this.#join, keyColumn)
    if (row === undefined) this.#output.remove(key)
    else this.#output.put(key, row)
  }
}

/** Columns of the rows of another table, as they were last, beside all others. Keys stay. `tell` is given what finds the other row's key. */
export function join(
  options: Join,
  right: Observable<Sample>,
  handOver: HandOver,
  tell?: (otherKey: (key: string) => string | undefined) => void,
): Operator {
  return left =>
    together([left, right], handOver, () => {
      const state = new JoinStage(options)
      tell?.(key => state.otherKey(key))
      return samples => state.next(samples)
    })
}

/** The definition of `join` (L10). */
export function naiveJoin(left: Table, right: Table | undefined, options: Join): Table {
  const { on, key: rightKey, columns } = options
  const others = [...(right?.rows ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
  const rows = [...left.rows].flatMap(([key, row]) => {
    const wanted = foundBy(on, row, key)
    const other = others.find(([name, each]) => wanted !== undefined && foundBy(rightKey, each, name) === wanted)
    const both = joined(row, key, other?.[1], options, left.key)
    return both === undefined ? [] : [[key, both] as const]
  })
  const names = valuesBeside(left.key, columns).map(([name]) => name)
  return { ...left, columns: grownColumns(left.columns, names), rows: new Map(rows) }
}
