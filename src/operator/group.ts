import { composedKeyColumn } from '../model/key.ts'
import { orderedEntries, rowComparator, type OrderTerm } from '../model/order.ts'
import { setCell, type Cell, type Row } from '../model/row.ts'
import type { Degradation, Sample, Table } from '../model/table.ts'
import { startAggregate } from './accumulator.ts'
import { isOrdered, type Aggregate } from './aggregate.ts'
import { groupCellsOf, groupKeyColumn, groupKeyOf, GroupName } from './group-key.ts'
import { GroupSum, isNamed, type InOrder, type Member } from './group-sum.ts'
import { keysWithin, scanGroups, type ScannedGroup } from './group-scan.ts'
import { isDense, Output, sameOrder, visitTouched } from './output.ts'
import type { Traced, Traces } from './lineage.ts'
import { predicateOf, valueOf, type Condition, type RowPredicate, type RowValue } from './row-function.ts'
import { stage, type Operator } from './stage.ts'

export interface Group {
  /** The columns whose values make the groups; none: all rows are one, which is there also when no row is. */
  readonly by: readonly string[]
  readonly columns: ReadonlyMap<string, Aggregate>
  /** Judges a group by its own columns; `key` is the group's. */
  readonly having?: Condition
  /** Rows of further groups are left out, the newest groups first. */
  readonly maxGroups: number
}

function headerOf({ by, columns }: Group): { readonly key: string; readonly columns: readonly string[] } {
  const key = groupKeyColumn(by)
  return { key, columns: [...new Set([key, ...by, ...columns.keys()])] }
}

const counted: RowValue = () => true

function valuesOf(group: Pick<Group, 'columns'>): readonly RowValue[] {
  return [...group.columns.values()].map(({ value }) => (value === undefined ? counted : valueOf(value)))
}

/** The row of a group of this name; `columns`: those of the results. */
function groupRow(group: string, name: readonly Cell[], results: readonly Cell[], by: readonly string[], columns: readonly string[]): Row {
  const row: Record<string, Cell> = {}
  for (let i = 0; i < columns.length; i++) setCell(row, columns[i] ?? '', results[i] ?? null)
  for (let i = 0; i < by.length; i++) setCell(row, by[i] ?? '', name[i] ?? null)
  if (by.length !== 1) setCell(row, composedKeyColumn, group)
  return row
}

