import type { Decoded, Payload } from '../decode/payload.ts'
import type { Logger } from '../lib/log.ts'
import type { Table } from '../model/table.ts'
import type { AnswerOptions } from './answer.options.ts'
import type { PollAnswered, PollFacts } from './ask.ts'
import { Reading } from './reading.ts'
import type { Tabulated, Taken } from './tabulate.ts'

/** What is told of an answer beside its rows. */
export type AnswerFacts = PollFacts & Pick<PollAnswered, 'isRemade'>

/** The answers of one source, whatever is asked, as polls. */
export class Answers {
  readonly #reading: Reading
  /** Of the last answer: when they grow that is a change, though no row changed. */
  #columns: readonly string[] | undefined

  constructor(options: AnswerOptions, name: string, log: Logger) {
    this.#reading = new Reading(options, name, log)
  }

  /** How many rows stand in an answer. */
  countRows(decoded: Decoded): number {
    return this.#reading.countRows(decoded)
  }

  /** Goes on from a table of a run before. */
  resume(table: Table): void {
    this.#reading.resume(table)
    this.#columns = table.columns
  }

  /** The same answer as the one taken last. */
  same(): Tabulated {
    return this.#reading.same()
  }

  /** @throws DecodeError when it cannot be made into rows; nothing is changed then */
  take(payload: Payload): Tabulated {
    return this.#reading.take(payload)
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
    const { found, spurious } = this.#reading
    return {
      kind: isChange ? 'changed' : 'unchanged',
      table,
      changes,
      ...(degraded === undefined ? {} : { degraded }),
      ...(found === '' ? {} : { found }),
      spurious,
      ...facts,
    }
  }
}
