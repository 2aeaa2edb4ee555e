import { findKey, printKey } from '../decode/find-key.ts'
import { quotable } from '../decode/decode-error.ts'
import { keyRows, type KeyedRows, type PlainRows } from '../decode/rows.ts'

/** Polls without a repeat after which a key that was found by looking counts as confirmed. */
const confirmedAfter = 3
/** Answers in a row with repeats or gaps after which a confirmed key is given up. */
const givenUpAfter = 3

/**
 * The key of a source's rows: as configured, or found by looking and confirmed over polls. A guess that an answer
 * refutes before it is confirmed is dropped at once; a confirmed one only when it stays wrong, because another key is
 * another table. Where none will do, rows are keyed by their place.
 */
export class KeySearch {
  readonly #configured: readonly string[] | undefined
  /** The column by which the answer itself tells rows apart. */
  #given: string | undefined
  #paths: readonly string[] | undefined
  #others: readonly string[] = []
  #tried: readonly string[] = []
  /** Looked, with rows to look at. */
  #looked = false
  #goodPolls = 0
  #badPolls = 0
  /** The last answer had more than one row, without which nothing can be unique. */
  #hadMany = false
  readonly #struck = new Map<string, string>()

  constructor(configured: readonly string[] | undefined) {
    this.#configured = configured
  }

  /** Changes when another key is used, or one is confirmed. */
  get state(): string {
    return `${this.#paths === undefined ? '#' : printKey(this.#paths)} ${this.#goodPolls >= confirmedAfter} ${this.#looked}`
  }

  /** `key station_id, unique in 3 polls`, or what was tried. */
  get sentence(): string {
    if (this.#configured !== undefined) return `key ${quotable(printKey(this.#configured))} as configured`
    if (this.#given !== undefined) return `key ${quotable(this.#given)}, by which the answer itself tells rows apart`
    if (!this.#looked) return 'no rows yet to find a key in'
    if (this.#paths === undefined) {
      const tried = this.#tried.length === 0 ? 'no column is called like one' : `tried ${quotable(this.#tried.slice(0, 4).join(', '), 120)}`
      return `no key found (${tried}): rows are told apart by their place, column #; name one with key:`
    }
    const polls = Math.max(1, this.#goodPolls)
    const others = this.#others.length === 0 ? '' : ` (as is ${quotable(this.#others.slice(0, 3).join(', '))})`
    return `key ${quotable(printKey(this.#paths))}, unique in ${polls} ${polls === 1 ? 'poll so far' : 'polls'}${others}`
  }

  /** The answer itself tells rows apart by this column: nothing is looked for, unless a key is configured. */
  given(column: string): void {
    this.#given = column
  }

  /** The same rows once more. @returns whether a key that was a guess is confirmed by that */
  confirm(): boolean {
    if (this.#badPolls !== 0 || !this.#hadMany) return false
    return ++this.#goodPolls === confirmedAfter
  }

  /** @throws DecodeError as `keyRows` does */
  apply(plain: PlainRows, rowsPath: string, maxKeyBytes: number): KeyedRows {
    if (this.#configured !== undefined) return keyRows(plain, { kind: 'columns', paths: this.#configured }, maxKeyBytes)
    if (this.#given !== undefined) return keyRows(plain, { kind: 'columns', paths: [this.#given] }, maxKeyBytes)
    if (!this.#looked && plain.rows.length > 0) this.#look(plain, rowsPath)
    if (this.#paths === undefined) return keyRows(plain, { kind: 'place' }, maxKeyBytes)
    const keyed = this.#tryKey(plain, this.#paths, maxKeyBytes)
    if (keyed === undefined) return this.#again(plain, rowsPath, maxKeyBytes, 'in no row')
    const wrong =
      keyed.missing.count > 0 ? 'not in every row' : keyed.duplicates.count > 0 ? `${keyed.duplicates.examples[0] ?? ''} twice` : ''
    if (wrong !== '') return this.#refuted(plain, rowsPath, maxKeyBytes, keyed, wrong)
    this.#badPolls = 0
    this.#hadMany = plain.rows.length > 1
    if (this.#hadMany) this.#goodPolls++
    return keyed
  }

  #tryKey(plain: PlainRows, paths: readonly string[], maxKeyBytes: number): KeyedRows | undefined {
    const isThere = plain.rows.length === 0 || paths.every(path => plain.profile.has(path) || plain.profile.has(path.split('.')[0] ?? ''))
    return isThere ? keyRows(plain, { kind: 'columns', paths }, maxKeyBytes) : undefined
  }

  #refuted(plain: PlainRows, rowsPath: string, maxKeyBytes: number, keyed: KeyedRows, why: string): KeyedRows {
    this.#badPolls++
    const isConfirmed = this.#goodPolls >= confirmedAfter
    return isConfirmed && this.#badPolls < givenUpAfter ? keyed : this.#again(plain, rowsPath, maxKeyBytes, why)
  }

  #again(plain: PlainRows, rowsPath: string, maxKeyBytes: number, why: string): KeyedRows {
    this.#struck.set(printKey(this.#paths ?? []), why)
    this.#look(plain, rowsPath)
    return this.apply(plain, rowsPath, maxKeyBytes)
  }

  #look({ rows, profile }: PlainRows, rowsPath: string): void {
    const { paths, others, tried } = findKey(rows, [...profile.keys()], rowsPath, this.#struck)
    this.#paths = paths
    this.#others = others
    this.#tried = tried
    this.#looked = true
    this.#goodPolls = this.#badPolls = 0
  }
}
