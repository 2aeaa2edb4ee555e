import { STATUS_CODES } from 'node:http'
import { WebSocket } from 'ws'
import { exceeded } from '../decode/decode-error.ts'
import { version } from '../lib/version.ts'
import { formatDuration, formatSize } from '../lib/unit.ts'
import type { Table } from '../model/table.ts'
import { Answers } from './answers.ts'
import type { Ask, Poll, PollFacts } from './ask.ts'
import type { AskDeps } from './document-ask.ts'
import { failedPoll, failureOf, PollError, type Scene } from './failure.ts'
import { Inflow } from './inflow.ts'
import type { WebSocketOptions } from './websocket.options.ts'

/** Follows a WebSocket: each poll takes what came since the last one, or proves by a ping that there was nothing. */
export function webSocketAsk(options: WebSocketOptions, deps: AskDeps): Ask {
  return new WebSocketAsk(options, deps)
}

class WebSocketAsk implements Ask {
  readonly #options: WebSocketOptions
  readonly #deps: AskDeps
  readonly #answers: Answers
  readonly #inflow: Inflow
  readonly #host: string
  #socket: WebSocket | undefined
  #closed = false

  constructor(options: WebSocketOptions, deps: AskDeps) {
    this.#options = options
    this.#deps = deps
    this.#host = new URL(options.url).host
    this.#answers = new Answers(options, deps.name, deps.log)
    this.#inflow = new Inflow(options, { answers: this.#answers, clock: deps.clock, what: () => this.#host })
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
      if (this.#closed) throw new PollError('internal', 'the source is closed')
      if (!this.#inflow.isDue) await (this.#inflow.isOpen ? this.#ping() : this.#open())
      return this.#answers.poll(await this.#inflow.take(), facts())
    } catch (error) {
      const failure = failureOf(error, this.#scene())
      const { name, log } = this.#deps
      if (failure.kind === 'internal' && !this.#closed) log.error({ source: name, err: error }, `source '${name}': ${failure.message}`)
      return failedPoll(failure, facts())
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
    this.rest()
    return Promise.resolve()
  }

  #scene(): Scene {
    return { host: this.#host, phase: this.#socket?.readyState === WebSocket.CONNECTING ? 'connecting' : 'answering' }
  }

  /** @throws PollError where it is not open within `timeout` */
  async #open(): Promise<void> {
    const { url, headers, subscribe, maxBodyBytes } = this.#options
    const socket = new WebSocket(url, {
      headers: { 'user-agent': `millrace/${version}`, ...Object.fromEntries(headers) },
      maxPayload: maxBodyBytes,
      followRedirects: false,
    })
    this.#socket = socket
    await this.#within(socket, 'no connection', done => {
      socket.on('error', error => this.#ended(socket, this.#faultOf(error), done))
      socket.on('unexpected-response', (request, { statusCode = 0 }) => {
        const text = `${statusCode} ${STATUS_CODES[statusCode] ?? ''}`.trim()
        this.#ended(socket, new PollError('http', `${this.#host} answered ${text}`, { status: statusCode }), done)
        request.destroy()
      })
      socket.on('close', code => this.#ended(socket, closed(this.#host, code), done))
      socket.on('message', (data: Buffer) => {
        if (this.#socket !== socket) return
        this.#inflow.add(data)
        if (this.#inflow.isOpen) return
        // It said too much at once.
        this.#socket = undefined
        socket.terminate()
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
