import { STATUS_CODES } from 'node:http'
import { WebSocket } from 'ws'
import { exceeded } from '../decode/decode-error.ts'
import { formatDuration, formatSize } from '../lib/unit.ts'
import type { Table } from '../model/table.ts'
import { Answers } from './answers.ts'
import type { Ask, Poll, PollFacts } from './ask.ts'
import { noCredentials, type Authorizer } from './auth/authorizer.ts'
import { Deadline } from './deadline.ts'
import { dial, type RefusalHeaders } from './dial.ts'
import type { AskDeps } from './document-ask.ts'
import { closedSource, failedPoll, failureOf, PollError, type Scene } from './failure.ts'
import { Inflow } from './inflow.ts'
import { Proxies, proxyHost, type Proxy } from './proxy.ts'
import type { WebSocketOptions } from './websocket.options.ts'

interface WebSocketDeps extends AskDeps {
  /** Default: every origin is asked itself. */
  readonly proxies?: Proxies
  /** Default: nobody says who asks, beyond what the headers say. */
  readonly auth?: Authorizer
}

const unauthorized = 401

/** Of something else than what was asked for, rather than a refusal or a fault. */
function isAnswer(status: number): boolean {
  return status >= 200 && status < 300
}

/** It was answered, and not opened. */
class Refused extends PollError {
  readonly headers: RefusalHeaders

  constructor(host: string, status: number, headers: RefusalHeaders, objection?: string) {
    const said = `${host} answered ${status} ${STATUS_CODES[status] ?? ''}`.trim()
    const why = isAnswer(status) ? 'there is no WebSocket at this URL, only HTTP' : objection
    super('http', why === undefined ? said : `${said}: ${why}`, { status })
    this.headers = headers
  }
}

/** Follows a WebSocket: each poll takes what came since the last one, or proves by a ping that there was nothing. */
export function webSocketAsk(options: WebSocketOptions, deps: WebSocketDeps): Ask {
  return new WebSocketAsk(options, deps)
}

class WebSocketAsk implements Ask {
  readonly #options: WebSocketOptions
  readonly #deps: WebSocketDeps
  readonly #answers: Answers
  readonly #inflow: Inflow
  readonly #host: string
  #socket: WebSocket | undefined
  #opening: Deadline | undefined
  /** By which it is being opened. */
  #proxy: Proxy | undefined
  #closed = false

  constructor(options: WebSocketOptions, deps: WebSocketDeps) {
    this.#options = options
    this.#deps = deps
    this.#host = new URL(options.url).host
    this.#answers = new Answers(options, deps.name, deps.log)
    this.#inflow = new Inflow(options, { answers: this.#answers, clock: deps.clock, what: () => this.#host, saying: 'message' })
  }

  get isFollowing(): boolean {
    return this.#inflow.isOpen
  }

  resume(table: Table): void {
    this.#answers.resume(table)
    this.#inflow.resume(table)
  }

  wakes(wake: () => void): void {
    this.#inflow.wake = wake
  }

