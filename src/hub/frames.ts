import type { OrderTerm } from '../model/order.ts'
import type { Position } from '../model/position.ts'
import type { Store } from '../model/store.ts'
import { encodeDelta, encodeSnapshot, encodeSnapshotMembers, type Stamp } from '../protocol/codec.ts'

/** Deltas from odd positions, which readers who come back choose, are kept up to so many bytes; they are made anew after. */
const mostDeltaBytes = 1024 ** 2
const mostDeltas = 1000

/** What a reader at some position is sent, encoded once for all who stand there. */
export class Frames {
  readonly #address: string
  readonly #order: readonly OrderTerm[] | undefined
  readonly #encoded: () => void
  #store: Store
  #epoch: string
  #tick = 0
  #at = 0
  /** The version before the last change: where a reader that keeps up stands. */
  #before = 0
  #version = 0
  #members: Buffer | undefined
  #lastSnapshotBytes = 0
  #snapshot: Buffer | undefined
  readonly #deltas = new Map<number, Buffer | undefined>()
  #deltaBytes = 0

  /** `order` overrides the store's; `encoded` is called for every frame made (L8). */
  constructor(address: string, store: Store, epoch: string, order: readonly OrderTerm[] | undefined, encoded: () => void) {
    this.#encoded = encoded
    this.#address = address
    this.#store = store
    this.#epoch = epoch
    this.#order = order
    this.#version = store.version
  }

  /** The store went on to another version; what was encoded for the one before is dropped. */
  advance(store: Store, epoch: string, tick: number, at: number): void {
    this.#before = epoch === this.#epoch ? this.#version : 0
    this.#store = store
    this.#epoch = epoch
    this.#version = store.version
    this.#tick = tick
    this.#at = at
    this.#members = undefined
    this.#snapshot = undefined
    this.#deltas.clear()
    this.#deltaBytes = 0
  }

  /** The members of a snapshot, for `result` and HTTP. */
  get members(): Buffer {
    if (this.#members === undefined) {
      this.#encoded()
      this.#members = encodeSnapshotMembers(this.#store, this.#epoch, this.#stamp, this.#order)
      this.#lastSnapshotBytes = this.#members.byteLength
    }
    return this.#members
  }

  get snapshot(): Buffer {
    this.#snapshot ??= encodeSnapshot(this.members)
    return this.#snapshot
  }

  /** The bytes of the last snapshot that was encoded; 0 = none yet. */
  get lastSnapshotBytes(): number {
    return this.#lastSnapshotBytes
  }

  /** The delta from a position, or undefined where only a snapshot helps: below the floor, another epoch, or not smaller. */
  delta(from: Position): Buffer | undefined {
    if (from.epoch !== this.#epoch || from.version === 0) return undefined
    const held = this.#deltas.get(from.version)
    if (held !== undefined || this.#deltas.has(from.version)) return held
    const frame = this.#encode(from.version)
    this.#keep(from.version, frame)
    return frame
  }

  /** The delta of those who keep up is kept whatever its size; of the others the oldest makes room. */
  #keep(from: number, frame: Buffer | undefined): void {
    this.#deltas.set(from, frame)
    this.#deltaBytes += frame?.byteLength ?? 0
    for (const [version, old] of this.#deltas) {
      if (this.#deltaBytes <= mostDeltaBytes && this.#deltas.size <= mostDeltas) return
      if (version === this.#before || version === from) continue
      this.#deltas.delete(version)
      this.#deltaBytes -= old?.byteLength ?? 0
    }
  }

  /** What takes a reader from its position to the store's version. */
  next(from: Position): Buffer {
    return this.delta(from) ?? this.snapshot
  }

  get #stamp(): Stamp {
    return { feed: this.#address, tick: this.#tick, at: this.#at }
  }

  #encode(from: number): Buffer | undefined {
    const delta = this.#store.deltaSince(from)
    if (delta === undefined) return undefined
    this.#encoded()
    const frame = encodeDelta(delta, from, this.#store, this.#stamp)
    // A reader that kept up is always sent the delta, a few bytes longer though it may be when every row changed;
    // so is one who missed little, which spares the encoding of a snapshot just to compare.
    if (from === this.#before || (delta.set.size + delta.del.size) * 4 < this.#store.count) return frame
    return frame.byteLength < this.snapshot.byteLength ? frame : undefined
  }
}
