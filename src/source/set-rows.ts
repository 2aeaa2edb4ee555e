import { DecodeError } from '../decode/decode-error.ts'
import type { Decoded } from '../decode/payload.ts'
import { rowsAt } from '../decode/rows-at.ts'
import { keyRows, plainRows } from '../decode/rows.ts'
import { composedKeyColumn } from '../model/key.ts'
import type { Cell, Row } from '../model/row.ts'
import { emptyTable, noChanges, type Degradation, type Table } from '../model/table.ts'
import type { AnswerOptions } from './answer.options.ts'
import type { Tabulated } from './tabulate.ts'
import { rowSettler } from './settle-row.ts'
import { Shape } from './shape.ts'

/**
 * A table that messages set rows of, one or some at a time; rows that they do not name stay as they are. Over `maxRows` those that
 * were not set for longest go.
 */
export class SetRows {
  readonly #options: AnswerOptions
  readonly #key: readonly string[]
  readonly #shape: Shape | undefined
  /** This stage's own, updated in place; those set last are at its end. */
  #rows = new Map<string, Row>()
  #table: Table
  #isNew = true
  #degraded: Degradation | undefined

  constructor(options: AnswerOptions, key: readonly string[], before?: Table) {
    const [column = composedKeyColumn] = key.length === 1 ? key : []
    this.#options = options
    this.#key = key
    this.#shape = typeof options.shape === 'object' ? new Shape(options.shape) : undefined
    this.#table = { ...emptyTable(column), rows: this.#rows }
    if (before?.key !== column) return
    this.#rows = new Map(before.rows)
    this.#table = { ...before, rows: this.#rows }
    this.#isNew = false
  }

  /** Nothing new was said. */
  same(): Tabulated {
    return this.#tabulated(this.#isNew ? 'all' : noChanges)
  }

  /** @throws DecodeError where a row of the message is not of the configured shape */
  check({ document }: Decoded): void {
    this.#shape?.check(plainRows(this.#itemsOf(document), false, { ...this.#options, maxRows: Infinity }).rows)
  }

  /** @throws DecodeError when one of the messages cannot be taken; nothing is changed then */
  take(messages: readonly Decoded[]): Tabulated {
    const items = messages.flatMap(({ document }) => this.#itemsOf(document))
    if (items.length === 0) return this.same()
    // Messages are not rows: of one row there may be many, and what is too much of those goes below.
    const rows = plainRows(items, false, { ...this.#options, maxRows: Infinity })
    const keyed = keyRows(rows, { kind: 'columns', paths: this.#key }, this.#options.maxKeyBytes)
    const isMissing = keyed.missing.count > 0
    this.#degraded = isMissing ? { cause: 'key', reason: `${keyed.missing.count} rows have no key and are left out` } : undefined
    this.#grow(keyed.columns)
    const changes = new Map<string, Row | undefined>()
    const settle = rowSettler(this.#table.columns, this.#options)
    for (const [key, row] of keyed.rows) {
      const before = this.#rows.get(key)
      const after = before === undefined ? row : settle(before, row)
      this.#rows.delete(key)
      this.#rows.set(key, after)
      if (after !== before) changes.set(key, before)
    }
    this.#drop(changes)
    return this.#tabulated(this.#isNew ? 'all' : changes)
  }

  /** A message without the place where rows are is about something else, such as that it was subscribed to. */
  #itemsOf(document: Cell): readonly Cell[] {
    const at = rowsAt(document, this.#options.rows ?? '.', { maxCells: this.#options.maxCells })
    return at.kind === 'array' ? at.items : at.kind === 'document' ? [at.item] : []
  }

  #grow(columns: readonly string[]): void {
    const held = new Set(this.#table.columns)
    const added = columns.filter(column => !held.has(column))
    if (held.size + added.length > this.#options.maxColumns)
      throw new DecodeError('too_large', `maxColumns: ${this.#options.maxColumns} exceeded`, 'maxColumns')
    if (added.length > 0) this.#table = { ...this.#table, columns: [...this.#table.columns, ...added] }
  }

  #drop(changes: Map<string, Row | undefined>): void {
    const { maxRows } = this.#options
    if (this.#rows.size <= maxRows) return
    for (const [key, row] of this.#rows) {
      if (this.#rows.size <= maxRows) break
      this.#rows.delete(key)
      if (changes.get(key) === undefined && changes.has(key)) changes.delete(key)
      else changes.set(key, changes.get(key) ?? row)
    }
    this.#degraded = { cause: 'cardinality', reason: `maxRows: ${maxRows} exceeded: rows that were not set for longest are gone` }
  }

  #tabulated(changes: Tabulated['changes']): Tabulated {
    this.#isNew = false
    const degraded = this.#degraded === undefined ? {} : { degraded: this.#degraded }
    return { table: this.#table, changes, held: false, unsettled: false, ...degraded }
  }
}
