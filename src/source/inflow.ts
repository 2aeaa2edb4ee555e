import { rowsAt } from '../decode/rows-at.ts'
import { DecodeError, exceeded } from '../decode/decode-error.ts'
import type { Decoded } from '../decode/payload.ts'
import type { Clock } from '../lib/clock.ts'
import { formatDuration, formatSize } from '../lib/unit.ts'
import type { Table } from '../model/table.ts'
import type { AnswerOptions } from './answer.options.ts'
import type { Answers } from './answers.ts'
import { PollError } from './failure.ts'
import { SetRows } from './set-rows.ts'
import type { StreamOptions } from './stream.options.ts'
import type { Tabulated } from './tabulate.ts'

export interface InflowDeps {
  readonly answers: Answers
  readonly clock: Clock
  /** Who pushes, for reasons: `market.example:443`. */
  readonly what: () => string
  /** What it says, for reasons. */
  readonly saying: 'event' | 'message'
  /** After so long without anything what is held is not believed any more, ms. Default: somebody else sees to that. */
  readonly silenceMs?: number
}

/** What a connection has brought since the last poll, as something that can be asked: polls take it, and never wait but for the first of it. */
export class Inflow {
  /** Of what comes by itself while nobody asks. */
  wake: () => void = () => undefined
  readonly #options: AnswerOptions & StreamOptions
  readonly #deps: InflowDeps
  #pending: Buffer[] = []
  #pendingBytes = 0
  #bytes = 0
  #fault: PollError | DecodeError | undefined
  #isOpen = false
  #openedMono = 0
  /** When anything was heard last, over whichever connection; negative infinity: nothing that would prove what is held. */
  #heardMono = Number.NEGATIVE_INFINITY
  /** Nothing was heard over this connection. */
  #isMute = true
  /** A poll has failed for silence: what ends it is told at once. */
  #isSilenceTold = false
  /** Something was taken, so that there is a table to confirm. */
  #hasTable = false
  #sets: SetRows | undefined
  #mode: StreamOptions['message']
  #resumed: Table | undefined
  /** The poll that waits for the first message. */
  #waiting: (() => void) | undefined

  constructor(options: AnswerOptions & StreamOptions, deps: InflowDeps) {
    this.#options = options
    this.#deps = deps
    this.#mode = options.message
  }

