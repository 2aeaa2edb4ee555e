import { findTypes, typedRow, type TextTypes } from '../decode/cell-type.ts'
import { DecodeError, quotable } from '../decode/decode-error.ts'
import { absentPath, findRows, type RowsGuess } from '../decode/find-rows.ts'
import { printKey } from '../decode/find-key.ts'
import type { Decoded } from '../decode/payload.ts'
import { isOfMembers, memberColumn, rowsAt, type RowsFound } from '../decode/rows-at.ts'
import { itemRow, keyRows, plainRows, type KeyedRows, type PlainRows, type RowLimits } from '../decode/rows.ts'
import type { Logger } from '../lib/log.ts'
import type { Cell } from '../model/row.ts'
import { emptyTable, noChanges, type Degradation, type Table } from '../model/table.ts'
import type { AnswerOptions } from './answer.options.ts'
import { FlappingRows } from './flapping-rows.ts'
import { guard, guardSame, newGuard, type GuardState } from './guard.ts'
import { KeySearch } from './key-search.ts'
import { Shape } from './shape.ts'
import { SpuriousChanges, type Spurious } from './spurious-changes.ts'
import { unify, type Unified } from './unify.ts'

/** What of a decoded answer becomes rows. */
export type Taken = Pick<Decoded, 'document' | 'isText' | 'isListless' | 'key' | 'degraded'> & {
  /** Further pages of the same answer: their rows follow those of the document. */
  readonly pages?: readonly Cell[]
}

export interface Tabulated extends Unified {
  readonly degraded?: Degradation
  /** Nothing of the answer was taken: a guard holds the last good table. */
  readonly held: boolean
  /** Rows that are gone are kept until another answer says so too: it has to be asked for in full. */
  readonly unsettled: boolean
}

type Options = Pick<AnswerOptions, 'rows' | 'key' | 'index' | 'ignore' | 'onDuplicateKey' | 'minRows' | 'maxDropPart'> &
  Partial<Pick<AnswerOptions, 'removeAfter' | 'deadband' | 'shape'>> &
  RowLimits

/** Polls for which one row must have been the answer before an array in its place is refused as another shape. */
const settledAfter = 20

/**
 * Makes a source's table of its documents: finds rows and key by looking and says so, keeps back what a guard holds,
 * and leaves what did not change as it was.
 */
export class Tabulator {
  readonly #options: Options
  readonly #say: (sentence: string) => void
  readonly #keys: KeySearch
  #table: Table | undefined
  #path: string | undefined
  /** Rows were seen there, so it is not looked for again. */
  #pathSettled: boolean
  #others: readonly string[] = []
  #kind: RowsFound['kind'] = 'absent'
  /** Polls in a row that were of this kind. */
  #polls = 0
  #guard: GuardState = newGuard
  readonly #flapping: FlappingRows
  readonly #shape: Shape | undefined
  readonly #spurious = new SpuriousChanges()
  #suggested = ''
  #degraded: Degradation | undefined
  /** Of an answer whose cells are texts; a column once typed stays so. */
  #types: TextTypes = new Map()
  #said = ''

  constructor(options: Options, name: string, log: Logger) {
    this.#options = options
    this.#path = options.rows
    this.#pathSettled = options.rows !== undefined
    this.#keys = new KeySearch(options.key)
    this.#shape = typeof options.shape === 'object' ? new Shape(options.shape) : undefined
    this.#flapping = new FlappingRows(options.removeAfter ?? 1, options.maxRows)
    this.#say = sentence => log.info({ source: name }, `source '${name}': ${sentence}`)
  }

  get table(): Table | undefined {
    return this.#table
  }

  /** Goes on from a table of a run before, which the guard keeps from an answer without rows as if it had seen it come. */
  resume(table: Table): void {
    this.#table = table
    this.#guard = { ...newGuard, rows: table.rows.size }
  }

  /** Changes that say nothing new, so far. */
  get spurious(): Spurious {
    return this.#spurious.seen
  }

  /** How rows and key were found: one sentence with the reason. Empty before the first answer. */
  get found(): string {
    return this.#table === undefined || this.#isConfigured ? '' : this.#sentence(this.#table)
  }

