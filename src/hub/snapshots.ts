import type { Clock } from '../lib/clock.ts'
import type { Position } from '../model/position.ts'

/** A whole table as a message, and where it takes a reader. */
export interface Snapshot {
  readonly frame: Buffer
  readonly position: Position
}

/** Who waits for a snapshot. */
export interface SnapshotWaiter {
  made(snapshot: Snapshot): void
}

export interface SnapshotEvents {
  /** One was made (L8). */
  encoded(): void
  /** A part of one took so many ms. */
  worked(ms: number): void
}

/** The table as it is, to be encoded part by part; the last one is returned. */
export interface SnapshotParts {
  readonly position: Position
  readonly parts: Iterator<Buffer, Buffer>
}

/** Bytes that are handed out in one go, and waiters at most; between two lots the loop is free for everything else. */
const lotBytes = 8 * 1024 ** 2
const lotSize = 100

/**
 * The snapshot of a table, encoded once for all who need it. A large one is made in turns of the loop, a part in each,
 * and handed to all who waited; the table may be further by then, which a delta tells them.
 */
export class Snapshots {
  readonly #clock: Clock
  readonly #begin: () => SnapshotParts
  readonly #events: SnapshotEvents
  /** Of the table as it is. */
  #ready: Snapshot | undefined
  #lastBytes = 0
  /** One is being made, or handed out. */
  #isBusy = false
  /** Whether the table is still the one that the snapshot being made tells. */
  #isCurrent = false
  #waiting = new Set<SnapshotWaiter>()
  /** Who came after the table had gone on: the one under way may tell less than they have seen. */
  #later = new Set<SnapshotWaiter>()

  /** `begin` is called for each snapshot. */
  constructor(clock: Clock, begin: () => SnapshotParts, events: SnapshotEvents) {
    this.#clock = clock
    this.#begin = begin
    this.#events = events
  }

  /** The bytes of the last one that was made; 0: none yet. */
  get lastBytes(): number {
    return this.#lastBytes
  }

  /** The snapshot of the table as it is, where there happens to be one. */
  get current(): Snapshot | undefined {
    return this.#ready
  }

  /** The snapshot of the table as it is; undefined: it is large, and is being made. */
  get ready(): Snapshot | undefined {
    if (this.#ready === undefined && !this.#isBusy) this.#make()
    return this.#ready
  }

  /** The table went on. */
  advance(): void {
    this.#ready = undefined
    this.#isCurrent = false
  }

  /** To be handed a snapshot of the table as it is now, or later; only where none is `ready`. */
  wait(waiter: SnapshotWaiter): void {
    if (this.#isCurrent) this.#waiting.add(waiter)
    else this.#later.add(waiter)
  }

  forget(waiter: SnapshotWaiter): void {
    this.#waiting.delete(waiter)
    this.#later.delete(waiter)
  }

  #make(): void {
    this.#isBusy = true
    this.#isCurrent = true
    const { position, parts } = this.#begin()
    const made: Buffer[] = []
    const goOn = (): void => {
      const began = this.#clock.monotonic()
      const { done, value } = parts.next()
      made.push(value)
      this.#events.worked(this.#clock.monotonic() - began)
      if (done !== true) return void this.#clock.after(0, goOn)
      this.#events.encoded()
      this.#finish({ frame: made.length === 1 ? value : Buffer.concat(made), position })
    }
    goOn()
  }

  #finish(snapshot: Snapshot): void {
    this.#lastBytes = snapshot.frame.byteLength
    if (this.#isCurrent) this.#ready = snapshot
    this.#hand(snapshot)
  }

  #hand(snapshot: Snapshot): void {
    let left = Math.max(1, Math.min(lotSize, Math.floor(lotBytes / snapshot.frame.byteLength)))
    for (const waiter of this.#waiting) {
      if (left-- === 0) return void this.#clock.after(0, () => this.#hand(snapshot))
      this.#waiting.delete(waiter)
      waiter.made(snapshot)
    }
    this.#isBusy = false
    if (this.#later.size === 0) return
    this.#waiting = this.#later
    this.#later = new Set()
    if (this.#ready === undefined) this.#make()
    else this.#hand(this.#ready)
  }
}
