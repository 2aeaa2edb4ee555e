import type { OrderTerm } from '../model/order.ts'
import type { Position } from '../model/position.ts'
import type { Store } from '../model/store.ts'
import type { Clock } from '../lib/clock.ts'
import { encodeDelta, snapshotParts, type Stamp } from '../protocol/codec.ts'
import { Snapshots, type Snapshot } from './snapshots.ts'

/**
 * Deltas from odd positions, which readers who come back choose, are kept up to so many bytes, or to so many times a snapshot
 * where that is more. From further ones the snapshot is sent, which all share: none is made a second time.
 */
const mostDeltaBytes = 1024 ** 2
const mostSnapshotsOfDeltas = 4
const mostDeltas = 1000
/** Rows from which on a change of half of the table is sent as a snapshot: that is made in turns of the loop, a delta is not. */
const manyRows = 20_000
/** UTF-16 units of a snapshot that are encoded in one turn of the loop: some 10 ms. */
const snapshotPartLength = 1024 ** 2

/** What frames are made of. */
export interface FramesOptions {
  readonly address: string
  readonly clock: Clock
  /** Overrides the store's. */
  readonly order: readonly OrderTerm[] | undefined
  /** Called for every frame made (L8). */
  readonly encoded: () => void
  /** Called with what making one took, or a part of one, in ms. */
  readonly worked: (ms: number) => void
  /** Default 1 Mi. */
  readonly snapshotPartLength?: number | undefined
}

/** What a reader at some position is sent, encoded once for all who stand there. */
export class Frames {
  readonly snapshots: Snapshots
  /** What making the last delta took, in ms. */
  deltaMs = 0
  readonly #options: FramesOptions
  #store: Store
  #epoch: string
  #tick = 0
  #at = 0
  /** The version before the last change: where a reader that keeps up stands. */
  #before = 0
  #version = 0
  readonly #deltas = new Map<number, Buffer | undefined>()
  #deltaBytes = 0
  /** The delta of those who keep up. */
  #newest: Buffer | undefined

  constructor(store: Store, epoch: string, options: FramesOptions) {
    this.#options = options
    this.#store = store
    this.#epoch = epoch
    this.#version = store.version
    const partLength = options.snapshotPartLength ?? snapshotPartLength
    this.snapshots = new Snapshots(
      options.clock,
      () => ({
        position: { epoch: this.#epoch, version: this.#version },
        parts: snapshotParts(this.#store, this.#epoch, this.#stamp, options.order, partLength),
      }),
      options,
    )
  }

  /** The store went on to another version; what was encoded for the one before is dropped. */
  advance(store: Store, epoch: string, tick: number, at: number): void {
    this.#before = epoch === this.#epoch ? this.#version : 0
    this.#store = store
    this.#epoch = epoch
    this.#version = store.version
    this.#tick = tick
    this.#at = at
    this.snapshots.advance()
    this.#newest = undefined
    this.#deltas.clear()
    this.#deltaBytes = 0
  }

  /**
   * A snapshot of the table as it is now, or later. Never rejects; made in turns of the loop where it is large.
   */
  whole(): Promise<Snapshot> {
    const { ready } = this.snapshots
    if (ready !== undefined) return Promise.resolve(ready)
    return new Promise(resolve => this.snapshots.wait({ made: resolve }))
  }

  /** The delta from a position, or undefined where only a snapshot helps: below the floor, another epoch, or not smaller. */
  delta(from: Position): Buffer | undefined {
    if (from.epoch !== this.#epoch || from.version === 0) return undefined
    // Mostly.
    if (from.version === this.#before && this.#newest !== undefined) return this.#newest
    const held = this.#deltas.get(from.version)
    if (held !== undefined || this.#deltas.has(from.version)) return held
    if (from.version !== this.#before && this.#isFull) return undefined
    const frame = this.#encode(from.version)
    this.#deltas.set(from.version, frame)
    if (from.version === this.#before) this.#newest = frame
    else this.#deltaBytes += frame?.byteLength ?? 0
    return frame
  }

  get #isFull(): boolean {
    const most = Math.max(mostDeltaBytes, mostSnapshotsOfDeltas * this.snapshots.lastBytes)
    return this.#deltaBytes >= most || this.#deltas.size >= mostDeltas
  }

  get #stamp(): Stamp {
    return { feed: this.#options.address, tick: this.#tick, at: this.#at }
  }

  #encode(from: number): Buffer | undefined {
    if (
      this.#store.changesSince(from, manyRows) === manyRows &&
      this.#store.changesSince(from, this.#store.count / 2) >= this.#store.count / 2
    )
      return undefined
    const { clock, encoded, worked } = this.#options
    const began = clock.monotonic()
    const delta = this.#store.deltaSince(from)
    if (delta === undefined) return undefined
    const frame = encodeDelta(delta, from, this.#store, this.#stamp)
    this.deltaMs = clock.monotonic() - began
    encoded()
    worked(this.deltaMs)
    // A reader that kept up is always sent the delta, a few bytes longer though it may be when every row changed;
    // so is one who missed little, which spares the encoding of a snapshot just to compare.
    if (from === this.#before || (delta.set.size + delta.del.size) * 4 < this.#store.count) return frame
    // A large snapshot is not made to be compared: one like it was.
    const { current, lastBytes } = this.snapshots
    const bytes = current?.frame.byteLength ?? lastBytes
    return bytes === 0 || frame.byteLength < bytes ? frame : undefined
  }
}
