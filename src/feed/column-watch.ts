import { asOneLine } from '../lib/safe-text.ts'
import { didYouMean } from '../lib/suggest.ts'
import type { NamedColumns } from '../model/named-columns.ts'
import type { Table } from '../model/table.ts'

/**
 * Compares what is named of a table with the columns that its rows turn out to have. A row may lack any of them, and they may come late:
 * of a column that no row has it tells once, and that is no failure.
 */
export class ColumnWatch {
  readonly #read: () => readonly NamedColumns[]
  #named: readonly NamedColumns[] | undefined
  readonly #tell: (sentence: string) => void
  readonly #told: Set<string>
  /** Looked at last. */
  #columns: readonly string[] | undefined
  #missing: string | undefined

  /**
   * @param named called once there is a table to compare: it may take a while, as expressions are compiled for it
   * @param told what need not be told any more, and takes what is; default: nothing yet
   */
  constructor(named: () => readonly NamedColumns[], tell: (sentence: string) => void, told = new Set<string>()) {
    this.#read = named
    this.#tell = tell
    this.#told = told
  }

  /** A sentence for people: the first column that is named and that no row of the last table with rows had; undefined: they are all there. */
  get missing(): string | undefined {
    return this.#missing
  }

  look({ columns, rows }: Table): void {
    if (columns === this.#columns || rows.size === 0) return
    this.#columns = columns
    this.#missing = undefined
    const held = new Set(columns)
    this.#named ??= this.#read()
    for (const { place, columns: named } of this.#named)
      for (const column of named) {
        if (held.has(column)) continue
        const sentence = `${place}: no row has a column '${column}'${asOneLine(didYouMean(column, held))}`
        this.#missing ??= sentence
        this.#tellOnce(`${place} ${column}`, sentence)
      }
  }

  #tellOnce(what: string, sentence: string): void {
    if (this.#told.has(what)) return
    this.#told.add(what)
    this.#tell(sentence)
  }
}
