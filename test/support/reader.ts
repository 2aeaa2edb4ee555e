import type { Hub } from '../../src/hub/hub.ts'
import { everything, type Asker, type Grants } from '../../src/hub/principal.ts'
import type { Outbox } from '../../src/hub/outbox.ts'
import type { ServerMessage } from '../../src/protocol/messages.ts'

/** Who asks for tables once, and may see all. */
export const asker: Asker = { grants: everything, account: '' }

/** A reader straight at the hub: takes every frame, in order. */
export class HubReader {
  readonly outbox: Outbox
  readonly frames: Buffer[] = []
  isFull = false
  /** Frames after which it is full; default: none. */
  fillsAfter = Number.POSITIVE_INFINITY
  grants: Grants = everything
  account = ''
  /** Flushes that came in one write. */
  flushes = 0

  constructor(hub: Hub) {
    const isFull = (): boolean => this.isFull
    const grants = (): Grants => this.grants
    const account = (): string => this.account
    this.outbox = hub.connect({
      send: frame => {
        this.frames.push(frame)
        if (--this.fillsAfter <= 0) this.isFull = true
      },
      sendAll: frames => {
        this.flushes++
        this.frames.push(...frames)
        this.fillsAfter -= frames.length
        if (this.fillsAfter <= 0) this.isFull = true
      },
      get isFull() {
        return isFull()
      },
      get grants() {
        return grants()
      },
      get account() {
        return account()
      },
    })
  }

  /** The messages since the last call, without what only tells freshness unless asked for. */
  take(options: { status?: boolean } = {}): ServerMessage[] {
    const messages = this.frames.splice(0).map(frame => JSON.parse(frame.toString('utf8')) as ServerMessage)
    return options.status === true ? messages : messages.filter(message => message.type !== 'status')
  }
}
