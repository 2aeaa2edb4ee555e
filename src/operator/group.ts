import { composedKeyColumn } from '../model/key.ts'
import { orderedEntries, rowComparator, type OrderTerm } from '../model/order.ts'
import { setCell, type Cell, type Row } from '../model/row.ts'
import type { Degradation, Sample, Table } from '../model/table.ts'
import { isOrdered, startAggregate, type Aggregate } from './aggregate.ts'
import { groupCellsOf, groupKeyColumn, groupKeyOf, GroupName } from './group-key.ts'
import { Output, sameOrder, visitTouched } from './output.ts'
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

/** A row with what its group takes of it, so that an expression runs once for each change of its row. */
interface Member {
  readonly row: Row
  readonly group: string
  /** The cells of `by`. */
  readonly name: readonly Cell[]
  /** The value for each aggregate. */
  readonly cells: readonly Cell[]
}

type Members = Map<string, Member>

function headerOf({ by, columns }: Group): { readonly key: string; readonly columns: readonly string[] } {
  const key = groupKeyColumn(by)
  return { key, columns: [...new Set([key, ...by, ...columns.keys()])] }
}

const counted: RowValue = () => true

function valuesOf(group: Pick<Group, 'columns'>): readonly RowValue[] {
  return [...group.columns.values()].map(({ value }) => (value === undefined ? counted : valueOf(value)))
}

/** The row of a group, and whether its rows name it by cells of several types. */
function groupRow(group: string, members: Iterable<Pick<Member, 'name' | 'cells'>>, { by, columns }: Pick<Group, 'by' | 'columns'>) {
  const name = new GroupName()
  const aggregates = [...columns.values()].map(aggregate => startAggregate(aggregate.name, aggregate.q))
  for (const member of members) {
    name.add(member.name)
    // The innermost loop of all: an iterator for each row would double its time.
    for (let i = 0; i < aggregates.length; i++) aggregates[i]?.add(member.cells[i] ?? null)
  }
  const row: Record<string, Cell> = {}
  for (const [i, column] of [...columns.keys()].entries()) setCell(row, column, aggregates[i]?.result() ?? null)
  for (const [i, column] of by.entries()) setCell(row, column, name.cells[i] ?? null)
  if (by.length !== 1) setCell(row, composedKeyColumn, group)
  return { row, mixed: name.mixed }
}

function plural(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? ' has' : 's have'}`
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}

/** Knows the members of each group, recomputes the groups that a change touches and forgets one with its last row. */
class GroupStage {
  readonly #group: Group
  readonly #header: { readonly key: string; readonly columns: readonly string[] }
  readonly #values: readonly RowValue[]
  readonly #having: RowPredicate
  readonly #output = new Output()
  readonly #members: Members = new Map()
  readonly #groups = new Map<string, Members>()
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

  constructor(group: Group) {
    this.#group = group
    this.#header = headerOf(group)
    this.#values = valuesOf(group)
    this.#isOrdered = [...group.columns.values()].some(isOrdered)
    this.#having = group.having === undefined ? () => true : predicateOf(group.having)
  }

  next(input: Sample): Sample {
    const anew = this.#output.begin(input, { ...this.#header, order: [], kind: 'table' })
    if (anew) this.#forget()
    visitTouched(input, this.#rowsHeld(input, anew), anew, (key, row) => this.#replace(key, row))
    this.#admit()
    if (this.#isOrdered && !sameOrder(this.#order, input.table.order)) {
      this.#order = input.table.order
      for (const group of this.#groups.keys()) this.#touched.add(group)
    }
    for (const group of this.#touched) this.#recompute(group)
    this.#touched.clear()
    return this.#output.sample(input, this.#degraded())
  }

  #forget(): void {
    this.#members.clear()
    this.#groups.clear()
    this.#keyless.clear()
    this.#leftOut.clear()
    this.#mixed.clear()
    if (this.#group.by.length > 0) return
    this.#groups.set('', new Map())
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
    if (before !== undefined) this.#leave(key, before)
    this.#keyless.delete(key)
    this.#leftOut.delete(key)
    if (row !== undefined) this.#enter(key, row)
  }

  #leave(key: string, member: Member): void {
    this.#members.delete(key)
    const group = this.#groups.get(member.group)
    group?.delete(key)
    this.#touched.add(member.group)
    if (group?.size === 0 && this.#group.by.length > 0) this.#groups.delete(member.group)
  }

  #enter(key: string, row: Row): void {
    const name = groupCellsOf(row, this.#group.by)
    const group = groupKeyOf(name)
    if (group === undefined) {
      this.#keyless.add(key)
      return
    }
    let members = this.#groups.get(group)
    if (members === undefined) {
      if (this.#groups.size >= this.#group.maxGroups) {
        this.#leftOut.set(key, row)
        return
      }
      members = new Map()
      this.#groups.set(group, members)
    }
    const member = { row, group, name, cells: this.#values.map(value => value(row, key)) }
    this.#members.set(key, member)
    members.set(key, member)
    this.#touched.add(group)
  }

  /** Lets rows in that were left out, where groups have gone. */
  #admit(): void {
    if (this.#leftOut.size === 0 || this.#groups.size >= this.#group.maxGroups) return
    const waiting = [...this.#leftOut]
    this.#leftOut.clear()
    for (const [key, row] of waiting) this.#enter(key, row)
  }

  #recompute(group: string): void {
    const members = this.#groups.get(group)
    this.#mixed.delete(group)
    if (members === undefined) {
      this.#output.remove(group)
      return
    }
    const { row, mixed } = groupRow(group, this.#isOrdered ? this.#inOrder(members) : members.values(), this.#group)
    if (mixed) this.#mixed.add(group)
    if (this.#having(row, group)) this.#output.put(group, row)
    else this.#output.remove(group)
  }

  #inOrder(members: Members): readonly Member[] {
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
export function group(options: Group): Operator {
  return stage(() => {
    const state = new GroupStage(options)
    return input => state.next(input)
  })
}

/** The definition of `group` without its cap (L10). */
export function naiveGroup(table: Table, options: Omit<Group, 'maxGroups'>): Table {
  const groups = new Map<string, Pick<Member, 'name' | 'cells'>[]>(options.by.length === 0 ? [['', []]] : [])
  for (const [key, row] of orderedEntries(table.rows, table.order)) {
    const name = groupCellsOf(row, options.by)
    const group = groupKeyOf(name)
    const member = { name, cells: valuesOf(options).map(value => value(row, key)) }
    if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), member])
  }
  const rows = [...groups].map(([group, members]) => [group, groupRow(group, members, options).row] as const)
  const kept = rows.filter(([name, row]) => options.having === undefined || predicateOf(options.having)(row, name))
  return { ...headerOf({ ...options, maxGroups: 0 }), rows: new Map(kept), order: [], kind: 'table' }
}
