import type { HttpSourceConfig } from '../../config/config.ts'
import { decode } from '../../decode/decode.ts'
import type { Dialect } from '../../decode/payload.ts'
import type { SourceDefinition, SourcePoller } from '../../feed/definition.ts'
import type { Clock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import type { Poll, PollFacts } from '../../source/ask.ts'
import { failureOf } from '../../source/failure.ts'
import { Tabulator } from '../../source/tabulate.ts'

/** A source of a config that answers what a test says, read as the source reads it. */
export class CannedSource {
  readonly definition: SourceDefinition
  readonly #source: HttpSourceConfig
  readonly #clock: Clock
  readonly #tabulator: Tabulator
  #dialect: Dialect | undefined
  #onPoll: (poll: Poll) => void = () => undefined

  constructor(source: HttpSourceConfig, definition: SourceDefinition, clock: Clock) {
    this.#source = source
    this.#clock = clock
    this.#tabulator = new Tabulator(source.http, source.name, silentLogger)
    this.definition = { ...definition, createPoller: onPoll => this.#create(onPoll) }
  }

  /** A poll brings this body; one that cannot be read fails, as it would. Returns why it did; undefined: it did not. */
  answer(text: string): string | undefined {
    const body = Buffer.from(text)
    const facts = { ...this.#facts(), status: 200, bytes: body.length }
    try {
      const decoded = decode({ body, mediaType: '' }, this.#source.http, this.#dialect)
      const { table, changes, degraded } = this.#tabulator.take(decoded)
      this.#dialect = { ...this.#dialect, ...decoded.dialect }
      const isChange = changes === 'all' || changes.size > 0
      this.#onPoll({ kind: isChange ? 'changed' : 'unchanged', table, changes, ...facts, ...(degraded === undefined ? {} : { degraded }) })
      return undefined
    } catch (error) {
      const { kind: cause, message: reason } = failureOf(error, { host: this.#source.name, phase: 'sending the body' })
      this.#onPoll({ kind: 'failed', cause, reason, ...facts })
      return reason
    }
  }

  fail(): void {
    this.#onPoll({ kind: 'failed', cause: 'refused', reason: 'the test has it fail', ...this.#facts() })
  }

  #facts(): PollFacts {
    return { at: this.#clock.now(), durationMs: 0, bytes: 0 }
  }

  #create(onPoll: (poll: Poll) => void): SourcePoller {
    this.#onPoll = onPoll
    const nothing = (): void => undefined
    return { start: nothing, stop: nothing, nudge: nothing, close: () => Promise.resolve(), nextAt: undefined, why: '' }
  }
}
