import type { Decoded, Payload } from '../decode/payload.ts'
import type { Logger } from '../lib/log.ts'
import type { Table } from '../model/table.ts'
import type { AnswerOptions } from './answer.options.ts'
import type { PollAnswered, PollFacts } from './ask.ts'
import { Reading } from './reading.ts'
import { RemoteReading } from './remote-reading.ts'
import type { Tabulated, Taken } from './tabulate.ts'

/** What is told of an answer beside its rows. */
export type AnswerFacts = PollFacts & Pick<PollAnswered, 'isRemade'>

/** A larger body is read on another thread: it would hold up everybody else for too long. In bytes. */
const largeBytes = 2 * 1024 ** 2
/** Most threads at once; the answers of further sources are read on this one. */
const maxThreads = 8
let threads = 0

/** The answers of one source, whatever is asked, as polls. */
export class Answers {
  readonly #options: AnswerOptions
  readonly #name: string
  readonly #log: Logger
  readonly #reading: Reading
  /** Once an answer was large, all are read on another thread, which knows the table. */
  #remote: RemoteReading | undefined
  #table: Table | undefined
  /** Of the last answer: when they grow that is a change, though no row changed. */
  #columns: readonly string[] | undefined

  constructor(options: AnswerOptions, name: string, log: Logger) {
    this.#options = options
    this.#name = name
    this.#log = log
    this.#reading = new Reading(options, name, log)
  }

  /** How many rows stand in an answer. */
  countRows(decoded: Decoded): number {
    return this.#reading.countRows(decoded)
  }

  /** Goes on from a table of a run before. */
  resume(table: Table): void {
    this.#reading.resume(table)
    this.#table = table
    this.#columns = table.columns
  }

  /** The same answer as the one taken last. */
  same(): Tabulated {
    return this.#remote?.same() ?? this.#reading.same()
  }

  /**
   * Whether an answer of so many bytes is for `take`, and not to be decoded here.
   */
  isLarge(bytes: number): boolean {
    return this.#remote !== undefined || (bytes > largeBytes && threads < maxThreads)
  }

  /** @throws DecodeError when it cannot be made into rows, PollError where the thread that reads it ended; nothing is changed then */
  async take(payload: Payload, signal: AbortSignal): Promise<Tabulated> {
    if (!this.isLarge(payload.body.byteLength)) return this.#reading.take(payload)
    if (this.#remote === undefined) {
      threads++
      this.#remote = new RemoteReading(this.#options, this.#name, this.#log, this.#table)
    }
    return await this.#remote.take(payload, signal)
  }

  /** Ends the thread where there is one. */
  close(): void {
    if (this.#remote === undefined) return
    threads--
    this.#remote.close()
    this.#remote = undefined
  }

  /** @throws DecodeError */
  decode(payload: Payload): Decoded {
    return this.#reading.decode(payload)
  }

  /** @throws DecodeError when it cannot be made into rows; nothing is changed then */
  tabulate(decoded: Decoded & Pick<Taken, 'pages'>): Tabulated {
    return this.#reading.tabulate(decoded)
  }

  poll({ table, changes, degraded }: Tabulated, facts: AnswerFacts): PollAnswered {
    const isChange = changes === 'all' || changes.size > 0 || table.columns !== this.#columns
    this.#columns = table.columns
    this.#table = table
    const { spurious } = this.#remote?.told ?? this.#reading
    // Members that are added to a copy take five times the memory of those that it is copied to.
    return { kind: isChange ? 'changed' : 'unchanged', table, changes, spurious, ...(degraded === undefined ? {} : { degraded }), ...facts }
  }
}
