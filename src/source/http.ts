import type { Decoded, Payload } from '../decode/payload.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { formatDuration } from '../lib/unit.ts'
import type { Table } from '../model/table.ts'
import { Answers, type AnswerFacts } from './answers.ts'
import type { Ask, Poll, PollFacts } from './ask.ts'
import type { Authorizer } from './auth/authorizer.ts'
import { Deadline, readingMs } from './deadline.ts'
import { Exchange } from './exchange.ts'
import { EventStream } from './event-stream.ts'
import { closedSource, failedPoll, failureOf, PollError, timeoutAt, type Scene } from './failure.ts'
import { fetchBody, type Fetched } from './fetch.ts'
import { Inflow } from './inflow.ts'
import type { HttpOptions } from './http.options.ts'
import { timeHints, upstreamTime } from './http-time.ts'
import type { Tap } from './link.ts'
import { PagedBody, type Page } from './paged-body.ts'
import type { PagesOptions } from './pages.options.ts'
import { Proxies } from './proxy.ts'
import type { Tabulated } from './tabulate.ts'

export interface HttpDeps {
  /** Of the source, for the log. */
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
  /** Default: every origin is asked itself. */
  readonly proxies?: Proxies
  /** Default: nobody says who asks, beyond what the headers say. */
  readonly auth?: Authorizer
  /** Default: nobody hears of what is asked, or answers in place of an origin. */
  readonly tap?: Tap
  /** Default: one answer is all. */
  readonly pages?: PagesOptions
  /** Told of the origin of each request that the budget did not let in by itself. Default: nobody. */
  readonly spend?: (origin: string) => void
  /** Calls back once the budget allows a further request of a poll under way: pages, redirects, second tries. Default: at once. */
  readonly admitMore?: (enter: () => void) => Cancel
}

/** Asks one URL, conditionally where that is possible, and makes a table of what it answers. */
export function httpAsk(options: HttpOptions, deps: HttpDeps): Ask {
  return new HttpAsk(options, deps)
}

const onePage: PagesOptions = { maxPages: 1 }

class HttpAsk implements Ask {
  readonly #options: HttpOptions
  readonly #deps: HttpDeps
  readonly #exchange: Exchange
  readonly #answers: Answers
  readonly #inflow: Inflow
  readonly #events: EventStream
  readonly #body: PagedBody
  #underWay: Deadline | undefined
  #closed = false

