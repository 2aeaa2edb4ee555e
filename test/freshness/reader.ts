import type { Sink } from '../../src/hub/outbox.ts'
import { everything } from '../../src/hub/principal.ts'
import type { ServerMessage } from '../../src/protocol/messages.ts'
import type { Row } from './faulty-upstream.ts'

type Status = Extract<ServerMessage, { readonly type: 'status' }>

/** What a reader of one feed was told, and shows. */
export class Shown {
  readonly rows = new Map<string, Row>()
  status: Status | undefined
}

/** A reader of several feeds that does what the protocol says and nothing else. */
export class Reader implements Sink {
  readonly isFull = false
  readonly grants = everything
  readonly account = ''
  readonly #shown = new Map<string, Shown>()

  /** What is shown of a feed. */
  of(feed: string): Shown {
    let shown = this.#shown.get(feed)
    if (shown === undefined) this.#shown.set(feed, (shown = new Shown()))
    return shown
  }

  send(frame: Buffer): void {
    const message = JSON.parse(frame.toString()) as ServerMessage
    if (message.type === 'status') this.of(message.feed).status = message
    if (message.type === 'snapshot') {
      const { rows } = this.of(message.feed)
      rows.clear()
      for (const row of message.rows as unknown as Row[]) rows.set(String(row.id), row)
    }
    if (message.type !== 'delta') return
    const { rows } = this.of(message.feed)
    for (const key of message.del ?? []) rows.delete(key)
    for (const [key, cells] of Object.entries(message.set ?? {}))
      rows.set(key, { ...rows.get(key), ...(cells as unknown as Row), id: Number(key) })
  }

  sendAll(frames: readonly Buffer[]): void {
    for (const frame of frames) this.send(frame)
  }
}
