import type { Outbox, Sink } from '../hub/outbox.ts'
import { accountOf, anyone, nothing, type Grants, type Principal } from '../hub/principal.ts'
import { isQuery } from '../hub/query.ts'
import type { Snapshot } from '../hub/snapshots.ts'
import { closeTable, MillraceError, type CloseCode } from '../model/errors.ts'
import { encodeMessage, encodeResult } from '../protocol/codec.ts'
import type {
  ClientMessage,
  ExplainMessage,
  GetMessage,
  HelloMessage,
  ListMessage,
  RequestId,
  ServerMessage,
  SubscribeMessage,
  UnsubscribeMessage,
} from '../protocol/messages.ts'
import { readClientMessage } from '../protocol/schema.ts'
import { admitAddress } from './admit.ts'
import type { Holder } from './auth.ts'
import type { ConnectionContext, ConnectionFigures } from './context.ts'
import { Inbound, readObject } from './inbound.ts'
import { OwedAnswers } from './owed-answers.ts'
import { ReadPings } from './read-pings.ts'
import { answerable, echo, errorMessage, welcomeMessage, type Answerable } from './reply.ts'
import type { Transport } from './transport.ts'
import { Turns } from './turns.ts'
import { Window } from './window.ts'

/** A beat may come so much early: the wheel's slots are rounded. */
const earlyMs = 100

/** One client: reads its messages, answers them, and ends it when it misbehaves. Knows the protocol, not the socket. */
export class Connection implements Sink, Holder {
  principal: Principal | undefined
  readonly #context: ConnectionContext
  readonly #transport: Transport
  readonly #outbox: Outbox
  readonly #window: Window
  readonly #pings: ReadPings
  /** In the heartbeat's wheel. */
  readonly #place: number
  /** Made when they are first needed: most clients say little. */
  #inboundOfSpeaker: Inbound | undefined
  #answersOfAsker: OwedAnswers | undefined
  #turnsOfSpeaker: Turns | undefined
  /** In turns of the heartbeat's wheel. */
  #spokeAt: number
  #closed = false

  /** `principal`: who is there, where that is known already. */
  constructor(transport: Transport, context: ConnectionContext, principal?: Principal) {
    this.#context = context
    this.principal = context.auth === undefined ? anyone : principal
    this.#transport = transport
    this.#window = new Window(context.limits, context.clock)
    this.#pings = new ReadPings(this.#window, transport)
    this.#outbox = context.hub.connect(this)
    this.#spokeAt = context.heartbeat.turns
    this.#place = context.heartbeat.add(this)
    context.auth?.watch(this)
    this.#welcome(undefined)
  }

