import { checkRows, columnsOf, itemRow, keyRows, type KeyedRows, type KeyPlan, type RowLimits } from '../decode/rows.ts'
import { absentPath, findRows, rowsAt } from '../decode/find-rows.ts'
import { findKey, refutation } from '../decode/find-key.ts'
import type { Logger } from '../lib/log.ts'
import type { Cell, Row } from '../model/row.ts'
import type { Degradation, Table } from '../model/table.ts'
import type { HttpOptions } from './http.options.ts'
import { PollError } from './failure.ts'
import { guard, guardSame, newGuard, type GuardState } from './guard.ts'
import { unify, type Unified } from './unify.ts'

export interface Tabulated extends Unified {
  readonly degraded?: Degradation
}

/** Polls after which a key that was found counts as sure, and is said. */
const sureAfter = 3

type Options = Pick<HttpOptions, 'rows' | 'key' | 'index' | 'ignore' | 'onDuplicateKey'> & RowLimits

/** Makes a source's table of its documents: finds rows and key by looking, says so, and keeps back what a guard holds. */
export class Tabulator {
  readonly #options: Options
  readonly #name: string
  readonly #log: Logger
  #table: Table | undefined
  #rowsPath: string | undefined
  #foundKey: string | undefined
  #keyTried: string | undefined
  #polls = 0
  #said = ''
  #guard: GuardState = newGuard

  constructor(options: Options, name: string, log: Logger) {
    this.#options = options
    this.#name = name
    this.#log = log
    this.#rowsPath = options.rows
  }

  get table(): Table | undefined {
    return this.#table
  }

  /** The same document again. */
  same(): void {
    this.#guard = guardSame(this.#guard)
    this.#polls++
  }

  /** @throws DecodeError, PollError */
  take(document: Cell): Tabulated {
    this.#rowsPath ??= findRows(document)
    const found = rowsAt(document, this.#rowsPath)
    if (found.kind === 'absent' && this.#table === undefined) throw absentPath(document, this.#rowsPath)
    if (found.kind === 'document' && this.#table !== undefined && this.#guard.rows > 0 && !this.#isDocument)
      return this.#keep({ cause: 'shape', reason: `the last good rows are kept: ${this.#rowsPath} was an array and is none` })
    this.#isDocument = found.kind === 'document'
    const items = found.kind === 'array' ? found.items.map(itemRow) : found.kind === 'document' ? [itemRow(found.item)] : []
    const rows = this.#options.index ? items.map((row, index): Row => ({ ...row, index })) : items
    checkRows(rows, columnsOf(rows), this.#options)
    const keyed = this.#key(rows)
    const verdict = guard(this.#guard, keyed.rows, keyed.columns)
    this.#guard = verdict.state
    if (verdict.degraded !== undefined) return this.#keep(verdict.degraded)
    const unified = unify(this.#table, keyed.key, keyed.columns, keyed.rows, this.#options.ignore)
    this.#table = unified.table
    this.#polls++
    this.#say(keyed)
    return { ...unified, ...degradedKey(keyed) }
  }

  #isDocument = false

  #keep(degraded: Degradation): Tabulated {
    // A guard only keeps back what differs from something that was taken.
    const table = this.#table ?? { key: '#', columns: ['#'], rows: new Map(), order: [], kind: 'table' as const }
    return { table, changes: new Map(), degraded }
  }

  #key(rows: readonly Row[]): KeyedRows {
    const { maxKeyBytes } = this.#options
    const keyed = keyRows(rows, this.#keyPlan(rows), maxKeyBytes)
    if (keyed.duplicates.count > 0 && this.#options.onDuplicateKey === 'fail')
      throw new PollError('key', `onDuplicateKey: ${keyed.key} ${keyed.duplicates.examples.join(', ')} stands more than once`.slice(0, 200))
    return keyed
  }

  #keyPlan(rows: readonly Row[]): KeyPlan {
    if (this.#options.key !== undefined) return { kind: 'columns', paths: this.#options.key }
    if (this.#isDocument) return { kind: 'document' }
    const held = this.#foundKey
    if (held !== undefined) {
      const why = refutation(rows, held)
      if (why === undefined) return { kind: 'columns', paths: [held] }
      this.#log.warn({ source: this.#name }, `source '${this.#name}': ${held} is no key after all: ${why}`)
      this.#foundKey = undefined
    } else if (this.#keyTried !== undefined) return { kind: 'place' }
    const { key, tried } = findKey(rows, columnsOf(rows))
    this.#foundKey = key
    // Without rows nothing was refuted: look again when there are some.
    this.#keyTried = key === undefined && rows.length > 0 ? tried : undefined
    return key === undefined ? { kind: 'place' } : { kind: 'columns', paths: [key] }
  }

  /** Says aloud how rows and key were found, once it is sure, and again when that changes. */
  #say(keyed: KeyedRows): void {
    if (this.#polls < sureAfter && this.#keyTried === undefined && !this.#isDocument) return
    const what = this.#isDocument ? 'one document' : `${keyed.rows.size} rows${this.#rowsPath === '.' ? '' : ` at ${this.#rowsPath ?? ''}`}`
    const how =
      this.#options.key !== undefined || this.#isDocument
        ? ''
        : this.#foundKey === undefined
          ? `; no key found (${this.#keyTried ?? ''}): rows are told apart by their place; name one with key:`
          : `, key ${this.#foundKey}, unique in ${this.#polls} polls`
    const key = `${this.#rowsPath ?? ''} ${this.#foundKey ?? ''}`
    if (this.#said === key) return
    this.#said = key
    this.#log.info({ source: this.#name }, `source '${this.#name}': ${what}${how}`)
  }
}

function degradedKey({ key, duplicates, missing, rows }: KeyedRows): { readonly degraded?: Degradation } {
  if (duplicates.count > 0) {
    const reason = `${duplicates.count} rows have a ${key} that another row has too (${duplicates.examples.join(', ')}): the last one wins`
    return { degraded: { cause: 'key', reason: reason.slice(0, 200) } }
  }
  if (missing === 0) return {}
  return { degraded: { cause: 'key', reason: `${missing} of ${missing + rows.size} rows have no ${key}: they are left out`.slice(0, 200) } }
}
