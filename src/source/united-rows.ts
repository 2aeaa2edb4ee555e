import { exceeded } from '../decode/decode-error.ts'
import { composedKey, composedKeyColumn, keyOf } from '../model/key.ts'
import { cellOf, equalRows, rowOf, type Cell, type Row } from '../model/row.ts'
import { noChanges, type Changes, type Table } from '../model/table.ts'
import type { MemberValue } from './each.options.ts'
import type { Unified } from './unify.ts'

/** What a member has brought. */
export interface MemberTable {
  readonly value: MemberValue
  readonly table: Table
  readonly changes: Changes
}

/**
 * The rows of all members as one table: each has its member's value in a column of its own, which is the key where every member is one
 * row, and part of it elsewhere. What a member did not bring stays as it was.
 */
export class UnitedRows {
  readonly #name: string
  readonly #maxRows: number
  #table: Table | undefined
  /** By member the keys of its rows. */
  readonly #keys = new Map<string, ReadonlySet<string>>()
  /** The last table of each member. */
  readonly #tables = new Map<string, { readonly value: MemberValue; readonly table: Table }>()
  /** Members of which changes were not taken: their next ones tell only a part. */
  readonly #behind = new Set<string>()

  /** `name`: of the column that tells the members. */
  constructor(name: string, maxRows: number) {
    this.#name = name
    this.#maxRows = maxRows
  }

  get table(): Table | undefined {
    return this.#table
  }

  /** Goes on from a table of a run before. */
  resume(table: Table): void {
    this.#table = table
    const keys = new Map<string, Set<string>>()
    for (const [key, row] of table.rows) {
      const member = keyOf(cellOf(row, this.#name)) ?? ''
      keys.set(member, (keys.get(member) ?? new Set()).add(key))
    }
    for (const [member, its] of keys) this.#keys.set(member, its)
  }

  /**
   * Takes what members have brought; whoever is none of `members` any more leaves with its rows.
   * @throws DecodeError `too_large` over `maxRows`; nothing is changed then
   */
  take(brought: readonly MemberTable[], members: ReadonlySet<string>): Unified {
    const size = this.#sizeAfter(brought, members)
    if (size > this.#maxRows) {
      for (const { value } of brought) this.#behind.add(String(value))
      throw exceeded('maxRows', String(this.#maxRows))
    }
    for (const { value, table } of brought) this.#tables.set(String(value), { value, table })
    for (const member of this.#tables.keys()) if (!members.has(member)) this.#tables.delete(member)
    const before = this.#table
    const key = this.#keyColumn(before)
    if (before === undefined || before.key !== key) return this.#anew(key)
    return this.#goOn(before, brought, members)
  }

  #sizeAfter(brought: readonly MemberTable[], members: ReadonlySet<string>): number {
    const sizes = new Map([...this.#keys].map(([member, keys]) => [member, keys.size]))
    for (const { value, table } of brought) sizes.set(String(value), table.rows.size)
    return [...sizes].reduce((sum, [member, size]) => sum + (members.has(member) ? size : 0), 0)
  }

  /** One column is enough where every member is one row; whether it is cannot be told of members without rows. */
  #keyColumn(before: Table | undefined): string {
    const tables = [...this.#tables.values()].filter(({ table }) => table.rows.size > 0)
    if (tables.length === 0) return before?.key ?? composedKeyColumn
    return tables.every(({ table }) => table.key === composedKeyColumn && table.rows.has('')) ? this.#name : composedKeyColumn
  }

  #anew(key: string): Unified {
    this.#keys.clear()
    this.#behind.clear()
    const rows = new Map<string, Row>()
    const columns = new Set([key, this.#name])
    for (const [member, { value, table }] of this.#tables) {
      const its = new Set<string>()
      for (const row of table.rows.values()) {
        const made = this.#row(key, value, table, row)
        its.add(made[0])
        rows.set(...made)
      }
      this.#keys.set(member, its)
      for (const column of this.#columnsOf(table)) columns.add(column)
    }
    this.#table = { key, columns: [...columns], rows, order: [], kind: 'table' }
    return { table: this.#table, changes: 'all' }
  }

  #goOn(before: Table, brought: readonly MemberTable[], members: ReadonlySet<string>): Unified {
    const columns = new Set(before.columns)
    for (const { table } of brought) for (const column of this.#columnsOf(table)) columns.add(column)
    const next = new NextRows(before.rows, columns.size === before.columns.length ? before.columns : [...columns])
    for (const [member, keys] of this.#keys) {
      if (members.has(member)) continue
      for (const key of keys) next.delete(key)
      this.#keys.delete(member)
    }
    for (const { value, table, changes } of brought)
      this.#put(next, before.key, value, table, this.#behind.delete(String(value)) ? 'all' : changes)
    const { changes, rows } = next
    if (changes.size === 0 && next.columns === before.columns) return { table: before, changes: noChanges }
    this.#table = { ...before, columns: next.columns, rows }
    return { table: this.#table, changes }
  }

  #put(next: NextRows, key: string, value: MemberValue, table: Table, changes: Changes): void {
    const member = String(value)
    const known = this.#keys.get(member)
    if (known !== undefined && changes !== 'all' && changes.size === 0) return
    const its = new Set<string>()
    for (const [rowKey, row] of table.rows) {
      const isSame = known !== undefined && changes !== 'all' && !changes.has(rowKey)
      const name = isSame ? this.#nameOf(key, value, table, row) : next.set(...this.#row(key, value, table, row))
      its.add(name)
    }
    for (const gone of known ?? []) if (!its.has(gone)) next.delete(gone)
    this.#keys.set(member, its)
  }

  #nameOf(key: string, value: MemberValue, table: Table, row: Row): string {
    return key === this.#name ? String(value) : (composedKey([value, cellOf(row, table.key)]) ?? '')
  }

  #row(key: string, value: MemberValue, table: Table, row: Row): readonly [name: string, row: Row] {
    const name = this.#nameOf(key, value, table, row)
    const own = this.#columnsOf(table).flatMap((column): (readonly [string, Cell])[] =>
      Object.hasOwn(row, column) && column !== this.#name ? [[column, cellOf(row, column)]] : [],
    )
    const head: (readonly [string, Cell])[] =
      key === this.#name
        ? [[key, value]]
        : [
            [key, name],
            [this.#name, value],
          ]
    return [name, rowOf([...head, ...own])]
  }

  /** A key that was put together, or a place, is told by the united one. */
  #columnsOf({ columns }: Table): readonly string[] {
    return columns.filter(column => column !== composedKeyColumn)
  }
}

/** Rows that change: copied once the first of them does. */
class NextRows {
  readonly columns: readonly string[]
  readonly changes = new Map<string, Row | undefined>()
  readonly #before: ReadonlyMap<string, Row>
  #rows: Map<string, Row> | undefined

  constructor(before: ReadonlyMap<string, Row>, columns: readonly string[]) {
    this.#before = before
    this.columns = columns
  }

  get rows(): ReadonlyMap<string, Row> {
    return this.#rows ?? this.#before
  }

  /** A row that says the same as the one before stays that one. @returns its name */
  set(name: string, row: Row): string {
    const old = this.#before.get(name)
    if (old === undefined || !equalRows(old, row, this.columns)) {
      this.changes.set(name, old)
      this.#own().set(name, row)
    }
    return name
  }

  delete(name: string): void {
    const old = this.#before.get(name)
    if (old === undefined) return
    this.changes.set(name, old)
    this.#own().delete(name)
  }

  #own(): Map<string, Row> {
    this.#rows ??= new Map(this.#before)
    return this.#rows
  }
}
