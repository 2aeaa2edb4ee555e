import type { Cancel, Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { subprotocol, type ClientMessage, type ServerMessage, type WelcomeMessage } from '../protocol/messages.ts'
import type { ConnectionState, SocketEvent, TokenSource, WebSocketConstructor, WebSocketLike } from './face.ts'
import { Pace } from './pace.ts'
import { Reconnect, type Outcome } from './reconnect.ts'
import { readServerMessage } from './server-message.ts'
import { SignIn, signInId } from './sign-in.ts'

/** Without a `welcome` in this time a try has failed. */
const welcomeTimeoutMs = 10_000
/** Lines that fell silent one after the other, without data, are given up later and later: up to so many times the usual. */
const mostPatience = 16
/** The code of a connection that ended without a close frame. */
const noClose = 1006
/** The codes of a token that is missing or not known, and of one that is no more. */
const [unauthorized, withdrawn] = [4401, 4403]

/** Whom a connection tells. Messages come only while it is open. */
export interface ConnectionReader {
  changed(state: ConnectionState): void
  welcomed(): void
  /** Another token is in force. */
  renewed(): void
  /** @param text the frame as it came */
  received(message: ServerMessage, text: string): void
  /** A data message of this address could not be read. */
  unreadable(table: { readonly feed: string; readonly type: string }): void
}

export interface ConnectionOptions {
  readonly url: string
  readonly clock: Clock
  readonly random: Random
  readonly WebSocket: WebSocketConstructor
  readonly token: TokenSource | undefined
  readonly reader: ConnectionReader
}

interface Line {
  readonly socket: WebSocketLike
  /** Removes its handlers. */
  readonly deafen: () => void
  pace: Pace | undefined
  /** Another token is on its way. */
  isRenewing: boolean
  welcomedAt: number | undefined
  heardAt: number
  /** What the socket said before it closed. */
  complaint: string
}

/** One server, one socket at a time: opens it, watches over its life, opens the next. What to do next `Reconnect` decides. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #reconnect: Reconnect
  readonly #signIn: SignIn
  #state: ConnectionState = { phase: 'connecting', attempt: 0 }
  #line: Line | undefined
  #timer: Cancel | undefined
  #ended = false
  /** How many times the usual silence is borne: a message that is long on its way is all that a slow line has carried. */
  #patience = 1

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#reconnect = new Reconnect(options.random)
    this.#signIn = new SignIn(options.token, options.clock)
  }

  get state(): ConnectionState {
    return this.#state
  }
  /** Welcomed: messages can be sent. */
  get isOpen(): boolean {
    return this.#line?.pace !== undefined
  }

  open(): void {
    const { url, clock, WebSocket } = this.#options
    this.#timer?.()
    this.#timer = clock.after(welcomeTimeoutMs, () => this.#drop('no welcome within 10 s'))
    try {
      this.#line = this.#listen(new WebSocket(url, subprotocol))
    } catch (error) {
      this.#end({ code: noClose, reason: error instanceof Error ? error.message : String(error), openMs: undefined })
    }
  }

  /** Nothing while not open: what matters is asked again after the next `welcome`. */
  send(message: ClientMessage): void {
    this.#line?.pace?.send(JSON.stringify(message))
  }

  /** Gives the line up, as one on which something was lost, and opens another after the back-off. */
  reset(reason: string): void {
    this.#drop(reason)
  }

  retry(): void {
    if (this.#ended || this.#line !== undefined) return
    this.#reconnect.forget()
    this.#signIn.forget()
    this.open()
  }

  close(): void {
    if (this.#ended) return
    this.#ended = true
    this.#timer?.()
    const line = this.#line
    this.#detach()
    line?.socket.close(1000)
    this.#say({ phase: 'closed', attempt: 0, reason: 'closed by this client' })
  }

  #listen(socket: WebSocketLike): Line {
    const message = (event: SocketEvent): void => this.#heard(line, event.data)
    const close = (event: SocketEvent): void => this.#closed(line, event)
    const error = (event: SocketEvent): void => {
      if (typeof event.message === 'string') line.complaint = event.message
    }
    const deafen = (): void => {
      socket.removeEventListener('message', message)
      socket.removeEventListener('close', close)
    }
    const line: Line = { socket, deafen, pace: undefined, isRenewing: false, welcomedAt: undefined, heardAt: 0, complaint: '' }
    socket.addEventListener('message', message)
    socket.addEventListener('close', close)
    // Stays: `ws` throws an error that nobody listens to.
    socket.addEventListener('error', error)
    return line
  }

  #closed(line: Line, { code = noClose, reason = '' }: SocketEvent): void {
    this.#detach()
    const isOther = (code === unauthorized || code === withdrawn) && this.#signIn.refused()
    this.#end({ code, reason: reason === '' ? line.complaint : reason, openMs: this.#openMs(line), isOther })
  }

  #openMs(line: Line): number | undefined {
    return line.welcomedAt === undefined ? undefined : this.#options.clock.monotonic() - line.welcomedAt
  }

  #heard(line: Line, data: unknown): void {
    line.heardAt = this.#options.clock.monotonic()
    const reading = readServerMessage(data)
    if (reading.kind === 'unknown') return
    if (reading.kind === 'message' && (reading.message.type === 'snapshot' || reading.message.type === 'delta')) this.#patience = 1
    if (reading.kind === 'malformed') {
      if (reading.table !== undefined && line.pace !== undefined) this.#options.reader.unreadable(reading.table)
      else this.#drop(`the server sent ${reading.why}`)
    } else if (reading.message.type === 'ping') this.#answer(line, reading.message.n)
    else if (line.pace !== undefined) this.#take(line, reading.message, String(data))
    else if (reading.message.type === 'welcome') this.#greeted(line, reading.message)
  }

  #greeted(line: Line, welcome: WelcomeMessage): void {
    if (welcome.auth === 'required') void this.#sign(line)
    else this.#welcome(line, welcome)
  }

  async #sign(line: Line): Promise<void> {
    try {
      const hello = await this.#signIn.first()
      if (this.#line !== line) return
      if (hello === undefined) this.#drop(this.#signIn.lack, unauthorized)
      else line.socket.send(JSON.stringify(hello))
    } catch (error) {
      if (this.#line === line) this.#drop(noToken(error))
    }
  }

  #take(line: Line, message: ServerMessage, text: string): void {
    const { reader } = this.#options
    if ((message.type === 'welcome' || message.type === 'error') && message.id === signInId) line.isRenewing = false
    if (message.type === 'welcome') {
      this.#signIn.accepted()
      return message.id === signInId ? reader.renewed() : undefined
    }
    const isWarning = message.type === 'error' && message.code === 'unauthorized' && message.id === undefined && message.feed === undefined
    const hasEnded = message.type === 'unsubscribed' && message.code === 'unauthorized'
    if ((isWarning || hasEnded) && !line.isRenewing) void this.#renew(line, hasEnded)
    if (!isWarning || !this.#signIn.canRenew) reader.received(message, text)
  }

  /** Brings another token. Where there is none the server ends what the old one opened, and then nothing more is to be had. */
  async #renew(line: Line, hasEnded: boolean): Promise<void> {
    line.isRenewing = true
    try {
      const hello = await this.#signIn.next(hasEnded)
      if (this.#line !== line) return
      if (hello !== undefined) return line.socket.send(JSON.stringify(hello))
      if (hasEnded) this.#drop('the token has ended', unauthorized)
    } catch (error) {
      const failure = { type: 'error', code: 'unauthorized', message: noToken(error), retry: true } as const
      if (this.#line === line) this.#options.reader.received(failure, '')
    }
    line.isRenewing = false
  }

  /** Everything before it has been taken and shown by now. The server waits for this: it stands behind no other message. */
  #answer(line: Line, n: number): void {
    line.socket.send(JSON.stringify({ type: 'pong', n } satisfies ClientMessage))
  }

  #welcome(line: Line, welcome: WelcomeMessage): void {
    const { clock } = this.#options
    this.#signIn.accepted()
    if (Array.isArray(welcome.features) && welcome.features.includes('ack'))
      line.socket.send(JSON.stringify({ type: 'hello', features: ['ack'] } satisfies ClientMessage))
    line.pace = new Pace(clock, welcome.limits.messagesPerSecond, text => line.socket.send(text))
    line.welcomedAt = clock.monotonic()
    this.#watch(line, 2 * welcome.heartbeat * this.#patience)
    this.#say({ phase: 'open', attempt: 0 })
    // A listener may have closed it.
    if (this.#line === line) this.#options.reader.welcomed()
  }

  /** A page cannot see pings, so whatever is heard counts, and `beat` comes where nothing else does. */
  #watch(line: Line, limitMs: number): void {
    const leftMs = limitMs - (this.#options.clock.monotonic() - line.heardAt)
    this.#timer?.()
    if (leftMs <= 0) {
      this.#patience = Math.min(2 * this.#patience, mostPatience)
      this.#drop(`nothing heard for ${limitMs / 1000} s`)
    } else this.#timer = this.#options.clock.after(leftMs, () => this.#watch(line, limitMs))
  }

  /** Gives a line up that is no good. */
  #drop(reason: string, code = noClose): void {
    const line = this.#line
    if (line === undefined) return
    const openMs = this.#openMs(line)
    this.#detach()
    this.#abandon(line.socket)
    this.#end({ code, reason, openMs })
  }

  /** A peer that is gone does not answer a close either; where the socket can, it is ended without asking. */
  #abandon(socket: WebSocketLike & { readonly terminate?: () => void }): void {
    if (socket.terminate === undefined) socket.close()
    else socket.terminate()
  }

  /** The old socket's handlers go before another is opened. */
  #detach(): void {
    const line = this.#line
    if (line === undefined) return
    this.#line = undefined
    line.pace?.stop()
    line.deafen()
  }

  #end(outcome: Outcome): void {
    this.#timer?.()
    this.#timer = undefined
    const decision = this.#reconnect.ended(outcome)
    const { phase, attempt, reason } = decision
    const state = { phase, attempt, reason, code: outcome.code }
    if (decision.phase === 'closed') return this.#say(state)
    this.#timer = this.#options.clock.after(decision.delayMs, () => this.#again())
    this.#say({ ...state, retryAt: this.#options.clock.now() + decision.delayMs })
  }

  #again(): void {
    const { retryAt: _, ...state } = this.#state
    this.#say(state)
    // A listener may have closed it, or tried again itself.
    if (!this.#ended && this.#line === undefined) this.open()
  }

  #say(state: ConnectionState): void {
    this.#state = state
    this.#options.reader.changed(state)
  }
}

function noToken(error: unknown): string {
  return `no token: ${error instanceof Error ? error.message : String(error)}`
}
