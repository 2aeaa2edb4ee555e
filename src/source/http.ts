import { decode } from '../decode/decode.ts'
import type { Decoded, Dialect, Payload, Remark } from '../decode/payload.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { formatDuration } from '../lib/unit.ts'
import type { Table } from '../model/table.ts'
import type { Ask, Poll, PollFacts } from './ask.ts'
import type { Authorizer } from './auth/authorizer.ts'
import { addPhases, Exchange } from './exchange.ts'
import { failureOf, PollError } from './failure.ts'
import { fetchBody, type Fetched } from './fetch.ts'
import { HeldBody } from './held-body.ts'
import type { HttpOptions } from './http.options.ts'
import { timeHints, upstreamTime } from './http-time.ts'
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
  readonly #tabulator: Tabulator
  readonly #held = new HeldBody()
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
      const { told, tabulated } = await this.#ask(deadline.signal)
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

  async #ask(signal: AbortSignal): Promise<{ told: Told; tabulated: Tabulated }> {
    if (this.#closed) throw new PollError('internal', 'the source is closed')
    const fetched = await fetchBody(this.#exchange, this.#held, this.#options, this.#deps.clock, signal)
    return { told: this.#tell(fetched), tabulated: this.#take(fetched) }
  }

  #take({ status, body, headers, url, isSame }: Fetched): Tabulated {
    if (isSame) {
      if (status !== 304) this.#held.hold(body, headers, url)
      return this.#tabulator.same()
    }
    const decoded = this.#decode({ body, mediaType: String(headers['content-type'] ?? '') })
    const tabulated = this.#tabulator.take(decoded)
    if (!tabulated.held) this.#dialect = { ...this.#dialect, ...decoded.dialect }
    // What a guard keeps back is asked for again in full, so that the next poll can confirm it.
    if (tabulated.unsettled) this.#held.forget()
    else if (this.#held.hold(body, headers, url)) this.#warn('its ETag stood still while its body changed: asked without it from now on')
    for (const remark of decoded.remarks ?? []) this.#remark(remark)
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

  #tell({ status, headers, bytes, headMs, bodyMs, isRemade, limitedMs }: Fetched): Told {
    const asOf = upstreamTime(headers, this.#deps.clock.now())
    const phases = addPhases(this.#exchange.takePhases(), { bodyMs })
    const hints = timeHints(headers)
    const more = { ...(asOf === undefined ? {} : { asOf }), ...(limitedMs > 0 ? { limitedMs } : {}) }
    return { status, bytes, headMs, isRemade, phases, hints, ...more }
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
