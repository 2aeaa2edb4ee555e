import type { OrderTerm } from '../model/order.ts'
import { equalRows, type Row } from '../model/row.ts'
import { letsGo, noChanges, type Degradation, type Kind, type Sample, type Table } from '../model/table.ts'

/** The list with every column of `added`; the same list where that is none. */
export function grownColumns(columns: readonly string[], added: readonly string[]): readonly string[] {
  if (columns === added) return columns
  const held = new Set(columns)
  const fresh = added.filter(column => !held.has(column))
  return fresh.length === 0 ? columns : [...columns, ...fresh]
}

export function sameOrder(a: readonly OrderTerm[], b: readonly OrderTerm[]): boolean {
  return a === b || (a.length === b.length && a.every((term, i) => term.column === b[i]?.column && term.descending === b[i]?.descending))
}

interface Shape {
  /** The key column of this stage's own table. */
  readonly key: string
  readonly columns: readonly string[]
  readonly order: readonly OrderTerm[]
  readonly kind: Kind
}

/** The table of one stage, updated in place, with what each sample changes of it. */
export class Output {
  #rows = new Map<string, Row>()
  #changes = new Map<string, Row | undefined>()
  #input: Table | undefined
  #anew = true
  /** What changed is not known by key. */
  #isWhole = false
  #columns: readonly string[] = []
  #table: Table | undefined

  get rows(): ReadonlyMap<string, Row> {
    return this.#rows
  }

  /**
   * Begins a sample. Columns only grow; an input with a new key column, or that lets columns go, begins the table anew.
   * @returns whether it begins anew, so that nothing held counts any more.
   */
  begin(input: Sample, shape: Shape): boolean {
    const before = this.#input
    const { table, changes } = input
    this.#anew = before === undefined || before.key !== table.key || (changes === 'all' && letsGo(before.columns, table.columns))
    this.#input = table
    this.#changes = new Map()
    this.#isWhole = this.#anew
    if (this.#anew) this.#rows = new Map()
    this.#columns = this.#anew ? shape.columns : grownColumns(this.#columns, shape.columns)
    const { key, order, kind } = shape
    const last = this.#table
    const same = last?.rows === this.#rows && last.columns === this.#columns && sameOrder(last.order, order) && last.kind === kind
    if (!same) this.#table = { key, columns: this.#columns, rows: this.#rows, order, kind }
    return this.#anew
  }

  /** A row that equals the one held by value leaves that one in place. */
  put(key: string, row: Row): void {
    const touched = this.#changes.has(key)
    const before = touched ? this.#changes.get(key) : this.#rows.get(key)
    if (before !== undefined && equalRows(before, row, this.#columns)) {
      this.#changes.delete(key)
      if (touched) this.#rows.set(key, before)
      return
    }
    if (!touched) this.#changes.set(key, before)
    this.#rows.set(key, row)
  }

  /** Like `put`, for a key that this sample has not touched before. */
  putOnce(key: string, row: Row): void {
    const before = this.#rows.get(key)
    if (before !== undefined && equalRows(before, row, this.#columns)) return
    this.#changes.set(key, before)
    this.#rows.set(key, row)
  }

  remove(key: string): void {
    const held = this.#rows.get(key)
    if (held === undefined) return
    this.#rows.delete(key)
    if (!this.#changes.has(key)) this.#changes.set(key, held)
    else if (this.#changes.get(key) === undefined) this.#changes.delete(key)
  }

  /**
   * Makes every row anew, which is cheaper than to look at each change by its key where most of them did; the sample says no more than
   * that. `isSame`: rows that come out are those that went in, so that equal ones are the same already.
   */
  remake(rows: ReadonlyMap<string, Row>, make: (row: Row, key: string) => Row | undefined, isSame: boolean): void {
    let kept = 0
    for (const [key, row] of rows) {
      const next = make(row, key)
      if (next === undefined) {
        this.#rows.delete(key)
        continue
      }
      kept++
      const before = isSame ? undefined : this.#rows.get(key)
      if (before === undefined || !equalRows(before, next, this.#columns)) this.#rows.set(key, next)
    }
    if (this.#rows.size > kept) for (const key of this.#rows.keys()) if (!rows.has(key)) this.#rows.delete(key)
    this.#isWhole = true
  }

  /** Ends the sample. What the input keeps back goes before what this stage does. */
  sample(input: Sample, own?: Degradation): Sample {
    const degraded = input.degraded ?? own
    const changes = this.#isWhole ? 'all' : this.#changes.size === 0 ? noChanges : this.#changes
    const { tick, time } = input
    if (this.#table === undefined) throw new Error('a sample ends that never began')
    return { table: this.#table, changes, tick, time, ...(degraded === undefined ? {} : { degraded }) }
  }
}

/** Whether so much of a table changed that it is cheaper to go through all of it. */
export function isDense({ table, changes }: Sample): boolean {
  return changes === 'all' || changes.size * 2 > table.rows.size
}

/**
 * Visits what a sample may have changed: the keys of its changes, or every row of the input and every key that is
 * held and has left.
 */
export function visitTouched(
  input: Sample,
  held: ReadonlyMap<string, unknown>,
  anew: boolean,
  visit: (key: string, row: Row | undefined) => void,
): void {
  const { rows } = input.table
  if (!anew && input.changes !== 'all') {
    for (const key of input.changes.keys()) visit(key, rows.get(key))
    return
  }
  for (const [key, row] of rows) visit(key, row)
  for (const key of held.keys()) if (!rows.has(key)) visit(key, undefined)
}
