import type { FeedStats, UpdateInfo } from '../client/face.ts'
import type { Clock } from '../lib/clock.ts'

/** What came over the wire between two moments at which rows were shown: mostly one message. */
export interface SeenFrame {
  readonly seq: number
  /** Ms since 1970 by this machine's clock. */
  readonly at: number
  readonly type: 'snapshot' | 'delta'
  readonly messages: number
  /** Before any compression. */
  readonly bytes: number
  readonly version: number
  /** Rows that came, changed or left. */
  readonly rows: number
}

const mostFrames = 60

/** The last frames of one feed, the newest first. */
export class FrameLog {
  readonly #clock: Clock
  #seen: SeenFrame[] = []
  #before: FeedStats | undefined
  #seq = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get frames(): readonly SeenFrame[] {
    return this.#seen
  }

  /** `stats` are those of the whole subscription so far. */
  note(stats: FeedStats, { type, table, changes }: UpdateInfo): void {
    const before = this.#before
    // Another view counts from nothing.
    const isSame = before !== undefined && stats.messages >= before.messages && stats.bytes >= before.bytes
    const messages = stats.messages - (isSame ? before.messages : 0)
    const bytes = stats.bytes - (isSame ? before.bytes : 0)
    this.#before = { ...stats }
    if (messages === 0) return
    const frame = { seq: ++this.#seq, at: this.#clock.now(), type, messages, bytes, version: table.version, rows: changes.size }
    this.#seen = [frame, ...this.#seen.slice(0, mostFrames - 1)]
  }
}
