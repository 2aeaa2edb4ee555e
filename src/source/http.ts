import { STATUS_CODES } from 'node:http'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { formatDuration } from '../lib/unit.ts'
import type { Table } from '../model/table.ts'
import { Answers } from './answers.ts'
import type { Ask, Poll, PollFacts } from './ask.ts'
import { readBody } from './body.ts'
import { Exchange, type Answer } from './exchange.ts'
import { EventStream, isEventStream } from './event-stream.ts'
import { failedPoll, failureOf, PollError, type Scene } from './failure.ts'
import { HeldBody } from './held-body.ts'
import { Inflow } from './inflow.ts'
import type { HttpOptions } from './http.options.ts'
import { retryAfterMs, timeHints, upstreamTime } from './http-time.ts'
import type { Tabulated } from './tabulate.ts'

export interface HttpDeps {
  /** Of the source, for the log. */
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
}

/** Asks one URL, conditionally where that is possible, and makes a table of what it answers. */
export function httpAsk(options: HttpOptions, deps: HttpDeps): Ask {
  return new HttpAsk(options, deps)
}

type Told = Omit<PollFacts, 'at' | 'durationMs'> & { readonly isRemade?: boolean }

class HttpAsk implements Ask {
  readonly #options: HttpOptions
  readonly #deps: HttpDeps
  readonly #exchange: Exchange
  readonly #answers: Answers
  readonly #inflow: Inflow
  readonly #events: EventStream
  #cancelDeadline: Cancel = () => undefined
  readonly #held = new HeldBody()
  #underWay: AbortController | undefined
  #closed = false

  constructor(options: HttpOptions, deps: HttpDeps) {
    this.#options = options
    this.#deps = deps
    this.#exchange = new Exchange(options)
    this.#answers = new Answers(options, deps.name, deps.log)
    const scene = (): Scene => this.#exchange.scene
    this.#inflow = new Inflow(options, { answers: this.#answers, clock: deps.clock, what: () => scene().host })
    this.#events = new EventStream(options, this.#inflow, deps.clock, scene)
  }

  resume(table: Table): void {
    this.#answers.resume(table)
    this.#inflow.resume(table)
  }

  get isFollowing(): boolean {
    return this.#events.isLive
  }

  wakes(wake: () => void): void {
    this.#inflow.wake = wake
  }