  constructor(options: HttpOptions, deps: HttpDeps) {
    this.#options = options
    this.#deps = deps
    const { clock, auth, admitMore, spend, tap, proxies = new Proxies({}) } = deps
    this.#exchange = new Exchange(options, {
      clock,
      proxies,
      ...(auth === undefined ? {} : { auth }),
      ...(admitMore === undefined ? {} : { admitMore }),
      ...(spend === undefined ? {} : { spend }),
      ...(tap === undefined ? {} : { tap }),
    })
    this.#answers = new Answers(options, deps.name, deps.log)
    const scene = (): Scene => this.#exchange.scene
    this.#inflow = new Inflow(options, {
      answers: this.#answers,
      clock,
      what: () => scene().host,
      saying: 'event',
      silenceMs: options.silenceMs,
    })
    this.#events = new EventStream(options, this.#inflow, scene)
    this.#body = new PagedBody(
      { ...(deps.pages ?? onePage), ...options },
      {
        fetch: (url, held, deadline) => fetchBody(this.#exchange, { url, held, deadline, events: this.#events }, options, clock),
        decode: fetched => this.#answers.decode(payloadOf(fetched)),
        countRows: decoded => this.#answers.countRows(decoded),
      },
    )
  }

  resume(table: Table): void {
    this.#answers.resume(table)
    this.#inflow.resume(table)
  }

  get isFollowing(): boolean {
    return this.#inflow.isLive
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
    const deadline = new Deadline(clock, this.#options.timeoutMs)
    this.#underWay = deadline
    this.#exchange.takePhases()
    this.#exchange.admitted()
    this.#deps.auth?.begin()
    try {
      const pages = await this.#ask(deadline)
      if (pages === undefined || this.#inflow.isOpen) return await this.#follow(deadline, began)
      const tabulated = this.#body.isSame(pages) ? this.#same(pages) : await this.#take(pages, deadline)
      return this.#answers.poll(tabulated, this.#tell(pages, began))
    } catch (error) {
      const failure = this.#failureOf(error, deadline)
      // A stream that has said nothing yet, or something that cannot be read, goes on.
      if (!this.#inflow.isOpen) await this.#exchange.drop()
      return { ...failedPoll(failure, this.#timing(began)), phases: this.#exchange.takePhases() }
    } finally {
      deadline.lift()
      this.#underWay = undefined
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#underWay?.abort()
    this.#events.drop()
    this.#answers.close()
    await Promise.all([this.#exchange.drop(), this.#deps.auth?.close()])
  }

  /** Undefined: events are followed, and nothing is asked. */
  #ask(deadline: Deadline): Promise<readonly [Page, ...Page[]]> | undefined {
    if (this.#closed) throw closedSource()
    if (this.#inflow.isDue || this.#inflow.isLive) return undefined
    this.#events.drop()
    return this.#body.fetch(deadline)
  }

  /** What events have brought. The deadline was for their beginning. */
  async #follow(deadline: Deadline, began: number): Promise<Poll> {
    deadline.lift()
    const tabulated = await this.#inflow.take()
    return this.#answers.poll(tabulated, { status: 200, bytes: this.#inflow.bytes, ...this.#timing(began) })
  }

  #same(pages: readonly Page[]): Tabulated {
    this.#body.hold(pages)
    return this.#answers.same()
  }

  async #take(pages: readonly [Page, ...Page[]], deadline: Deadline): Promise<Tabulated> {
    const tabulated = await this.#tabulate(pages, deadline)
    // What a guard keeps back is asked for again in full, so that the next poll can confirm it.
    if (tabulated.unsettled) this.#body.forget()
    else if (this.#body.hold(pages)) this.#warn('its ETag stood still while its body changed: asked without it from now on')
    return tabulated
  }

  #tabulate(pages: readonly [Page, ...Page[]], deadline: Deadline): Tabulated | Promise<Tabulated> {
    const [{ fetched }] = pages
    // Pages were decoded while they were asked for.
    if (this.#deps.pages?.pages === undefined && this.#answers.isLarge(fetched.body.byteLength)) {
      deadline.whole()
      return this.#answers.take(payloadOf(fetched), deadline.signal)
    }
    const [first, ...others] = pages.map(({ decoded }) => decoded()) as [Decoded, ...Decoded[]]
    return this.#answers.tabulate({ ...first, ...(others.length === 0 ? {} : { pages: others.map(({ document }) => document) }) })
  }

  #timing(began: number): Pick<PollFacts, 'at' | 'durationMs'> {
    const { clock } = this.#deps
    return { at: clock.now(), durationMs: clock.monotonic() - began }
  }

  /** Of several pages: the first tells of time, and as much is said of all of them as they are together. */
  #tell(pages: readonly [Page, ...Page[]], began: number): AnswerFacts {
    const [{ fetched: first }] = pages
    const { at, durationMs } = this.#timing(began)
    let { bytes, bodyMs, limitedMs, isRemade } = first
    let isConfirmed = first.status === 304
    for (const { fetched } of pages.slice(1)) {
      bytes += fetched.bytes
      bodyMs += fetched.bodyMs
      limitedMs = Math.max(limitedMs, fetched.limitedMs)
      isRemade ||= fetched.isRemade
      isConfirmed &&= fetched.status === 304
    }
    const hints = timeHints(first.headers)
    const asOf = upstreamTime(hints, at)
    return {
      status: isConfirmed || first.status !== 304 ? first.status : 200,
      bytes,
      headMs: first.headMs,
      isRemade,
      phases: { bodyMs, ...this.#exchange.takePhases() },
      hints,
      ...(asOf === undefined ? {} : { asOf }),
      ...(limitedMs > 0 ? { limitedMs } : {}),
      at,
      durationMs,
    }
  }

  #failureOf(error: unknown, { isOver, isWhole }: Deadline): PollError {
    const { scene } = this.#exchange
    if (!isOver) return this.#logged(failureOf(error, scene), error)
    if (this.#closed) return closedSource()
    if (isWhole) return new PollError('timeout', `${scene.host}: its answer was not read within ${formatDuration(readingMs)}`)
    return timeoutAt(scene, this.#options.timeoutMs, this.#body.askingFor)
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

function payloadOf({ body, headers }: Fetched): Payload {
  return { body, mediaType: String(headers['content-type'] ?? '') }
}
