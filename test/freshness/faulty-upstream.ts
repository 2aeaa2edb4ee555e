import type { Dispatcher } from 'undici'
import type { Random } from '../../src/lib/random.ts'
import type { VirtualClock } from '../../src/lib/virtual-clock.ts'
import type { Tap } from '../../src/source/link.ts'

/** How an upstream answers for a while. */
export const kinds = [
  'good',
  'dead',
  'reset',
  'hang',
  'hangInBody',
  'slow',
  'error',
  'busy',
  'only304',
  'frozen',
  'empty',
  'truncated',
  'garbage',
  'skewed',
] as const
export type Kind = (typeof kinds)[number]

export interface Row {
  readonly id: number
  /** The version of the truth that it is of. */
  readonly v: number
}

/** A whole answer that reached who asked, and that can be believed as far as anybody can tell. */
export interface Said {
  readonly rows: readonly Row[]
  /** When it was there, on the monotonic clock. */
  readonly mono: number
  /** The truth was another while it was asked for: it lied, and nobody can know. */
  readonly isLie: boolean
}

interface Headers {
  readonly [name: string]: string
}

/** An upstream on virtual time, whose rows change, and which fails in all manners. It keeps what it has said. */
export class FaultyUpstream {
  /** What was said last. */
  said: Said | undefined
  /** When anything was said, on the wall clock of the time. */
  readonly proofs = new Set<number>()
  kind: Kind = 'good'
  readonly met = new Map<Kind, number>()
  /** Lies in a row that were confirmed by its own validator. */
  lies = 0
  readonly #clock: VirtualClock
  readonly #random: Random
  readonly #rowCount: number
  #version = 0
  /** When each version began. */
  readonly #began = [0]
  /** What was last given out under an ETag. */
  readonly #byTag = new Map<string, readonly Row[]>()
  #frozenTag = 0

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock
    this.#random = random
    this.#rowCount = random() < 0.5 ? 3 : 25
  }

  /** The truth is another from now on. */
  change(): void {
    this.#version++
    this.#began.push(this.#clock.monotonic())
  }

  become(kind: Kind): void {
    this.kind = kind
    this.#frozenTag = this.#version
  }

  get rows(): readonly Row[] {
    return Array.from({ length: this.#rowCount }, (_, id) => ({ id, v: this.#version }))
  }

  readonly tap: Tap = link => () => (asked, handler) => {
    const exchange = new Exchange(handler, this.#clock)
    link.connecting = false
    this.met.set(this.kind, (this.met.get(this.kind) ?? 0) + 1)
    this.#answer(asked, exchange, () => (link.connecting = true))
    return true
  }

  #answer({ headers }: Dispatcher.DispatchOptions, exchange: Exchange, whileConnecting: () => void): void {
    const held = (headers as Readonly<Record<string, string>>)['if-none-match']
    const soon = this.#random() * 40
    switch (this.kind) {
      case 'dead':
        return exchange.after(soon, () => {
          whileConnecting()
          exchange.fail('ECONNREFUSED')
        })
      case 'reset':
        return exchange.after(soon, () => exchange.fail('ECONNRESET'))
      case 'hang':
        return
      case 'hangInBody':
        return exchange.after(soon, () => exchange.begin(200, {}, this.#text().slice(0, 20)))
      case 'slow':
        return this.#say(exchange, this.#random() * 3000, held, `"${this.#version}"`)
      case 'error':
        return exchange.after(soon, () => exchange.whole(500, {}, 'Internal Server Error'))
      case 'busy': {
        const status = this.#random() < 0.5 ? 429 : 503
        return exchange.after(soon, () => exchange.whole(status, { 'retry-after': String(Math.floor(this.#random() * 4)) }, ''))
      }
      case 'only304':
        return this.#confirm(exchange, soon, held, this.#random() < 0.5 ? `"${this.#version}"` : held)
      case 'frozen':
        return this.#say(exchange, soon, held, `"frozen ${this.#frozenTag}"`)
      case 'empty':
        return this.#deliver(exchange, soon, [], {})
      case 'truncated':
        return exchange.after(soon, () => {
          exchange.begin(200, { 'content-length': '9999' }, this.#text().slice(0, -1))
          exchange.fail('UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
        })
      case 'garbage':
        return exchange.after(soon, () => exchange.whole(200, {}, this.#text().slice(0, -1)))
      case 'skewed':
        return this.#say(exchange, soon, held, `"${this.#version}"`, this.#skewed())
      case 'good':
        return this.#say(exchange, soon, held, `"${this.#version}"`)
    }
  }

  /** Hours before or ahead. */
  #skewed(): Headers {
    const date = (): string => new Date(this.#clock.now() + (this.#random() - 0.5) * 86_400_000).toUTCString()
    return { date: date(), 'last-modified': date(), age: String(Math.floor(this.#random() * 1e5)) }
  }

  #text(): string {
    return JSON.stringify(this.rows)
  }

  /** 304 to who has what its tag says. */
  #say(exchange: Exchange, ms: number, held: string | undefined, etag: string, more: Headers = {}): void {
    if (held === etag) this.#confirm(exchange, ms, held, etag)
    else this.#deliver(exchange, ms, this.rows, { etag, ...more })
  }

  #deliver(exchange: Exchange, ms: number, rows: readonly Row[], headers: Headers): void {
    exchange.after(ms, () => {
      const { etag } = headers
      if (etag !== undefined) this.#byTag.set(etag, rows)
      this.#note(rows, exchange, false)
      exchange.whole(200, { 'content-type': 'application/json', ...headers }, JSON.stringify(rows))
    })
  }

  /** Confirms what is held, where anything is. */
  #confirm(exchange: Exchange, ms: number, held: string | undefined, etag: string | undefined): void {
    exchange.after(ms, () => {
      const rows = held === undefined || (etag !== undefined && etag !== held) ? undefined : this.#byTag.get(held)
      if (rows !== undefined) this.#note(rows, exchange, true)
      exchange.whole(304, etag === undefined ? {} : { etag }, '')
    })
  }

  #note(rows: readonly Row[], { sentMono }: Exchange, isConfirmation: boolean): void {
    const mono = this.#clock.monotonic()
    const version = rows[0]?.v
    const ended = version === undefined ? mono : (this.#began[version + 1] ?? Number.POSITIVE_INFINITY)
    const isLie = ended < sentMono
    this.lies = isConfirmation && isLie ? this.lies + 1 : 0
    this.said = { rows, mono, isLie }
    this.proofs.add(this.#clock.now())
  }
}

/** One request on virtual time, which may be given up at any time. */
export class Exchange implements Dispatcher.DispatchController {
  readonly sentMono: number
  aborted = false
  readonly paused = false
  reason: Error | null = null
  readonly #handler: Dispatcher.DispatchHandler
  readonly #clock: VirtualClock
  #isOver = false

  constructor(handler: Dispatcher.DispatchHandler, clock: VirtualClock) {
    this.#handler = handler
    this.#clock = clock
    this.sentMono = clock.monotonic()
    handler.onRequestStart?.(this, {})
  }

  abort(reason: Error): void {
    if (this.#isOver) return
    this.#isOver = this.aborted = true
    this.reason = reason
    this.#handler.onResponseError?.(this, reason)
  }

  pause(): void {
    // Bodies are small.
  }

  resume(): void {
    // It never paused.
  }

  /** Not where it was given up before. */
  after(ms: number, run: () => void): void {
    this.#clock.after(ms, () => {
      if (!this.#isOver) run()
    })
  }

  begin(status: number, headers: Headers, body: string): void {
    this.#handler.onResponseStart?.(this, status, headers)
    if (body !== '') this.#handler.onResponseData?.(this, Buffer.from(body))
  }

  /** More of the body. */
  say(text: string): void {
    if (!this.#isOver) this.#handler.onResponseData?.(this, Buffer.from(text))
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#handler.onResponseEnd?.(this, {})
  }

  whole(status: number, headers: Headers, body: string): void {
    this.begin(status, headers, body)
    this.end()
  }

  fail(code: string): void {
    this.#isOver = true
    this.#handler.onResponseError?.(this, Object.assign(new Error('planted'), { code }))
  }
}
