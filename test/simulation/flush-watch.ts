import type { DeltaMessage, ServerMessage, SnapshotMessage } from '../../src/protocol/messages.ts'

/** What the server said of an address when it was subscribed to. */
interface Told {
  readonly throttle: number
  readonly epoch: string
  readonly version: number
}

/** Reads what one connection was sent: what it follows, in which class, and where flushes begin and end. */
export class FlushWatch {
  readonly #told = new Map<string, Told>()
  #open: { readonly throttle: number; left: number; readonly addresses: Set<string> } | undefined
  readonly #blame: (what: string) => void
  readonly #whole: (addresses: ReadonlySet<string>) => void

  /** `whole` is told the addresses of each flush once all of its messages have been taken. */
  constructor(blame: (what: string) => void, whole: (addresses: ReadonlySet<string>) => void) {
    this.#blame = blame
    this.#whole = whole
  }

  take(text: string): void {
    // Whatever else there is says nothing of flushes.
    if (!/^\{"type":"(tick|subscribed|unsubscribed|snapshot|delta)"/.test(text)) return
    const message = JSON.parse(text) as ServerMessage
    if (message.type === 'tick') {
      if (this.#open !== undefined) this.#blame(`a flush is opened while ${this.#open.left} messages of another one are to come`)
      if (message.messages < 2) this.#blame(`a flush is opened for ${message.messages} messages`)
      this.#open = { throttle: message.throttle, left: message.messages, addresses: new Set() }
    } else if (message.type === 'subscribed') this.#told.set(message.feed, message)
    else if (message.type === 'unsubscribed') this.#told.delete(message.feed)
    else if (message.type === 'snapshot' || message.type === 'delta') this.#count(message)
  }

  #count(message: SnapshotMessage | DeltaMessage): void {
    const { feed } = message
    const told = this.#told.get(feed)
    if (told === undefined) this.#blame(`${feed} comes, which is not followed`)
    else if (message.type === 'snapshot' && message.epoch === told.epoch && message.to < told.version)
      this.#blame(`${feed} comes at ${message.to}, from before it was asked for at ${told.version}`)
    const open = this.#open
    if (open === undefined) return
    if (told?.throttle !== open.throttle) this.#blame(`${feed} comes in a flush of another class than its own`)
    open.addresses.add(feed)
    if (--open.left > 0) return
    this.#open = undefined
    this.#whole(open.addresses)
  }
}