  rest(): void {
    if (!this.#inflow.isOpen) return
    this.#events.drop()
    void this.#exchange.drop()
  }

  async poll(): Promise<Poll> {
    const { clock } = this.#deps
    const began = clock.monotonic()
    const deadline = new AbortController()
    this.#underWay = deadline
    const cancel = (this.#cancelDeadline = clock.after(this.#options.timeoutMs, () => deadline.abort()))
    const timing = () => ({ at: clock.now(), durationMs: clock.monotonic() - began })
    try {
      const { told, tabulated } = await this.#ask(deadline.signal)
      return this.#answers.poll(tabulated, { ...told, ...timing() })
    } catch (error) {
      const failure = this.#failureOf(error, deadline.signal.aborted)
      // A stream that has said nothing yet, or something that cannot be read, goes on.
      if (!this.#inflow.isOpen) await this.#exchange.drop()
      return failedPoll(failure, timing())
    } finally {
      cancel()
      this.#underWay = undefined
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#underWay?.abort()
    this.#events.drop()
    await this.#exchange.drop()
  }

  async #ask(signal: AbortSignal): Promise<{ told: Told; tabulated: Tabulated }> {
    if (this.#closed) throw new PollError('internal', 'the source is closed')
    const { clock } = this.#deps
    if (this.#inflow.isDue || this.#events.isLive) return await this.#follow()
    this.#events.drop()
    const conditions = this.#events.resumption ?? (this.#options.method === 'GET' ? this.#held.conditions() : undefined)
    let began = clock.monotonic()
    let answer = await this.#exchange.request(conditions, signal)
    if (answer.statusCode === 304 && !(conditions !== undefined && this.#held.isHeld)) {
      // A cache on the way confirms what nobody holds: ask once more, for all of it.
      await answer.body.dump()
      began = clock.monotonic()
      answer = await this.#exchange.request(undefined, signal)
    }
    const headMs = clock.monotonic() - began
    if (answer.statusCode === 304 && conditions !== undefined) {
      await answer.body.dump()
      return { told: { ...this.#tell(304, this.#held.confirmed(answer.headers), 0), headMs }, tabulated: this.#answers.same() }
    }
    if (answer.statusCode !== 200 && answer.statusCode !== 203) throw this.#refused(answer)
    if (isEventStream(answer.headers['content-type'])) {
      this.#events.follow(answer.body, this.#exchange.url)
      return await this.#follow()
    }
    const coding = answer.headers['content-encoding'] ?? ''
    const body = await readBody(answer.body, String(coding), this.#options.maxBodyBytes)
    const isRemade = this.#held.isRemade(answer, this.#exchange.url)
    const told = { ...this.#tell(answer.statusCode, answer.headers, body.byteLength), headMs, isRemade }
    return { told, tabulated: this.#take(body, answer) }
  }

  /** What events have brought. The deadline was for their beginning. */
  async #follow(): Promise<{ told: Told; tabulated: Tabulated }> {
    this.#cancelDeadline()
    const tabulated = await this.#inflow.take()
    return { tabulated, told: { status: 200, bytes: this.#inflow.bytes } }
  }

  #take(body: Buffer, answer: Answer): Tabulated {
    if (this.#held.isSame(body)) {
      this.#held.hold(body, answer, this.#exchange.url)
      return this.#answers.same()
    }
    const mediaType = String(answer.headers['content-type'] ?? '')
    const tabulated = this.#answers.take({ body, mediaType })
    // What a guard keeps back is asked for again in full, so that the next poll can confirm it.
    if (tabulated.unsettled) this.#held.forget()
    else if (this.#held.hold(body, answer, this.#exchange.url))
      this.#warn('its ETag stood still while its body changed: asked without it from now on')
    return tabulated
  }

  #tell(status: number, headers: Answer['headers'], bytes: number): Told {
    const asOf = upstreamTime(headers, this.#deps.clock.now())
    return { status, bytes, hints: timeHints(headers), ...(asOf === undefined ? {} : { asOf }) }
  }

  /** Its body is not waited for: it may hang, and the status says enough. */
  #refused({ statusCode, headers, body }: Answer): PollError {
    // Breaking off makes the body fail, which is what is wanted.
    body.on('error', () => undefined)
    body.destroy()
    const waitMs = retryAfterMs(headers, this.#deps.clock.now())
    const retryAfter = waitMs === undefined || statusCode < 400 ? undefined : Math.min(waitMs, this.#options.maxRetryAfterMs)
    const wait = retryAfter === undefined || retryAfter === 0 ? '' : ` and asks to wait ${formatDuration(Math.round(retryAfter))}`
    const text = `${statusCode} ${STATUS_CODES[statusCode] ?? ''}`.trim()
    const { host } = this.#exchange.scene
    return new PollError('http', `${host} answered ${text}${wait}`, { status: statusCode, retryAfterMs: retryAfter })
  }

  #failureOf(error: unknown, aborted: boolean): PollError {
    const { scene } = this.#exchange
    if (!aborted) return this.#logged(failureOf(error, scene), error)
    if (this.#closed) return new PollError('internal', 'the source is closed')
    const { host, phase } = scene
    const how = { connecting: 'no connection', answering: 'no answer', 'sending the body': 'the body was not whole' }[phase]
    return new PollError('timeout', `${host}: ${how} within ${formatDuration(this.#options.timeoutMs)}`)
  }

  /** What has no name among the causes may be a fault of ours: its message goes to the log, never to readers. */
  #logged(failure: PollError, error: unknown): PollError {
    const { name, log } = this.#deps
    if (failure.kind === 'internal') log.error({ source: name, err: error }, `source '${name}': ${failure.message}`)
    return failure
  }

  #warn(sentence: string): void {
    const { name, log } = this.#deps
    log.warn({ source: name }, `source '${name}': ${sentence}`)
  }
}