  /** One text frame. */
  receive(text: string): void {
    if (this.#closed) return
    const answered = this.#pings.answerIn(text)
    if (answered !== undefined) return this.#acknowledge(answered)
    switch (this.#inbound.message()) {
      case 'take':
        return this.#read(text)
      case 'refuse':
        return this.#refuse({}, this.#inbound.refusal)
      case 'drop':
        return this.#context.limited('messagesPerSecond')
      case 'end':
        return this.close(4429, 'messagesPerSecond retry-after-ms=10000')
    }
  }

  /** Subscribes to the addresses of the URL's query string. */
  subscribeTo(addresses: readonly string[], throttle: number): void {
    for (const feed of addresses) this.#inTurn({ type: 'subscribe', feed, throttle }, { feed }, feed.length)
  }

  /** Tells the client of a fault that no message of its own led to. */
  fail(error: MillraceError): void {
    this.#refuse({}, error)
  }

  /** The client's WebSocket ping, which `ws` answers itself. */
  pinged(): void {
    if (!this.#inbound.ping()) this.close(4429, 'pingsPerSecond retry-after-ms=10000')
  }

  /** The answer to a ping of this side: what was written before it has been read, and what was held may go out. */
  ponged(payload: Buffer): void {
    const answered = this.#pings.numberOf(payload)
    if (answered !== undefined) this.#acknowledge(answered)
  }

  #acknowledge(ping: number): void {
    if (this.#closed) return
    if (this.#window.pong(ping)) this.#pings.ask()
    if (this.isFull) return
    this.#context.hub.drained(this.#outbox)
    this.#answersOfAsker?.wake()
  }

  beat(): void {
    const { heartbeat } = this.#context
    // Of one that was not read its pongs may lie unread.
    if (this.#turnsOfSpeaker?.wasPaused() !== true && this.#window.isOverdue(2 * heartbeat.intervalMs - earlyMs)) {
      // What the close frame stands behind may yet be read; the transport gives up waiting for it.
      if (this.#outbox.isHeld || this.#answersOfAsker?.areWaiting === true) this.close(4508, 'too slow')
      else this.#transport.terminate()
      return
    }
    if (!this.#window.isPinging) this.#pings.ask()
    // What was said just after the last beat is no sign of life now: two intervals without one, and the client goes.
    if (heartbeat.isLongAgo(this.#spokeAt)) this.#say({ type: 'beat', at: this.#context.clock.now() })
  }

  close(code: CloseCode, reason: string = closeTable[code].meaning): void {
    if (this.#closed) return
    if (code === 4429 || code === 4408) this.#context.limited(reason.split(' ')[0] ?? 'messagesPerSecond')
    this.ended()
    this.#transport.close(code, reason)
  }

  /** The socket is gone; calling it again does nothing. */
  ended(): void {
    if (this.#closed) return
    this.#closed = true
    this.#turnsOfSpeaker?.end()
    this.#context.heartbeat.remove(this, this.#place)
    this.#context.auth?.deadlines.forget(this)
    this.#context.hub.disconnect(this.#outbox)
  }

  get isFull(): boolean {
    return this.#window.isFull
  }
  get figures(): ConnectionFigures {
    const { began, written } = this.#window
    const { size, isHeld } = this.#outbox
    return { name: this.principal?.name ?? '', peer: this.#transport.peer, began, bytes: written, subscriptions: size, held: isHeld }
  }
  get grants(): Grants {
    return this.principal?.grants ?? nothing
  }
  get account(): string {
    return accountOf(this.principal, this.#transport.peer)
  }
  get isClosed(): boolean {
    return this.#closed
  }

  withdraw(code: 'unauthorized' | 'forbidden'): void {
    this.#context.hub.withdraw(this.#outbox, code)
  }

  send(frame: Buffer): void {
    if (this.#closed) return
    this.#spokeAt = this.#context.heartbeat.turns
    this.#transport.send(frame)
    if (this.#window.wrote(frame.byteLength)) this.#pings.ask()
  }

  sendAll(frames: readonly Buffer[]): void {
    if (this.#closed) return
    this.#spokeAt = this.#context.heartbeat.turns
    this.#transport.sendAll(frames)
    let bytes = 0
    for (const frame of frames) bytes += frame.byteLength
    if (this.#window.wrote(bytes)) this.#pings.ask()
  }

  get #inbound(): Inbound {
    return (this.#inboundOfSpeaker ??= new Inbound(this.#context.clock, this.#context.limits))
  }
  get #turns(): Turns {
    return (this.#turnsOfSpeaker ??= new Turns(this.#context.hub.viewPace, this.#transport, this.#outbox))
  }
  get #answers(): OwedAnswers {
    return (this.#answersOfAsker ??= new OwedAnswers(() => !this.isFull))
  }

  #read(text: string): void {
    this.#attempt({}, () => {
      const message = readObject(text, this.#context.limits)
      if (message === undefined) return this.close(4400, 'a message is one JSON object')
      const told = answerable(message)
      this.#attempt(told, () => this.#inTurn(readClientMessage(message), told, text.length))
    })
  }

  #inTurn(message: ClientMessage, told: Answerable, length: number): void {
    const act = (): void => this.#attempt(told, () => this.#take(message))
    const asksView = (message.type === 'subscribe' || message.type === 'get') && isQuery(message.feed, message)
    // Who it is, and that it is there, is heard at once.
    const isUrgent = message.type === 'hello' || message.type === 'ping' || message.type === 'pong'
    if (isUrgent || (!asksView && this.#turnsOfSpeaker === undefined)) act()
    else this.#turns.take(act, length, asksView)
  }

  #take(message: ClientMessage): void {
    if (message.type !== 'hello' && message.type !== 'pong') this.#needPrincipal()
    switch (message.type) {
      case 'hello':
        return this.#hello(message)
      case 'subscribe':
        return this.#subscribe(message)
      case 'unsubscribe':
        return this.#unsubscribe(message)
      case 'get':
        return this.#get(message)
      case 'list':
        return this.#list(message)
      case 'explain':
        return this.#answer(message, () => this.#say(this.#context.hub.explain(message, this.grants)))
      case 'resync':
        return this.#context.hub.resync(this.#outbox, message.feed)
      case 'ping':
        return this.#say({ type: 'pong', ...echo(message.id), at: this.#context.clock.now() })
      case 'pong':
        return this.#acknowledge(message.n)
    }
  }

  #hello(message: HelloMessage): void {
    const { auth } = this.#context
    const welcome = (): void => {
      if (message.features?.includes('ack') === true) this.#pings.useMessages()
      this.#welcome(message.id)
    }
    const refuse = (error: MillraceError): void => this.#refuse({ id: message.id }, error)
    if (auth !== undefined && message.token !== undefined) return auth.hello(this, message.token, { welcome, refuse })
    this.#needPrincipal()
    welcome()
  }

  /** @throws MillraceError `unauthorized`. */
  #needPrincipal(): void {
    if (this.principal === undefined) throw new MillraceError('unauthorized', 'a token is needed: say hello with one')
  }

  #subscribe(message: SubscribeMessage): void {
    this.#context.hub.subscribe(this.#outbox, message, isView => admitAddress(this.#outbox, isView, this.#context.limits))
  }

  #unsubscribe({ feed, id }: UnsubscribeMessage): void {
    this.#say({ type: 'unsubscribed', ...echo(id), feed: this.#context.hub.unsubscribe(this.#outbox, feed) })
  }

  /** Who does not read the answers and goes on asking is ended. */
  #answer(message: ListMessage | GetMessage | ExplainMessage, make: () => Promise<void> | void): void {
    if (this.#answers.areTooMany && this.#inbound.refused()) return this.close(4429, 'answers retry-after-ms=10000')
    this.#answers.admit()
    this.#answers.owe(make).catch((error: unknown) => this.#refuse(message, error))
  }

  #list(message: ListMessage): void {
    this.#answer(message, () =>
      this.#say({ type: 'feeds', ...echo(message.id), feeds: this.#context.hub.list(message.own ?? false, this.grants) }),
    )
  }

  #get(message: GetMessage): void {
    const read = (): Promise<Snapshot> => {
      this.#needPrincipal()
      return this.#context.hub.snapshot(message.feed, message, this.#outbox)
    }
    this.#answer(message, async () => {
      const { frame } = await this.#answers.current(read, () => this.principal)
      this.send(encodeResult(message.id, frame))
    })
  }

  #attempt(message: Answerable, action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#refuse(message, error)
    }
  }

  #refuse(message: Answerable, thrown: unknown): void {
    this.#say(errorMessage(this.#context, message, thrown))
  }

  #welcome(id: RequestId | undefined): void {
    this.#say(welcomeMessage(this.#context, id, this.principal !== undefined))
  }

  #say(message: ServerMessage): void {
    this.send(encodeMessage(message))
  }
}