function plural(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? ' has' : 's have'}`
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}

/**
 * Knows the members of each group, keeps up the groups that a change touches and forgets one with its last row. Where most rows changed
 * it computes all groups in one go, and finds their members out again when it is to know them.
 */
class GroupStage {
  readonly #group: Group
  readonly #header: { readonly key: string; readonly columns: readonly string[] }
  readonly #values: readonly RowValue[]
  readonly #having: RowPredicate
  readonly #output = new Output()
  readonly #aggregates: readonly Aggregate[]
  readonly #columns: readonly string[]
  readonly #members = new Map<string, Member>()
  readonly #groups = new Map<string, GroupSum>()
  /** Rows without a usable group key. */
  readonly #keyless = new Set<string>()
  /** Rows of groups beyond `maxGroups`, the oldest first. */
  readonly #leftOut = new Map<string, Row>()
  /** Groups in which 42 and "42" meet. */
  readonly #mixed = new Set<string>()
  readonly #touched = new Set<string>()
  /** The order of the table, where aggregates go by it. */
  #order: readonly OrderTerm[] = []
  readonly #isOrdered: boolean
  /** The rows as they were last, while nobody knows which group they are in; the stage before changes them with its next sample alone. */
  #unknown: ReadonlyMap<string, Row> | undefined

  constructor(group: Group) {
    this.#group = group
    this.#header = headerOf(group)
    this.#values = valuesOf(group)
    this.#aggregates = [...group.columns.values()]
    this.#columns = [...group.columns.keys()]
    this.#isOrdered = this.#aggregates.some(isOrdered)
    this.#having = group.having === undefined ? () => true : predicateOf(group.having)
  }

  next(input: Sample): Sample {
    const anew = this.#output.begin(input, { ...this.#header, order: [], kind: 'table' })
    const scanned = !anew && !this.#isOrdered && isDense(input) ? this.#scan(input.table.rows) : undefined
    if (scanned !== undefined) return this.#showAll(scanned, input)
    const knowsNone = anew || this.#unknown !== undefined
    if (knowsNone) this.#forget()
    visitTouched(input, this.#rowsHeld(input, knowsNone), knowsNone, (key, row) => this.#replace(key, row))
    this.#admit()
    if (this.#isOrdered && !sameOrder(this.#order, input.table.order)) {
      this.#order = input.table.order
      for (const [name, sum] of this.#groups) {
        sum.reorder()
        this.#touched.add(name)
      }
    }
    for (const group of this.#touched) this.#recompute(group)
    this.#touched.clear()
    return this.#output.sample(input, this.#degraded())
  }

  /** The rows of a group. */
  trace(group: string): Traced {
    const { by } = this.#group
    return { keys: this.#unknown === undefined ? (this.#groups.get(group)?.members.keys() ?? []) : keysWithin(this.#unknown, group, by) }
  }

  #scan(rows: ReadonlyMap<string, Row>): ReadonlyMap<string, ScannedGroup> | undefined {
    const { by, maxGroups } = this.#group
    return scanGroups(rows, { by, maxGroups, aggregates: this.#aggregates, values: this.#values })
  }

  #showAll(groups: ReadonlyMap<string, ScannedGroup>, input: Sample): Sample {
    this.#forget()
    this.#touched.clear()
    this.#groups.clear()
    this.#unknown = input.table.rows
    for (const group of this.#output.rows.keys()) if (!groups.has(group)) this.#output.remove(group)
    for (const [group, { name, accumulators }] of groups)
      this.#show(
        group,
        name,
        accumulators.map(accumulator => accumulator.result()),
      )
    return this.#output.sample(input, this.#degraded())
  }

  /** No member of any group is known; what is shown of them is looked at again. */
  #forget(): void {
    this.#unknown = undefined
    for (const group of this.#output.rows.keys()) this.#touched.add(group)
    this.#members.clear()
    this.#groups.clear()
    this.#keyless.clear()
    this.#leftOut.clear()
    this.#mixed.clear()
    if (this.#group.by.length > 0) return
    this.#groups.set('', new GroupSum('', this.#aggregates))
    this.#touched.add('')
  }

  /** Every key that may have left; of interest only where the input says `all`. */
  #rowsHeld(input: Sample, anew: boolean): ReadonlyMap<string, unknown> {
    if (anew || input.changes !== 'all') return this.#members
    const keyless = [...this.#keyless].map((key): readonly [string, unknown] => [key, undefined])
    return new Map<string, unknown>([...this.#members, ...this.#leftOut, ...keyless])
  }

  #replace(key: string, row: Row | undefined): void {
    const before = this.#members.get(key)
    if (before !== undefined && before.row === row) return
    if (before !== undefined && row !== undefined && this.#update(key, before, row)) return
    if (before !== undefined) this.#leave(key, before)
    this.#keyless.delete(key)
    this.#leftOut.delete(key)
    if (row !== undefined) this.#enter(key, row)
  }

  /** Takes over a row whose group is named by the same cells; false where it may be another. */
  #update(key: string, member: Member, row: Row): boolean {
    if (!isNamed(row, this.#group.by, member.name)) return false
    member.group.update(member, row, this.#cellsOf(row, key))
    this.#touch(member.group)
    return true
  }

  #leave(key: string, member: Member): void {
    const { group } = member
    this.#members.delete(key)
    group.leave(key, member)
    this.#touch(group)
    if (group.members.size === 0 && this.#group.by.length > 0) this.#groups.delete(group.key)
  }

  #enter(key: string, row: Row): void {
    const name = groupCellsOf(row, this.#group.by)
    const group = groupKeyOf(name)
    if (group === undefined) {
      this.#keyless.add(key)
      return
    }
    let sum = this.#groups.get(group)
    if (sum === undefined) {
      // Behind those who wait, of which some may be of the same group: `#admit` lets in all of it, or none.
      if (this.#groups.size >= this.#group.maxGroups || this.#leftOut.size > 0) {
        this.#leftOut.set(key, row)
        return
      }
      sum = new GroupSum(group, this.#aggregates)
      this.#groups.set(group, sum)
    }
    this.#members.set(key, sum.enter(key, row, name, this.#cellsOf(row, key)))
    this.#touch(sum)
  }

  #touch(group: GroupSum): void {
    if (group.isTouched) return
    group.isTouched = true
    this.#touched.add(group.key)
  }

  #cellsOf(row: Row, key: string): readonly Cell[] {
    return this.#values.map(value => value(row, key))
  }

  /** Lets rows in that were left out, where groups have gone. */
  #admit(): void {
    if (this.#leftOut.size === 0 || this.#groups.size >= this.#group.maxGroups) return
    const waiting = [...this.#leftOut]
    this.#leftOut.clear()
    for (const [key, row] of waiting) this.#enter(key, row)
  }

  #recompute(group: string): void {
    const sum = this.#groups.get(group)
    this.#mixed.delete(group)
    if (sum === undefined) {
      this.#output.remove(group)
      return
    }
    sum.isTouched = false
    this.#show(group, sum.name, sum.results(this.#inOrder))
  }

  #show(group: string, name: GroupName, results: readonly Cell[]): void {
    if (name.mixed) this.#mixed.add(group)
    const row = groupRow(group, name.cells, results, this.#group.by, this.#columns)
    if (this.#having(row, group)) this.#output.putOnce(group, row)
    else this.#output.remove(group)
  }

  readonly #inOrder: InOrder = members => {
    const compare = rowComparator(this.#order)
    return [...members].sort(([keyA, a], [keyB, b]) => compare(a.row, keyA, b.row, keyB)).map(([, member]) => member)
  }

  #degraded(): Degradation | undefined {
    const { by, maxGroups } = this.#group
    const names = shortened(by.join(', '))
    const mixed = this.#mixed.values().next()
    if (this.#keyless.size > 0) return { cause: 'key', reason: `${plural(this.#keyless.size, 'row')} no ${names}` }
    if (mixed.done !== true) return { cause: 'key', reason: `${names} ${shortened(mixed.value)} is of several types; they are one group` }
    if (this.#leftOut.size === 0) return undefined
    const left = this.#leftOut.size === 1 ? '1 row of another is' : `${this.#leftOut.size} rows of others are`
    return { cause: 'cardinality', reason: `maxGroups: ${maxGroups} groups are held, ${left} left out` }
  }
}

/**
 * A row per group, with its aggregates. The key is the group's value where `by` is one column, else column `#`.
 * Rows whose value is null or nested belong to no group (`degraded: key`). The first and last of a group are those of the table's order.
 */
export function group(options: Group, traces?: Traces): Operator {
  return stage(() => {
    const state = new GroupStage(options)
    traces?.(key => state.trace(key))
    return input => state.next(input)
  })
}

/** The definition of `group` without its cap (L10). */
export function naiveGroup(table: Table, options: Omit<Group, 'maxGroups'>): Table {
  const groups = new Map<string, (readonly [key: string, row: Row])[]>(options.by.length === 0 ? [['', []]] : [])
  for (const entry of orderedEntries(table.rows, table.order)) {
    const group = groupKeyOf(groupCellsOf(entry[1], options.by))
    if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), entry])
  }
  const rows = [...groups].map(([group, entries]) => {
    const name = new GroupName()
    const accumulators = [...options.columns.values()].map(aggregate => startAggregate(aggregate.name, aggregate.q))
    for (const [key, row] of entries) {
      name.add(groupCellsOf(row, options.by))
      for (const [i, value] of valuesOf(options).entries()) accumulators[i]?.add(value(row, key))
    }
    const results = accumulators.map(accumulator => accumulator.result())
    return [group, groupRow(group, name.cells, results, options.by, [...options.columns.keys()])] as const
  })
  const kept = rows.filter(([name, row]) => options.having === undefined || predicateOf(options.having)(row, name))
  return { ...headerOf({ ...options, maxGroups: 0 }), rows: new Map(kept), order: [], kind: 'table' }
}