  /** Of the messages that were taken last. */
  get bytes(): number {
    return this.#bytes
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** It is open, and was opened or heard of not long ago. */
  get isLive(): boolean {
    return this.#isOpen && this.#isWithinSilence(Math.max(this.#openedMono, this.#heardMono))
  }

  /** There is something to be taken, or told, though the connection is gone. */
  get isDue(): boolean {
    return this.#pending.length > 0 || this.#fault !== undefined
  }

  resume(table: Table): void {
    this.#resumed = table
    this.#hasTable = true
  }

  /** A connection was made, which proves nothing by itself. */
  opened(): void {
    this.#isOpen = this.#isMute = true
    this.#fault = undefined
    this.#openedMono = this.#deps.clock.monotonic()
    // Rows that are yet to come are none so far: there is nothing that could be old.
    if (this.#mode === 'rows' && !this.#hasTable) this.#heardMono = this.#openedMono
  }

  /** Anything came that shows that the other side is there: a byte, an answer to a ping. */
  heard(): void {
    this.#isMute = false
    this.#heardMono = this.#deps.clock.monotonic()
    if (this.#waiting !== undefined) {
      if (this.#isConfirmed) this.#waiting()
    } else if (this.#isSilenceTold) {
      this.wake()
    }
    this.#isSilenceTold = false
  }

  /** A whole message came. */
  add(message: Buffer): void {
    // Of whole tables the last one counts, where each message surely is one.
    if (this.#mode === 'table' && this.#options.rows === undefined) this.#clear()
    this.#pendingBytes += message.byteLength
    if (this.#pendingBytes > this.#options.maxBodyBytes) {
      this.#clear()
      const { message: reason, limit } = exceeded('maxBody', formatSize(this.#options.maxBodyBytes))
      return this.ended(new PollError('too_large', reason, { limit }))
    }
    this.#pending.push(message)
    this.#tell()
  }

  /** Who lets in and says nothing would else be believed for ever: from now on only what is heard is proof. */
  doubt(): void {
    this.#heardMono = Number.NEGATIVE_INFINITY
  }

  /**
   * The connection is no more; without a fault it may be made again at the next due, once one that is still to be told was, unless nothing
   * was ever heard over it. Nobody waits for what it would have said.
   */
  ended(fault?: PollError): void {
    if (!this.#isOpen || !this.#isMute) return this.#close(fault)
    this.doubt()
    this.#close(fault ?? this.#endedEarly())
  }

  #close(fault?: PollError): void {
    this.#isOpen = false
    this.#fault = fault ?? this.#fault
    if (this.#waiting !== undefined) this.#waiting()
    else if (fault !== undefined) this.wake()
  }

  /** Nobody wants it for now: what was not taken would be old by then. @returns whether there was any */
  abandon(): boolean {
    const isLoss = this.#pending.length > 0
    this.#clear()
    this.#fault = undefined
    this.#close()
    return isLoss
  }

  /**
   * All that came since the last time; where nothing did, the same as then. Waits at most `timeout`: for the first of all, and for a sign
   * of life where there was none for too long.
   * @throws PollError that the connection ended, or that nothing was said; DecodeError
   */
  async take(): Promise<Tabulated> {
    this.#bytes = 0
    if (this.#isOpen && !this.#isConfirmed && !this.#isWorthTaking()) await this.#first()
    if (this.#pending.length > 0) {
      const tabulated = this.#taken()
      // Told by a poll of its own, and not only at the next due.
      if (this.#fault !== undefined) this.wake()
      return tabulated
    }
    const fault = this.#fault
    this.#fault = undefined
    if (fault !== undefined) throw fault
    if (this.#isConfirmed) return this.#mode === 'rows' ? this.#ofRows().same() : this.#deps.answers.same()
    if (!this.#isOpen) throw this.#endedEarly()
    this.#isSilenceTold = true
    const { what, saying } = this.#deps
    const missing = this.#isMute ? 'nothing was said' : `no ${saying} came`
    throw new PollError('timeout', `${what()}: connected, but ${missing} within ${formatDuration(this.#options.timeoutMs)}`)
  }

  /** There is a table, and it is believed. */
  get #isConfirmed(): boolean {
    return (this.#hasTable || this.#mode === 'rows') && this.#isWithinSilence(this.#heardMono)
  }

  #isWithinSilence(mono: number): boolean {
    return this.#deps.clock.monotonic() - mono < (this.#deps.silenceMs ?? Number.POSITIVE_INFINITY)
  }

  #endedEarly(): PollError {
    const { what, saying } = this.#deps
    return new PollError('reset', `${what()}: the connection ended before ${this.#isMute ? 'anything was said' : `any ${saying} came`}`)
  }

  async #first(): Promise<void> {
    await new Promise<void>(resolve => {
      const cancel = this.#deps.clock.after(this.#options.timeoutMs, resolve)
      this.#waiting = () => {
        cancel()
        resolve()
      }
    })
    this.#waiting = undefined
  }

  #taken(): Tabulated {
    const { answers } = this.#deps
    const messages = this.#pending
    this.#bytes = this.#pendingBytes
    this.#clear()
    const decoded = this.#each(messages, body => answers.decode({ body, mediaType: '' }))
    this.#mode ??= this.#modeOf(decoded.find(({ document }) => this.#isAbout(document)))
    if (this.#mode === 'rows') return this.#setRows(decoded)
    const last = decoded.findLast(({ document }) => this.#isAbout(document))
    if (last !== undefined) {
      const tabulated = answers.tabulate(last)
      this.#hasTable = true
      return tabulated
    }
    if (this.#hasTable) return answers.same()
    throw new PollError('decode', `${this.#deps.what()}: no message has anything at rows: ${this.#options.rows ?? ''}`)
  }

  #setRows(decoded: readonly Decoded[]): Tabulated {
    const sets = this.#ofRows()
    return sets.take(
      this.#each(decoded, message => {
        sets.check(message)
        return message
      }),
    )
  }

  /** What becomes of those that can be read; of the first that cannot the next poll tells. @throws DecodeError where none can */
  #each<Message, Read>(messages: readonly Message[], read: (message: Message) => Read): readonly Read[] {
    let fault: DecodeError | undefined
    const all = messages.flatMap(message => {
      try {
        return [read(message)]
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        fault ??= error
        return []
      }
    })
    if (fault !== undefined && all.length === 0) throw fault
    this.#fault ??= fault
    return all
  }

  #ofRows(): SetRows {
    this.#hasTable = true
    return (this.#sets ??= new SetRows(this.#options, this.#options.key ?? [], this.#resumed))
  }

  /** Undefined while no message was about the rows. */
  #modeOf(first: Decoded | undefined): StreamOptions['message'] {
    if (first === undefined) return undefined
    const { key, rows = '.' } = this.#options
    return key !== undefined && rowsAt(first.document, rows).kind !== 'array' ? 'rows' : 'table'
  }

  /** A welcome is not; what cannot be read is, as the poll that takes it says so. */
  #isWorthTaking(): boolean {
    return this.#fault !== undefined || this.#pending.some(body => this.#options.rows === undefined || this.#isReadAsRows(body))
  }

  #isReadAsRows(body: Buffer): boolean {
    try {
      return this.#isAbout(this.#deps.answers.decode({ body, mediaType: '' }).document)
    } catch {
      return true
    }
  }

  /** Where the place of the rows is configured, a message without it is about something else. */
  #isAbout(document: Decoded['document']): boolean {
    return this.#options.rows === undefined || rowsAt(document, this.#options.rows).kind !== 'absent'
  }

  #clear(): void {
    this.#pending = []
    this.#pendingBytes = 0
  }

  #tell(): void {
    if (this.#waiting === undefined) this.wake()
    else if (this.#isWorthTaking()) this.#waiting()
  }
}
