import { decode } from '../decode/decode.ts'
import type { Decoded, Dialect, Payload, Remark } from '../decode/payload.ts'
import type { Logger } from '../lib/log.ts'
import type { Table } from '../model/table.ts'
import type { AnswerOptions } from './answer.options.ts'
import type { Spurious } from './spurious-changes.ts'
import { Tabulator, type Tabulated, type Taken } from './tabulate.ts'

/** Answers in a row that cannot be read as the source's format, after which it is detected anew. */
const forgottenAfter = 3

/** Reads the answers of one source, each in the way of those before it, into its table. */
export class Reading {
  readonly #options: AnswerOptions
  readonly #name: string
  readonly #log: Logger
  readonly #tabulator: Tabulator
  /** How the answer that was taken last is written; the next one is read in the same way. */
  #dialect: Dialect | undefined
  /** Answers in a row that could not be read. */
  #misread = 0
  readonly #remarked = new Set<string>()

  constructor(options: AnswerOptions, name: string, log: Logger) {
    this.#options = options
    this.#name = name
    this.#log = log
    this.#tabulator = new Tabulator(options, name, log)
  }

  /** How rows and key were found: one sentence with the reason. Empty before the first answer. */
  get found(): string {
    return this.#tabulator.found
  }

  /** Changes that say nothing new, so far. */
  get spurious(): Spurious {
    return this.#tabulator.spurious
  }

  /** How many rows stand in an answer. */
  countRows(decoded: Decoded): number {
    return this.#tabulator.countRows(decoded)
  }

  /** Goes on from a table of a run before. */
  resume(table: Table): void {
    this.#tabulator.resume(table)
  }

  /** The same answer as the one taken last. */
  same(): Tabulated {
    return this.#tabulator.same()
  }

  /** @throws DecodeError when it cannot be made into rows; nothing is changed then */
  take(payload: Payload): Tabulated {
    return this.tabulate(this.decode(payload))
  }

  /** @throws DecodeError when it cannot be made into rows; nothing is changed then */
  tabulate(decoded: Decoded & Pick<Taken, 'pages'>): Tabulated {
    const tabulated = this.#tabulator.take(decoded)
    if (!tabulated.held) this.#dialect = { ...this.#dialect, ...decoded.dialect }
    return tabulated
  }

  /**
   * An upstream that changed its format for good, or was first heard while it was broken, is looked at anew.
   * @throws DecodeError
   */
  decode(payload: Payload): Decoded {
    try {
      const decoded = decode(payload, this.#options, this.#dialect)
      this.#misread = 0
      for (const remark of decoded.remarks ?? []) this.#remark(remark)
      return decoded
    } catch (error) {
      if (++this.#misread >= forgottenAfter) this.#dialect = undefined
      throw error
    }
  }

  /** Of each thing once. */
  #remark({ about, sentence }: Remark): void {
    if (!this.#remarked.has(about)) this.#log.warn({ source: this.#name }, `source '${this.#name}': ${sentence}`)
    this.#remarked.add(about)
  }
}
