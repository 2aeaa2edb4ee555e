import { decode } from '../decode/decode.ts'
import type { Decoded, Dialect, Payload, Remark } from '../decode/payload.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { formatDuration } from '../lib/unit.ts'
import type { Table } from '../model/table.ts'
import type { Ask, Poll, PollFacts } from './ask.ts'
import type { Authorizer } from './auth/authorizer.ts'
import { addPhases, Exchange } from './exchange.ts'
import { failureOf, PollError } from './failure.ts'
import { fetchBody, type Fetched } from './fetch.ts'
import type { HeldBody } from './held-body.ts'
import type { HttpOptions } from './http.options.ts'
import { timeHints, upstreamTime } from './http-time.ts'
import { PagedBody, type Page } from './paged-body.ts'
import type { PagesOptions } from './pages.options.ts'
import { Proxies } from './proxy.ts'
import { Tabulator, type Tabulated } from './tabulate.ts'

/** Answers in a row that cannot be read as the source's format, after which it is detected anew. */
const forgottenAfter = 3

export interface HttpDeps {
  /** Of the source, for the log. */
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
  /** Default: every origin is asked itself. */
  readonly proxies?: Proxies
  /** Default: nobody says who asks, beyond what the headers say. */
  readonly auth?: Authorizer
  /** Default: one answer is all. */
  readonly pages?: PagesOptions
  /** Calls back once the budget allows a further request of a poll under way. Default: at once. */
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
  readonly #tabulator: Tabulator
  readonly #body: PagedBody
  #underWay: AbortController | undefined
  #closed = false
  /** How the answer that was taken last is written; the next one is read in the same way. */
  #dialect: Dialect | undefined
  /** Answers in a row that could not be read. */
  #misread = 0
  readonly #remarked = new Set<string>()
  /** Of the last answer: when they grow that is a change, though no row changed. */
  #columns: readonly string[] | undefined

  constructor(options: HttpOptions, deps: HttpDeps) {
    this.#options = options
    this.#deps = deps
    const { clock, auth, proxies = new Proxies({}) } = deps
    this.#exchange = new Exchange(options, { clock, proxies, ...(auth === undefined ? {} : { auth }) })
    this.#tabulator = new Tabulator(options, deps.name, deps.log)
    this.#body = new PagedBody(
      { ...(deps.pages ?? onePage), ...options },
      {
        fetch: (url, held, isMore) => this.#fetch(url, held, isMore),
        decode: fetched => this.#decode({ body: fetched.body, mediaType: String(fetched.headers['content-type'] ?? '') }),
        countRows: decoded => this.#tabulator.countRows(decoded),
      },
    )
  }

  resume(table: Table): void {
    this.#tabulator.resume(table)
    this.#columns = table.columns
  }

  async poll(): Promise<Poll> {
    const { clock } = this.#deps
    const began = clock.monotonic()
    const deadline = new AbortController()
    this.#underWay = deadline
    const cancel = clock.after(this.#options.timeoutMs, () => deadline.abort())
    this.#exchange.takePhases()
    this.#deps.auth?.begin()
    const timing = () => ({ at: clock.now(), durationMs: clock.monotonic() - began })
    try {
      const { told, tabulated } = await this.#ask()
      return this.#answered(tabulated, { ...told, ...timing() })
    } catch (error) {
      const failure = this.#failureOf(error, deadline.signal.aborted)
      await this.#exchange.drop()
      const { kind, status, message, retryAfterMs, limit, limitedMs } = failure
      const more = {
        phases: this.#exchange.takePhases(),
        ...(limitedMs > 0 ? { limitedMs } : {}),
        ...(status === undefined ? {} : { status }),
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        ...(limit === undefined ? {} : { limit }),
      }
      return { kind: 'failed', cause: kind, reason: message, bytes: 0, ...more, ...timing() }
    } finally {
      cancel()
      this.#underWay = undefined
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#underWay?.abort()
    await Promise.all([this.#exchange.drop(), this.#deps.auth?.close()])
  }

  async #ask(): Promise<{ told: Told; tabulated: Tabulated }> {
    if (this.#closed) throw new PollError('internal', 'the source is closed')
    const pages = await this.#body.fetch()
    return { told: this.#tell(pages.map(({ fetched }) => fetched)), tabulated: this.#take(pages) }
  }

  async #fetch(url: string, held: HeldBody, isMore: boolean): Promise<Fetched> {
    const signal = this.#underWay?.signal ?? AbortSignal.abort()
    const { clock, admitMore } = this.#deps
    if (isMore && admitMore !== undefined) await turn(admitMore, signal)
    return fetchBody(this.#exchange, { url, held, signal }, this.#options, clock)
  }

  #take(pages: readonly [Page, ...Page[]]): Tabulated {
    if (this.#body.isSame(pages)) {
      this.#body.hold(pages)
      return this.#tabulator.same()
    }
    const [first, ...others] = pages.map(({ decoded }) => decoded()) as [Decoded, ...Decoded[]]
    const tabulated = this.#tabulator.take({ ...first, ...(others.length === 0 ? {} : { pages: others.map(({ document }) => document) }) })
    if (!tabulated.held) this.#dialect = { ...this.#dialect, ...first.dialect }
    // What a guard keeps back is asked for again in full, so that the next poll can confirm it.
    if (tabulated.unsettled) this.#body.forget()
    else if (this.#body.hold(pages)) this.#warn('its ETag stood still while its body changed: asked without it from now on')
    for (const remark of [first, ...others].flatMap(({ remarks = [] }) => remarks)) this.#remark(remark)
    return tabulated
  }

  #answered({ table, changes, degraded }: Tabulated, facts: PollFacts & { readonly isRemade?: boolean }): Poll {
    const isChange = changes === 'all' || changes.size > 0 || table.columns !== this.#columns
    this.#columns = table.columns
    const { found } = this.#tabulator
    return {
      kind: isChange ? 'changed' : 'unchanged',
      table,
      changes,
      ...(degraded === undefined ? {} : { degraded }),
      ...(found === '' ? {} : { found }),
      ...facts,
    }
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

  /** An upstream that changed its format for good, or was first heard while it was broken, is looked at anew. */
  #decode(payload: Payload): Decoded {
    try {
      const decoded = decode(payload, this.#options, this.#dialect)
      this.#misread = 0
      return decoded
    } catch (error) {
      if (++this.#misread >= forgottenAfter) this.#dialect = undefined
      throw error
    }
  }

  /** Of each thing once. */
  #remark({ about, sentence }: Remark): void {
    if (!this.#remarked.has(about)) this.#warn(sentence)
    this.#remarked.add(about)
  }
}

/** Resolves with its turn, rejects when the time is over before. */
function turn(admitMore: (enter: () => void) => Cancel, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = admitMore(resolve)
    const giveUp = (): void => {
      cancel()
      reject(new Error('given up while waiting for its turn'))
    }
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
  })
}
