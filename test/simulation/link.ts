import type { SocketEvent, WebSocketLike } from '../../src/client/face.ts'
import { Connection } from '../../src/connection/connection.ts'
import type { ConnectionContext } from '../../src/connection/context.ts'
import type { Transport } from '../../src/connection/transport.ts'
import type { Clock } from '../../src/lib/clock.ts'

interface Item {
  readonly dueMs: number
  readonly arrive: () => void
}

/** One way of a link: in order, each item late by the latency, none faster than the bandwidth. */
class Way {
  readonly #clock: Clock
  readonly #latencyMs: number
  readonly #bytesPerMs: number
  readonly #items: Item[] = []
  /** When the last item arrives. */
  #freeAt = 0
  /** Nothing is read before. */
  #stalledUntil = 0
  #isMoving = false
  #isBroken = false
  #isPaused = false

  constructor(clock: Clock, latencyMs: number, bytesPerMs: number) {
    this.#clock = clock
    this.#latencyMs = latencyMs
    this.#bytesPerMs = bytesPerMs
  }

  carry(bytes: number, arrive: () => void): void {
    if (this.#isBroken) return
    this.#freeAt = Math.max(this.#freeAt, this.#clock.monotonic() + this.#latencyMs) + bytes / this.#bytesPerMs
    this.#items.push({ dueMs: this.#freeAt, arrive })
    this.#move()
  }

  stall(ms: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.#clock.monotonic() + ms)
  }

  /** Nothing is read until `resume`. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#move()
  }

  /** What is under way, and what comes later, is lost. */
  break(): void {
    this.#isBroken = true
    this.#items.length = 0
  }

  #move(): void {
    const [first] = this.#items
    if (first === undefined || this.#isMoving || this.#isPaused) return
    this.#isMoving = true
    this.#clock.after(Math.max(first.dueMs, this.#stalledUntil) - this.#clock.monotonic(), () => {
      this.#isMoving = false
      if (this.#clock.monotonic() >= this.#stalledUntil && !this.#isPaused) this.#items.shift()?.arrive()
      this.#move()
    })
  }
}

export interface LinkOptions {
  readonly clock: Clock
  readonly latencyMs: number
  /** From the server to the client. */
  readonly bytesPerMs: number
  /** The server at the other end; undefined: nobody listens. */
  readonly context: ConnectionContext | undefined
  readonly closed: (link: Link) => void
  /** Whether a delta is lost, as no network does it; default: none. */
  readonly loses?: () => boolean
  /** Told of each message that the client sends. */
  readonly heard: (message: string) => void
  /** Told of each message once the client has taken it. */
  readonly taken: (message: string) => void
}

type Listener = (event: SocketEvent) => void

/** A WebSocket between a client and a server, over a network that can be slow, stall, break, or break for one side alone. */
export class Link implements WebSocketLike {
  readonly #options: LinkOptions
  readonly #down: Way
  readonly #up: Way
  readonly #listeners = new Map<string, Set<Listener>>()
  #connection: Connection | undefined
  #isClosed = false
  #calmSince: number
  /** Addresses of which a delta was lost, which nothing told yet. */
  readonly #lost = new Set<string>()

  constructor(options: LinkOptions) {
    const { clock, latencyMs, bytesPerMs, context } = options
    this.#options = options
    this.#calmSince = clock.monotonic()
    this.#down = new Way(clock, latencyMs, bytesPerMs)
    this.#up = new Way(clock, latencyMs, Number.POSITIVE_INFINITY)
    this.#up.carry(0, () => {
      if (context === undefined) this.#down.carry(0, () => this.#close(1006, ''))
      else this.#connection = new Connection(this.#transport(), context)
    })
  }

  /** Since when nothing was done to it, ms (monotonic). */
  get calmSince(): number {
    return this.#lost.size > 0 ? Number.POSITIVE_INFINITY : this.#calmSince
  }

  // The client's side.

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners.add(listener))
  }

  removeEventListener(type: string, listener: Listener): void {
    this.#listeners.get(type)?.delete(listener)
  }

  close(): void {
    this.#down.break()
    this.#up.carry(0, () => this.#connection?.ended())
    this.#forget()
  }

  /** Not to be heard of any more, as a peer that crashed. */
  terminate(): void {
    this.close()
  }

  /** A message of the client's. */
  send(message: string): void {
    this.#options.heard(message)
    this.#up.carry(message.length, () => this.#connection?.receive(message))
  }

  // The server's side.

  #transport(): Transport {
    return {
      peer: '192.0.2.1',
      send: frame => this.#carry(frame.toString('utf8')),
      sendAll: frames => {
        for (const frame of frames) this.#carry(frame.toString('utf8'))
      },
      pause: () => this.#up.pause(),
      resume: () => this.#up.resume(),
      ping: payload => this.#down.carry(2, () => this.#up.carry(2, () => this.#connection?.ponged(payload))),
      close: (code, reason) => this.#down.carry(2, () => this.#close(code, reason)),
      terminate: () => {
        this.#up.break()
        this.#down.carry(0, () => this.#close(1006, ''))
      },
    }
  }

  #carry(data: string): void {
    if (this.#options.loses !== undefined && this.#loses(data, this.#options.loses)) return
    this.#down.carry(data.length, () => {
      this.#dispatch({ type: 'message', data })
      this.#options.taken(data)
    })
  }

  #loses(data: string, loses: () => boolean): boolean {
    const [, type, feed = ''] = /^\{"type":"(delta|snapshot)","feed":"([^"]*)"/.exec(data) ?? []
    if (type === undefined) return false
    if (type === 'delta' && loses()) {
      this.#lost.add(feed)
      return true
    }
    // From now on it can be known what was lost.
    if (this.#lost.delete(feed)) this.#calmSince = Math.max(this.#calmSince, this.#options.clock.monotonic())
    return false
  }

  // The network.

  stall(ms: number): void {
    if (this.#isClosed || this.#calmSince === Number.POSITIVE_INFINITY) return
    // A short one ends no long one.
    this.#calmSince = Math.max(this.#calmSince, this.#options.clock.monotonic() + ms)
    this.#down.stall(ms)
  }

  /** Both sides notice, each in its time. */
  cut(): void {
    this.#breakWays()
    const { clock, latencyMs } = this.#options
    clock.after(latencyMs, () => this.#close(1006, ''))
    clock.after(latencyMs, () => this.#connection?.ended())
  }

  /** Nobody notices: each side has to find out by itself. */
  halfOpen(): void {
    this.#breakWays()
  }

  /** The server's process is gone. */
  kill(): void {
    this.#connection = undefined
    this.#breakWays()
    this.#options.clock.after(this.#options.latencyMs, () => this.#close(1006, ''))
  }

  #breakWays(): void {
    this.#calmSince = Number.POSITIVE_INFINITY
    this.#up.break()
    this.#down.break()
  }

  #close(code: number, reason: string): void {
    if (this.#isClosed) return
    this.#connection?.ended()
    this.#forget()
    this.#dispatch({ type: 'close', code, reason })
  }

  #forget(): void {
    this.#isClosed = true
    this.#calmSince = Number.POSITIVE_INFINITY
    this.#options.closed(this)
  }

  #dispatch(event: SocketEvent): void {
    for (const listener of this.#listeners.get(event.type) ?? []) listener(event)
  }
}
