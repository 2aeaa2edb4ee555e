import type { Payload } from '../decode/payload.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { formatDuration } from '../lib/unit.ts'
import type { Table } from '../model/table.ts'
import type { AnswerOptions } from './answer.options.ts'
import { Answers } from './answers.ts'
import type { Ask, Poll, PollFacts } from './ask.ts'
import { Deadline, readingMs } from './deadline.ts'
import { closedSource, failedPoll, failureOf, PollError } from './failure.ts'
import type { Tabulated } from './tabulate.ts'

export interface AskDeps {
  /** Of the source, for the log. */
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
}

/** A whole document as it was found. */
export interface Found extends Payload {
  /** Since when it is as it is, ms since 1970 UTC. */
  readonly asOf?: number
}

/** Whatever yields a whole document each time it is asked. */
export interface DocumentOrigin {
  /** For people, in reasons: `the file x.csv`. */
  readonly what: string
  /**
   * The document; `same`: it is the one that was taken last, without a look at its bytes.
   * @throws PollError; when the signal is aborted anything
   */
  find(signal: AbortSignal): Promise<Found | 'same'>
  /** What was found last was taken; `false`: it has to be found again in full. */
  taken?(isSettled: boolean): void
}

/** Asks for a whole document within its deadline, and makes a table of it. */
export class DocumentAsk implements Ask {
  readonly #origin: DocumentOrigin
  readonly #options: AnswerOptions
  readonly #deps: AskDeps
  readonly #answers: Answers
  /** The bytes that the table was made of. */
  #held: Buffer | undefined
  /** Since when that is as it is. */
  #asOf: number | undefined
  /** A look that does not end, as on a network file system that hangs: no other is begun beside it. */
  #finding: Promise<Found | 'same'> | undefined
  #underWay: Deadline | undefined
  #closed = false

  constructor(origin: DocumentOrigin, options: AnswerOptions, deps: AskDeps) {
    this.#origin = origin
    this.#options = options
    this.#deps = deps
    this.#answers = new Answers(options, deps.name, deps.log)
  }

  resume(table: Table): void {
    this.#answers.resume(table)
  }

  async poll(): Promise<Poll> {
    const { clock } = this.#deps
    const began = clock.monotonic()
    const deadline = new Deadline(clock, this.#options.timeoutMs)
    this.#underWay = deadline
    const timing = (): Pick<PollFacts, 'at' | 'durationMs'> => ({ at: clock.now(), durationMs: clock.monotonic() - began })
    try {
      const { tabulated, ...told } = await this.#ask(deadline)
      return this.#answers.poll(tabulated, { ...told, ...timing() })
    } catch (error) {
      return failedPoll(this.#failureOf(error, deadline), timing())
    } finally {
      deadline.lift()
      this.#underWay = undefined
    }
  }

  close(): Promise<void> {
    this.#closed = true
    this.#underWay?.abort()
    this.#answers.close()
    return Promise.resolve()
  }

  async #ask(deadline: Deadline): Promise<{ readonly tabulated: Tabulated; readonly bytes: number; readonly asOf?: number }> {
    if (this.#closed) throw closedSource()
    const found = await this.#find(deadline.signal)
    if (deadline.isOver) throw closedSource()
    if (found === 'same') return { tabulated: this.#answers.same(), bytes: 0, ...this.#since() }
    deadline.whole()
    const tabulated = await this.#take(found, deadline.signal)
    this.#asOf = found.asOf
    return { tabulated, bytes: found.body.byteLength, ...this.#since() }
  }

  #since(): { readonly asOf?: number } {
    return this.#asOf === undefined ? {} : { asOf: this.#asOf }
  }

  async #find(signal: AbortSignal): Promise<Found | 'same'> {
    this.#finding ??= this.#origin.find(signal).finally(() => {
      this.#finding = undefined
    })
    const givenUp = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new PollError('timeout', 'no end')), { once: true })
    })
    return await Promise.race([this.#finding, givenUp])
  }

  async #take(found: Found, signal: AbortSignal): Promise<Tabulated> {
    const isSame = this.#held?.equals(found.body) === true
    const tabulated = isSame ? this.#answers.same() : await this.#answers.take(found, signal)
    // What a guard keeps back is found again in full, so that the next poll can confirm it.
    this.#held = tabulated.unsettled ? undefined : found.body
    this.#origin.taken?.(!tabulated.unsettled)
    return tabulated
  }

  #failureOf(error: unknown, { isOver, isWhole }: Deadline): PollError {
    if (this.#closed) return closedSource()
    const { what } = this.#origin
    if (isOver && isWhole) return new PollError('timeout', `${what}: not read within ${formatDuration(readingMs)}`)
    if (isOver) return new PollError('timeout', `${what}: no end within ${formatDuration(this.#options.timeoutMs)}`)
    const failure = failureOf(error, { host: what, phase: 'answering' })
    const { name, log } = this.#deps
    if (failure.kind === 'internal') log.error({ source: name, err: error }, `source '${name}': ${failure.message}`)
    return failure
  }
}