  async poll(): Promise<Poll> {
    const { clock } = this.#deps
    const began = clock.monotonic()
    const facts = (): PollFacts => ({ at: clock.now(), durationMs: clock.monotonic() - began, bytes: this.#inflow.bytes })
    try {
      if (this.#closed) throw closedSource()
      if (!this.#inflow.isDue && this.#inflow.isOpen) await this.#ping()
      // Also where it ended before it had answered the ping, which proves nothing.
      if (!this.#inflow.isDue && !this.#inflow.isOpen) await this.#open()
      return this.#answers.poll(await this.#inflow.take(), facts())
    } catch (error) {
      return failedPoll(this.#failureOf(error), facts())
    }
  }

  rest(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#inflow.abandon()
    socket?.terminate()
  }

  close(): Promise<void> {
    this.#closed = true
    this.#answers.close()
    this.#opening?.abort()
    this.rest()
    return this.#deps.auth?.close() ?? Promise.resolve()
  }

  #failureOf(error: unknown): PollError {
    if (this.#closed) return closedSource()
    const failure = failureOf(error, this.#scene())
    const { name, log } = this.#deps
    if (failure.kind === 'internal') log.error({ source: name, err: error }, `source '${name}': ${failure.message}`)
    return failure
  }

  #scene(): Scene {
    const loggingIn = this.#deps.auth?.scene
    if (loggingIn !== undefined) return loggingIn
    if (this.#proxy !== undefined) return { host: `the proxy ${proxyHost(this.#proxy)}`, phase: 'connecting' }
    return { host: this.#host, phase: this.#socket?.readyState === WebSocket.CONNECTING ? 'connecting' : 'answering' }
  }

  /** Asks once more where other credentials may help. @throws PollError where it is not open within `timeout` */
  async #open(): Promise<void> {
    const { auth, clock } = this.#deps
    const { timeoutMs } = this.#options
    const deadline = new Deadline(clock, timeoutMs)
    this.#opening = deadline
    auth?.begin()
    try {
      if (!(await this.#openAs(deadline.signal, false))) await this.#openAs(deadline.signal, true)
    } catch (error) {
      if (!deadline.isOver || this.#closed) throw error
      throw new PollError('timeout', `${this.#scene().host}: no connection within ${formatDuration(timeoutMs)}`)
    } finally {
      deadline.lift()
      this.#opening = undefined
    }
  }

  /** @returns whether it is open; where not it is worth asking once more, unless this was the `last` time */
  async #openAs(signal: AbortSignal, last: boolean): Promise<boolean> {
    const { auth, proxies = new Proxies({}) } = this.#deps
    const { pathname, search } = new URL(this.#options.url)
    const used = auth === undefined ? noCredentials : await auth.credentials({ method: 'GET', path: pathname + search }, signal)
    signal.throwIfAborted()
    this.#proxy = proxies.of(new URL(this.#options.url.replace(/^ws/i, 'http')))
    const socket = dial(this.#options, used, this.#proxy)
    this.#socket = socket
    try {
      await this.#handshake(socket, signal)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      if (error.status !== unauthorized) auth?.accepted(used)
      else if (auth?.refused(used, error.headers) === true && !last) return false
      throw error
    }
    auth?.accepted(used)
    this.#proxy = undefined
    return true
  }

  async #handshake(socket: WebSocket, signal: AbortSignal): Promise<void> {
    const { subscribe } = this.#options
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        if (this.#socket === socket) this.rest()
        reject(new Error('given up while connecting'))
      }
      signal.addEventListener('abort', giveUp, { once: true })
      const done = (fault?: Error): void => {
        signal.removeEventListener('abort', giveUp)
        if (fault === undefined) resolve()
        else reject(fault)
      }
      socket.on('error', error => this.#ended(socket, this.#faultOf(error), done))
      socket.on('unexpected-response', (request, { statusCode = 0, headers }) => {
        const objection = statusCode === unauthorized ? this.#deps.auth?.objection?.(headers) : undefined
        this.#ended(socket, new Refused(this.#host, statusCode, headers, objection), done)
        request.destroy()
      })
      socket.on('close', code => this.#ended(socket, closed(this.#host, code), done))
      socket.on('message', (data: Buffer) => {
        if (this.#socket !== socket) return
        this.#inflow.heard()
        this.#inflow.add(data)
        if (this.#inflow.isOpen) return
        // It said too much at once.
        this.#socket = undefined
        socket.terminate()
      })
      socket.on('pong', () => {
        if (this.#socket === socket) this.#inflow.heard()
      })
      socket.once('open', () => {
        for (const text of subscribe) socket.send(text)
        this.#inflow.opened()
        done()
      })
    })
  }

  /** @throws PollError where nothing answers within `timeout` */
  async #ping(): Promise<void> {
    const socket = this.#socket
    if (socket === undefined) return
    await this.#within(socket, 'no answer to a ping', done => {
      // Both go with the first: a connection that stays for weeks is pinged often.
      const heard = (): void => {
        socket.off('pong', heard).off('close', heard)
        done()
      }
      socket.on('pong', heard).on('close', heard)
      socket.ping()
    })
  }

  #faultOf(error: Error): PollError {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
      const { message, limit } = exceeded('maxBody', formatSize(this.#options.maxBodyBytes))
      return new PollError('too_large', message, { limit })
    }
    if (code.startsWith('WS_ERR')) return new PollError('http', `${this.#host} does not speak proper WebSocket (${code})`)
    return failureOf(error, this.#scene())
  }

  /** One deadline, at which the connection is dropped. */
  async #within(socket: WebSocket, what: string, begin: (done: (fault?: Error) => void) => void): Promise<void> {
    const { clock } = this.#deps
    const { timeoutMs } = this.#options
    await new Promise<void>((resolve, reject) => {
      const cancel = clock.after(timeoutMs, () => {
        if (this.#socket === socket) this.rest()
        this.#inflow.doubt()
        reject(new PollError('timeout', `${this.#host}: ${what} within ${formatDuration(timeoutMs)}`))
      })
      begin(fault => {
        cancel()
        if (fault === undefined) resolve()
        else reject(fault)
      })
    })
  }

  /** A fault before it was open fails the poll that opens it; after that the next poll tells of it. */
  #ended(socket: WebSocket, fault: PollError | undefined, done: (fault?: Error) => void): void {
    const wasOpen = this.#inflow.isOpen
    done(fault ?? new PollError('reset', `${this.#host} closed the connection`))
    if (this.#socket !== socket) return
    this.#socket = undefined
    this.#inflow.ended(wasOpen ? fault : undefined)
    socket.terminate()
  }
}

/** Going away is no fault: it is opened again at the next due. */
function closed(host: string, code: number): PollError | undefined {
  return code === 1000 || code === 1001 ? undefined : new PollError('reset', `${host} closed the connection (${code})`)
}
