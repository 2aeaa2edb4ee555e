import type { CheckMessage, DeltaMessage, SnapshotMessage, SubscribedMessage } from '../protocol/messages.ts'
import { LiveTable, type RowChanges } from './live-table.ts'

/** What a message did to a replica. */
export type Verdict =
  | { readonly kind: 'ignored' }
  | { readonly kind: 'changed'; readonly type: 'snapshot' | 'delta'; readonly changes: RowChanges }
  | { readonly kind: 'resync'; readonly reason: 'gap' | 'checksum' | 'apply' }

const ignored: Verdict = { kind: 'ignored' }

/** The client rule (PROTOCOL.md): a table that only ever shows what the server had. No I/O, no time. */
export class Replica {
  readonly table = new LiveTable()
  /** A snapshot is on its way: deltas are ignored until it, or a `subscribed`, comes. */
  #waiting = true

  /** What was held stays; only a `subscribed` says where it stands now. */
  suspend(): void {
    this.#waiting = true
  }

  /** @param offered whether the `subscribe` said what is held: only then can it be gone on from */
  subscribed(message: SubscribedMessage, offered: boolean): Verdict {
    this.table.named(message.feed)
    this.#waiting = !message.resumed
    // The rows are kept for their identity: they are shown until the snapshot that follows, and are no base for a delta.
    this.table.moveTo({ epoch: message.epoch, version: message.resumed && offered ? message.version : 0 })
    return message.resumed && !offered && message.version > 0 ? this.#resync('gap') : ignored
  }

  take(message: SnapshotMessage | DeltaMessage): Verdict {
    return message.type === 'snapshot' ? this.#replace(message) : this.#apply(message)
  }

  #replace(snapshot: SnapshotMessage): Verdict {
    this.#waiting = false
    return { kind: 'changed', type: 'snapshot', changes: this.table.replace(snapshot) }
  }

  #apply(delta: DeltaMessage): Verdict {
    if (this.#waiting || delta.to <= this.table.version) return ignored
    if (delta.from !== this.table.version) return this.#resync('gap')
    try {
      return { kind: 'changed', type: 'delta', changes: this.table.apply(delta) }
    } catch (error) {
      if (error instanceof RangeError) return this.#resync('apply')
      throw error
    }
  }

  check(message: CheckMessage): Verdict {
    if (this.#waiting || message.version < this.table.version) return ignored
    if (message.version > this.table.version) return this.#resync('gap')
    const agrees = message.count === this.table.rows.size && message.sum === this.table.sum
    return agrees ? ignored : this.#resync('checksum')
  }

  /** A message of this address could not be read; while waiting only the snapshot that was waited for counts. */
  unreadable(type: string): Verdict {
    return this.#waiting && type !== 'snapshot' ? ignored : this.#resync('apply')
  }

  #resync(reason: 'gap' | 'checksum' | 'apply'): Verdict {
    this.#waiting = true
    return { kind: 'resync', reason }
  }
}
