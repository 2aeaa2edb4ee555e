import type { Decoded, Payload } from '../decode/payload.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { formatDuration } from '../lib/unit.ts'
import type { Table } from '../model/table.ts'
import { Answers } from './answers.ts'
import type { Ask, Poll, PollFacts } from './ask.ts'
import type { Authorizer } from './auth/authorizer.ts'
import { Deadline, readingMs } from './deadline.ts'
import { addPhases, Exchange } from './exchange.ts'
import { EventStream } from './event-stream.ts'
import { failedPoll, failureOf, PollError, timeoutAt, type Scene } from './failure.ts'
import { fetchBody, type Fetched } from './fetch.ts'
import type { HeldBody } from './held-body.ts'
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

type Told = Omit<PollFacts, 'at' | 'durationMs'> & { readonly isRemade?: boolean }

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
    this.#inflow = new Inflow(options, { answers: this.#answers, clock, what: () => scene().host })
    this.#events = new EventStream(options, this.#inflow, clock, scene)
    this.#body = new PagedBody(
      { ...(deps.pages ?? onePage), ...options },
      {
        fetch: (url, held) => this.#fetch(url, held),
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
    const deadline = new Deadline(clock, this.#options.timeoutMs)
    this.#underWay = deadline
    this.#exchange.takePhases()
    this.#exchange.admitted()
    this.#deps.auth?.begin()
    const timing = () => ({ at: clock.now(), durationMs: clock.monotonic() - began })
    try {
      const { told, tabulated } = await this.#ask()
      return this.#answers.poll(tabulated, { ...told, ...timing() })
    } catch (error) {
      const failure = this.#failureOf(error, deadline)
      // A stream that has said nothing yet, or something that cannot be read, goes on.
      if (!this.#inflow.isOpen) await this.#exchange.drop()
      return { ...failedPoll(failure, timing()), phases: this.#exchange.takePhases() }
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

  async #ask(): Promise<{ told: Told; tabulated: Tabulated }> {
    if (this.#closed) throw new PollError('internal', 'the source is closed')
    if (this.#inflow.isDue || this.#events.isLive) return await this.#follow()
    this.#events.drop()
    const pages = await this.#body.fetch()
    if (this.#inflow.isOpen) return await this.#follow()
    return { told: this.#tell(pages.map(({ fetched }) => fetched)), tabulated: await this.#take(pages) }
  }

  /** What events have brought. The deadline was for their beginning. */
  async #follow(): Promise<{ told: Told; tabulated: Tabulated }> {
    this.#underWay?.lift()
    const tabulated = await this.#inflow.take()
    return { tabulated, told: { status: 200, bytes: this.#inflow.bytes } }
  }

  #fetch(url: string, held: HeldBody): Promise<Fetched> {
    const signal = this.#underWay?.signal ?? AbortSignal.abort()
    return fetchBody(this.#exchange, { url, held, signal, events: this.#events }, this.#options, this.#deps.clock)
  }

  async #take(pages: readonly [Page, ...Page[]]): Promise<Tabulated> {
    if (this.#body.isSame(pages)) {
      this.#body.hold(pages)
      return this.#answers.same()
    }
    const tabulated = await this.#tabulate(pages)
    // What a guard keeps back is asked for again in full, so that the next poll can confirm it.
    if (tabulated.unsettled) this.#body.forget()
    else if (this.#body.hold(pages)) this.#warn('its ETag stood still while its body changed: asked without it from now on')
    return tabulated
  }

  async #tabulate(pages: readonly [Page, ...Page[]]): Promise<Tabulated> {
    const [{ fetched }] = pages
    // Pages were decoded while they were asked for.
    if (this.#deps.pages?.pages === undefined && this.#answers.isLarge(fetched.body.byteLength)) {
      this.#underWay?.whole()
      return await this.#answers.take(payloadOf(fetched), this.#underWay?.signal ?? AbortSignal.abort())
    }
    const [first, ...others] = pages.map(({ decoded }) => decoded()) as [Decoded, ...Decoded[]]
    return this.#answers.tabulate({ ...first, ...(others.length === 0 ? {} : { pages: others.map(({ document }) => document) }) })
  }

  /** Of several pages: the first tells of time, and as much is said of all of them as they are together. */
  #tell(pages: readonly Fetched[]): Told {
    const [first] = pages
    const { status = 200, headers = {}, headMs = 0 } = first ?? {}
    const sum = (of: (page: Fetched) => number): number => pages.reduce((all, page) => all + of(page), 0)
    const asOf = upstreamTime(headers, this.#deps.clock.now())
    const limitedMs = Math.max(0, ...pages.map(page => page.limitedMs))
    return {
      status: pages.every(page => page.status === 304) ? 304 : status === 304 ? 200 : status,
      bytes: sum(({ bytes }) => bytes),
      headMs,
      isRemade: pages.some(({ isRemade }) => isRemade),
      phases: addPhases(this.#exchange.takePhases(), { bodyMs: sum(({ bodyMs }) => bodyMs) }),
      hints: timeHints(headers),
      ...(asOf === undefined ? {} : { asOf }),
      ...(limitedMs > 0 ? { limitedMs } : {}),
    }
  }

  #failureOf(error: unknown, { isOver, isWhole }: Deadline): PollError {
    const { scene } = this.#exchange
    if (!isOver) return this.#logged(failureOf(error, scene), error)
    if (this.#closed) return new PollError('internal', 'the source is closed')
    if (isWhole) return new PollError('timeout', `${scene.host}: its answer was not read within ${formatDuration(readingMs)}`)
    return timeoutAt(scene, this.#options.timeoutMs)
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
