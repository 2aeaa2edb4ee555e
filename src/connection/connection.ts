import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { randomText, type Random } from '../lib/random.ts'
import type { Hub } from '../hub/hub.ts'
import type { Outbox, Sink } from '../hub/outbox.ts'
import { closeTable, MillraceError, type CloseCode, type ErrorCode } from '../model/errors.ts'
import { encodeMessage, encodeResult } from '../protocol/codec.ts'
import {
  features,
  subprotocol,
  type ClientMessage,
  type GetMessage,
  type ListMessage,
  type RequestId,
  type ServerMessage,
  type SubscribeMessage,
} from '../protocol/messages.ts'
import { idOf, readClientMessage } from '../protocol/schema.ts'
import { admitAddress } from './admit.ts'
import type { Heartbeat } from './heartbeat.ts'
import { Inbound, isDeeperThan, parseObject } from './inbound.ts'
import type { ConnectionLimits } from './limits.ts'
import { OwedAnswers } from './owed-answers.ts'
import { ReadPings } from './read-pings.ts'
import type { Transport } from './transport.ts'
import { Window } from './window.ts'

/** A beat may come so much early: the wheel's slots are rounded. */
const earlyMs = 100

/** What all connections of a server share. */
export interface ConnectionContext {
  readonly hub: Hub
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly limits: ConnectionLimits
  readonly heartbeat: Heartbeat
  /** `millrace/0.1.0`. */
  readonly server: string
  /** Told of every limit met, by its key; for the metric. */
  readonly limited: (limit: string) => void
}

type Answerable = { readonly id?: RequestId | undefined; readonly feed?: string | undefined }

/** One client: reads its messages, answers them, and ends it when it misbehaves. Knows the protocol, not the socket. */
export class Connection implements Sink {
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
  /** In turns of the heartbeat's wheel. */
  #spokeAt: number
  #closed = false

  constructor(transport: Transport, context: ConnectionContext) {
    this.#context = context
    this.#transport = transport
    this.#window = new Window(context.limits, context.clock)
    this.#pings = new ReadPings(this.#window, transport)
    this.#outbox = context.hub.connect(this)
    this.#spokeAt = context.heartbeat.turns
    this.#place = context.heartbeat.add(this)
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
        return this.#refuse(
          {},
          new MillraceError('rate_limited', 'too many messages', [{ limit: 'messagesPerSecond', value: this.#limits.messagesPerSecond }]),
        )
      case 'drop':
        return this.#context.limited('messagesPerSecond')
      case 'end':
        return this.close(4429, 'messagesPerSecond retry-after-ms=10000')
    }
  }

  /** Subscribes to the addresses of the URL's query string. */
  subscribeTo(addresses: readonly string[], throttle: number): void {
    for (const feed of addresses) this.#attempt({ feed }, () => this.#subscribe({ type: 'subscribe', feed, throttle }))
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

  /** A frame that the protocol has no use for. */
  binary(): void {
    this.close(1003, 'binary frames are reserved')
  }

  beat(): void {
    const { heartbeat } = this.#context
    if (this.#window.isOverdue(2 * heartbeat.intervalMs - earlyMs)) {
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
    if (code === 4429) this.#context.limited(reason.split(' ')[0] ?? 'messagesPerSecond')
    this.ended()
    this.#transport.close(code, reason)
  }

  /** The socket is gone; calling it again does nothing. */
  ended(): void {
    if (this.#closed) return
    this.#closed = true
    this.#context.heartbeat.remove(this, this.#place)
    this.#context.hub.disconnect(this.#outbox)
  }

  get isFull(): boolean {
    return this.#window.isFull
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

  get #limits(): ConnectionLimits {
    return this.#context.limits
  }
  get #inbound(): Inbound {
    return (this.#inboundOfSpeaker ??= new Inbound(this.#context.clock, this.#limits))
  }
  get #answers(): OwedAnswers {
    return (this.#answersOfAsker ??= new OwedAnswers(() => !this.isFull))
  }

  #read(text: string): void {
    if (isDeeperThan(text, this.#limits.maxMessageDepth)) {
      const value = this.#limits.maxMessageDepth
      return this.#refuse(
        {},
        new MillraceError('bad_message', `the message nests deeper than ${value}`, [{ limit: 'maxMessageDepth', value }]),
      )
    }
    const message = parseObject(text)
    if (message === undefined) return this.close(4400, 'a message is one JSON object')
    const { feed } = message
    this.#attempt({ id: idOf(message), feed: typeof feed === 'string' ? feed : undefined }, () => this.#take(readClientMessage(message)))
  }

  #take(message: ClientMessage): void {
    switch (message.type) {
      case 'hello':
        if (message.features?.includes('ack') === true) this.#pings.useMessages()
        return this.#welcome(message.id)
      case 'subscribe':
        return this.#subscribe(message)
      case 'unsubscribe':
        return this.#unsubscribe(message.feed, message.id)
      case 'get':
        return this.#get(message)
      case 'list':
        return this.#list(message)
      case 'resync':
        return this.#context.hub.resync(this.#outbox, message.feed)
      case 'ping':
        return this.#say({ type: 'pong', ...echo(message.id), at: this.#context.clock.now() })
      case 'pong':
        return this.#acknowledge(message.n)
    }
  }

  #subscribe(message: SubscribeMessage): void {
    this.#context.hub.subscribe(this.#outbox, message, isView => admitAddress(this.#outbox, isView, this.#limits))
  }

  #unsubscribe(feed: string, id: RequestId | undefined): void {
    const address = this.#context.hub.unsubscribe(this.#outbox, feed)
    this.#say({ type: 'unsubscribed', ...echo(id), feed: address })
  }