  /** The same document as the one taken last: proof of every promise, and nothing new. */
  same(): Tabulated {
    this.#guard = guardSame(this.#guard)
    this.#polls++
    if (this.#keys.confirm()) this.#announce()
    if (this.#table !== undefined) this.#spurious.add(this.#table, noChanges)
    return this.#unchanged(this.#degraded, false)
  }

  /** @throws DecodeError when it cannot be made into rows; nothing is changed then */
  take(decoded: Taken): Tabulated {
    const { document } = decoded
    const { path, others } = this.#look(document)
    const first = this.#at(decoded, path)
    const pages = decoded.pages ?? []
    const at =
      pages.length === 0 ? first : this.#together([first, ...pages.map(page => this.#at({ ...decoded, document: page }, path))], path)
    if (at.kind === 'absent' && this.#table === undefined) throw absentPath(document, path)
    const reshaped = this.#reshaped(at.kind, path)
    if (reshaped !== undefined) return this.#unchanged(reshaped, true)
    const { items, types } = this.#typed(at, decoded.isText === true)
    const plain = plainRows(items, this.#options.index && at.kind === 'array', this.#options)
    this.#shape?.check(plain.rows)
    const answer = { rows: items.length, profile: plain.profile, absent: at.kind === 'absent' }
    const verdict = guard(this.#guard, answer, { ...this.#options, learnsShape: this.#options.shape !== 'any' })
    if (verdict.degraded !== undefined) {
      if (this.#table === undefined) throw new DecodeError('rows', verdict.degraded.reason.replace(': the last rows are kept', ''))
      this.#guard = verdict.state
      return this.#unchanged(verdict.degraded, true)
    }
    const given = decoded.key ?? (isOfMembers(path) ? memberColumn : undefined)
    if (given !== undefined) this.#keys.given(given)
    const taken = this.#takeRows(plain, at.kind, path, decoded.degraded)
    this.#guard = verdict.state
    this.#types = types
    this.#settle(path, others, at.kind, items.length)
    return taken
  }

  /** How many rows stand in an answer. */
  countRows(decoded: Taken): number {
    const at = this.#at(decoded, this.#look(decoded.document).path)
    return at.kind === 'array' ? at.items.length : 0
  }

  #at({ document, isListless }: Taken, path: string): RowsFound {
    const { rows, maxCells } = this.#options
    const mayBeOne = isListless === true && (rows !== undefined || this.#kind === 'array')
    return rowsAt(document, path, { isListless: mayBeOne, isFoundByLooking: rows === undefined, maxCells })
  }

  /** The rows of all pages: part of an answer is none. */
  #together(pages: readonly RowsFound[], path: string): RowsFound {
    const items = pages.map((page, index) => {
      if (page.kind === 'array') return page.items
      throw new DecodeError('rows', `page ${index + 1} of ${pages.length} has no rows at ${quotable(path)}; say where they are with rows:`)
    })
    return { kind: 'array', items: items.flat() }
  }

  #typed(at: RowsFound, isText: boolean): { readonly items: readonly Cell[]; readonly types: TextTypes } {
    const items = at.kind === 'array' ? at.items : at.kind === 'document' ? [at.item] : []
    if (!isText || items.length > this.#options.maxRows) return { items, types: this.#types }
    const rows = items.map(itemRow)
    const types = findTypes(rows, this.#types)
    return { items: rows.map(row => typedRow(row, types)), types }
  }

  #look(document: Cell): RowsGuess {
    const held = { path: this.#path ?? '.', isArray: false, others: this.#others }
    if (this.#options.rows !== undefined) return held
    if (!this.#pathSettled) return findRows(document)
    // Found by looking and no longer there, which a guard has held once already: perhaps it moved.
    if (this.#guard.holdsFall && rowsAt(document, held.path).kind === 'absent') {
      const guess = findRows(document)
      if (guess.isArray) return guess
    }
    return held
  }

  /** An array that became an object is another shape; so is an object, known for long, that became an array. */
  #reshaped(kind: RowsFound['kind'], path: string): Degradation | undefined {
    const before = this.#kind
    if (this.#options.shape === 'any' || this.#table === undefined || kind === 'absent' || before === 'absent' || kind === before)
      return undefined
    if (before === 'array' ? this.#guard.rows === 0 && !this.#pathSettled : this.#polls < settledAfter) return undefined
    const where = path === '.' ? 'the document' : quotable(path)
    const [was, is] = before === 'array' ? ['an array', 'none'] : ['one object', 'an array']
    return { cause: 'shape', reason: `the last good rows are kept: ${where} was ${was} and is ${is}` }
  }

  #takeRows(plain: PlainRows, kind: RowsFound['kind'], path: string, partial: Degradation | undefined): Tabulated {
    const keyed = this.#key(plain, kind, path)
    const problem = keyProblem(keyed)
    // Rows that were not there yet when the document itself was taken for one have other columns than that.
    const isOther = this.#kind === 'document' && kind === 'array' && path !== this.#path
    const before = isOther ? undefined : this.#table
    const kept = this.#flapping.keep(before, keyed)
    const unified = unify(before, keyed, this.#options)
    this.#table = unified.table
    this.#count(unified)
    this.#degraded = problem ?? kept ?? partial
    return { held: false, unsettled: kept !== undefined, ...unified, ...(this.#degraded === undefined ? {} : { degraded: this.#degraded }) }
  }

  #count({ table, changes }: Unified): void {
    this.#spurious.add(table, changes)
    const { suggestion = '' } = this.#spurious.seen
    // The share moves with every poll: that there is something to ignore is said once.
    if (suggestion !== '' && this.#suggested === '') this.#say((this.#suggested = suggestion))
  }

  #key(plain: PlainRows, kind: RowsFound['kind'], path: string): KeyedRows {
    const { maxKeyBytes, onDuplicateKey } = this.#options
    if (kind === 'document' && this.#options.key === undefined) return keyRows(plain, { kind: 'document' }, maxKeyBytes)
    const keyed = this.#keys.apply(plain, path, maxKeyBytes)
    const problem = onDuplicateKey === 'fail' ? keyProblem(keyed) : undefined
    if (problem !== undefined) throw new DecodeError('key', `onDuplicateKey: fail: ${problem.reason}`)
    return keyed
  }

  #settle(path: string, others: readonly string[], kind: RowsFound['kind'], rows: number): void {
    this.#path = path
    this.#others = others
    this.#polls = kind === this.#kind ? this.#polls + 1 : 1
    if (kind !== 'absent') this.#kind = kind
    if (kind === 'array' && rows > 0) this.#pathSettled = true
    this.#announce()
  }

  #unchanged(degraded: Degradation | undefined, held: boolean): Tabulated {
    const table = this.#table ?? emptyTable('#')
    return { table, changes: noChanges, held, unsettled: held, ...(degraded === undefined ? {} : { degraded }) }
  }

  /** Says how rows and key were found whenever that, or how sure it is, changed. */
  #announce(): void {
    const table = this.#table
    if (table === undefined || this.#isConfigured) return
    // Rows come and go: only what was found, and how sure it is, is news.
    const news = `${this.#path ?? ''} ${this.#kind} ${this.#keys.state}`
    if (news === this.#said) return
    this.#said = news
    this.#say(this.#sentence(table))
  }

  /** Nothing is found by looking. */
  get #isConfigured(): boolean {
    return this.#options.rows !== undefined && this.#options.key !== undefined
  }

  #sentence(table: Table): string {
    return `${this.#rowsSentence(table)}${this.#keySentence()}`
  }

  #rowsSentence({ rows }: Table): string {
    if (this.#kind === 'document') {
      const why = this.#options.rows === undefined ? ': no array in it holds most of what it says' : ''
      return `1 row, the ${this.#path === '.' ? 'document' : `object at ${quotable(this.#path ?? '')}`} itself${why}`
    }
    const others =
      this.#options.rows === undefined && this.#others.length > 0 ? ` (arrays stand at ${quotable(this.#others.join(', '))} too)` : ''
    const where = this.#path === '.' ? 'in the document' : `at ${quotable(this.#path ?? '', 120)}`
    return `${rows.size} ${rows.size === 1 ? 'row' : 'rows'} ${where}${others}`
  }

  #keySentence(): string {
    return this.#kind === 'document' && this.#options.key === undefined ? '' : `, ${this.#keys.sentence}`
  }
}

function keyProblem({ key, duplicates, missing, rows }: KeyedRows): Degradation | undefined {
  const name = quotable(printKey([key]), 40)
  const parts: string[] = []
  if (duplicates.count > 0) {
    const examples = duplicates.examples.map(example => JSON.stringify(example)).join(', ')
    parts.push(
      `${duplicates.count} ${duplicates.count === 1 ? 'row has' : 'rows have'} a key (${name}) that another has: ${examples}; the last one wins`,
    )
  }
  if (missing.count > 0) {
    const all = rows.size + duplicates.count + missing.count
    parts.push(`${missing.count} of ${all} rows have no key (${name}) and are left out, such as place ${missing.places.join(', ')}`)
  }
  return parts.length === 0 ? undefined : { cause: 'key', reason: quotable(parts.join('; '), 200) }
}
