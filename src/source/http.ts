import { hash } from 'node:crypto'
import { decodeJson } from '../decode/json.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { formatDuration } from '../lib/unit.ts'
import type { Ask, Poll, PollFacts, PollFailed } from './ask.ts'
import { readBody } from './body.ts'
import { Exchange, type Answer } from './exchange.ts'
import { failureOf, PollError } from './failure.ts'
import type { HttpOptions } from './http.options.ts'
import { retryAfterMs, upstreamTime } from './http-time.ts'
import { Tabulator } from './tabulate.ts'

export interface HttpDeps {
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
}

/** Every so many conditional polls one goes without validators: an ETag may stand still while the body moves. */
const unconditionalEvery = 20

/** A source that is asked by HTTP. */
export function httpAsk(options: HttpOptions, deps: HttpDeps): Ask {
  return new HttpAsk(options, deps)
}

class HttpAsk implements Ask {
  readonly #options: HttpOptions
  readonly #deps: HttpDeps
  readonly #exchange: Exchange
  readonly #tabulator: Tabulator
  readonly #host: string
  #validators: Record<string, string> = {}
  #bodyHash: string | undefined
  #conditional = 0
  #saidBigNumbers = false

  constructor(options: HttpOptions, deps: HttpDeps) {
    this.#options = options
    this.#deps = deps
    this.#exchange = new Exchange(options)
    this.#tabulator = new Tabulator(options, deps.name, deps.log)
    this.#host = new URL(options.url).host
  }

  async poll(): Promise<Poll> {
    const { clock } = this.#deps
    const began = clock.monotonic()
    const controller = new AbortController()
    const cancel = clock.after(this.#options.timeoutMs, () => controller.abort())
    const facts = (more: Partial<PollFacts>): PollFacts => ({ bytes: 0, ...more, at: clock.now(), durationMs: clock.monotonic() - began })
    try {
      return await this.#ask(controller.signal, facts)
    } catch (error) {
      return this.#failed(error, controller.signal.aborted, facts)
    } finally {
      cancel()
    }
  }

  async close(): Promise<void> {
    await this.#exchange.close()
  }

  async #ask(signal: AbortSignal, facts: (more: Partial<PollFacts>) => PollFacts): Promise<Poll> {
    const { answer, done } = await this.#exchange.request(this.#conditions(), signal)
    try {
      if (answer.statusCode === 304) {
        await answer.body.dump()
        if (this.#tabulator.table !== undefined && this.#bodyHash !== undefined)
          return this.#unchanged(facts({ status: 304, ...asOf(answer, this.#now) }))
        this.#validators = {}
        throw new PollError('http', `${this.#host}: 304 though nothing was held; asking without validators next`, { status: 304 })
      }
      if (answer.statusCode < 200 || answer.statusCode > 299) throw await this.#refused(answer)
      const encoding = String(answer.headers['content-encoding'] ?? '')
      const body = await readBody(answer.body, encoding, this.#options.maxBodyBytes, signal)
      return this.#decode(body, answer, facts({ status: answer.statusCode, bytes: body.byteLength, ...asOf(answer, this.#now) }))
    } finally {
      await done()
    }
  }

  get #now(): number {
    return this.#deps.clock.now()
  }

  #conditions(): Readonly<Record<string, string>> {
    if (this.#options.method !== 'GET' || Object.keys(this.#validators).length === 0) return {}
    this.#conditional = (this.#conditional + 1) % unconditionalEvery
    return this.#conditional === 0 ? {} : this.#validators
  }

  #decode(body: Buffer, answer: Answer, facts: PollFacts): Poll {
    const bodyHash = hash('sha1', body)
    const validators = validatorsOf(answer)
    if (bodyHash === this.#bodyHash) {
      this.#validators = validators
      return this.#unchanged(facts)
    }
    const { value, bigNumbers } = decodeJson(body, this.#options, this.#options.bigNumbers)
    this.#sayBigNumbers(bigNumbers)
    const { table, changes, degraded } = this.#tabulator.take(value)
    // What a guard keeps back must be asked for again in full, so that the next poll can confirm it.
    const held = degraded !== undefined && degraded.cause !== 'key'
    this.#bodyHash = held ? undefined : bodyHash
    this.#validators = held ? {} : validators
    this.#degraded = degraded
    const changed = changes === 'all' || changes.size > 0 || table.columns.length !== this.#columns
    this.#columns = table.columns.length
    return { ...facts, kind: changed ? 'changed' : 'unchanged', table, changes, ...(degraded === undefined ? {} : { degraded }) }
  }

  #degraded: { readonly cause: 'shape' | 'rows' | 'key' | 'cardinality'; readonly reason: string } | undefined
  #columns = 0

  #unchanged(facts: PollFacts): Poll {
    const { table } = this.#tabulator
    if (table === undefined) throw new PollError('internal', 'nothing is held')
    this.#tabulator.same()
    return { ...facts, kind: 'unchanged', table, changes: new Map(), ...(this.#degraded === undefined ? {} : { degraded: this.#degraded }) }
  }

  #sayBigNumbers(count: number): void {
    if (count === 0 || this.#saidBigNumbers || this.#options.bigNumbers === 'text') return
    this.#saidBigNumbers = true
    const { name, log } = this.#deps
    log.warn({ source: name }, `source '${name}': ${count} integers are beyond 2^53 and were rounded; keep them with bigNumbers: text`)
  }

  async #refused(answer: Answer): Promise<PollError> {
    await answer.body.dump({ limit: 65_536 })
    const wait = retryAfterMs(answer.headers['retry-after'], this.#now)
    const retry =
      wait === undefined || ![429, 503].includes(answer.statusCode) ? {} : { retryAfterMs: Math.min(wait, this.#options.maxRetryAfterMs) }
    return new PollError('http', `${this.#host} answered ${answer.statusCode}`, { status: answer.statusCode, ...retry })
  }

  #failed(error: unknown, timedOut: boolean, facts: (more: Partial<PollFacts>) => PollFacts): PollFailed {
    const { timeoutMs } = this.#options
    const failure = timedOut
      ? new PollError('timeout', `${this.#host}: no whole answer within ${formatDuration(timeoutMs)}`)
      : failureOf(error, this.#host)
    const { status, retryAfterMs } = failure
    return {
      ...facts(status === undefined ? {} : { status }),
      kind: 'failed',
      cause: failure.kind,
      reason: failure.message.slice(0, 200),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    }
  }
}

function asOf(answer: Answer, now: number): Pick<PollFacts, 'asOf'> {
  const time = upstreamTime(answer.headers, now)
  return time === undefined ? {} : { asOf: time }
}

function validatorsOf(answer: Answer): Record<string, string> {
  const etag = answer.headers['etag']
  const modified = answer.headers['last-modified']
  return {
    ...(typeof etag === 'string' ? { 'if-none-match': etag } : {}),
    ...(typeof modified === 'string' ? { 'if-modified-since': modified } : {}),
  }
}