  /** @throws MillraceError `rate_limited`; who goes on is ended. */
  #answer(message: ListMessage | GetMessage, make: () => Promise<void> | void): void {
    if (this.#answers.areTooMany) {
      if (this.#inbound.refused()) return this.close(4429, 'answers retry-after-ms=10000')
      throw new MillraceError('rate_limited', 'the answers to earlier messages are not read yet')
    }
    this.#answers.owe(make).catch((error: unknown) => this.#refuse(message, error))
  }

  #list(message: ListMessage): void {
    this.#answer(message, () => this.#say({ type: 'feeds', ...echo(message.id), feeds: this.#context.hub.list(message.own ?? false) }))
  }

  #get(message: GetMessage): void {
    this.#answer(message, async () => {
      const { hub } = this.#context
      let snapshot = await hub.snapshot(message.feed, message, this.#outbox)
      // Others may have filled the line meanwhile; what is read then is what is true then.
      while (this.isFull) {
        await this.#answers.room()
        snapshot = await hub.snapshot(message.feed, message, this.#outbox)
      }
      this.send(encodeResult(message.id, snapshot.frame))
    })
  }

  #attempt(message: Answerable, action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#refuse(message, error)
    }
  }

  #refuse({ id, feed }: Answerable, error: unknown): void {
    const { code, message, retry, details } = error instanceof MillraceError ? error : this.#internal(error)
    for (const detail of details) if ('limit' in detail) this.#context.limited(detail.limit)
    const told = feed === undefined ? {} : { feed: feed.slice(0, 2048) }
    this.#say({ type: 'error', ...echo(id), ...told, code, message, retry, ...(details.length === 0 ? {} : { details }) })
  }

  #internal(error: unknown): { code: ErrorCode; message: string; retry: boolean; details: MillraceError['details'] } {
    const id = randomText(this.#context.random, 8)
    this.#context.log.error({ id, err: error }, `a client's message led to a fault (${id})`)
    return new MillraceError('internal', `a fault of the server; its log has it under ${id}`)
  }

  #welcome(id: RequestId | undefined): void {
    const { maxFeedsPerConnection, maxMessageBytes, messagesPerSecond } = this.#limits
    this.#say({
      type: 'welcome',
      ...echo(id),
      protocol: subprotocol,
      server: this.#context.server,
      heartbeat: this.#context.heartbeat.intervalMs,
      features,
      limits: { feeds: maxFeedsPerConnection, message: maxMessageBytes, messagesPerSecond },
    })
  }

  #say(message: ServerMessage): void {
    this.send(encodeMessage(message))
  }
}

function echo(id: RequestId | undefined): { readonly id?: RequestId } {
  return id === undefined ? {} : { id }
}
