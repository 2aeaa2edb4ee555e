import type { Cancel, Clock } from '../lib/clock.ts'
import type { Sample } from '../model/table.ts'
import type { Tick } from '../feed/graph-listener.ts'
import type { View } from './view.ts'
import type { ViewPace } from './view-pace.ts'
import type { ViewTime } from './view-time.ts'

/** What keeping views up to date may take of a tick, in ms; what is left over is done in turns of the loop. */
const mostTickMs = 10
/** A view that is put off waits in the queues of so many of its readers' accounts: that of one alone may be long. */
const mostQueues = 8

export interface UpkeepOptions {
  readonly clock: Clock
  readonly pace: ViewPace
  readonly time: ViewTime
  /** Of a tick, in ms; default 10. */
  readonly tickMs?: number | undefined
  /** A view went on to another version, ms (monotonic). */
  readonly changed: (view: View, monotonicMs: number) => void
  /** A view is behind its feed no longer. */
  readonly caughtUp: (view: View, changed: boolean) => void
  /** Writes what readers are due, outside of a tick. */
  readonly flush: () => void
  readonly failed: (view: View, error: unknown) => void
}

/**
 * Keeps the views that are read up to date: with their feed where that takes a moment, and behind it where it takes more. A
 * view that is put off is like one that its readers follow with a throttle: it misses versions, and goes on to the newest by
 * what changed meanwhile.
 */
export class Upkeep {
  readonly #options: UpkeepOptions
  #leftMs = 0
  readonly #putOff = new Map<View, readonly Cancel[]>()

  constructor(options: UpkeepOptions) {
    this.#options = options
  }

  /** Views that are behind their feeds, and wait for their turn. */
  get waiting(): number {
    return this.#putOff.size
  }

  /** A tick begins. */
  begin(): void {
    const { pace, tickMs } = this.#options
    this.#leftMs = pace.isOut ? 0 : (tickMs ?? mostTickMs)
  }

  /** The feed of a view went on. */
  take(view: View, sample: Sample, { tick, at }: Tick, monotonicMs: number): void {
    if (view.mayMiss) return view.miss()
    if (view.isOwn && (this.#leftMs <= 0 || view.likelyMs > this.#leftMs)) return this.#wait(view)
    const { isBehind } = view
    const changed = this.#work(view, () => view.take(sample, tick, at, monotonicMs))
    if (isBehind) this.#options.caughtUp(view, changed)
    else if (changed) this.#options.changed(view, monotonicMs)
  }

  #wait(view: View): void {
    view.miss()
    if (this.#putOff.has(view)) return
    const turn = (): void => {
      for (const cancel of this.#putOff.get(view) ?? []) cancel()
      this.#putOff.delete(view)
      if (view.isBehind && !view.mayMiss) this.#catchUp(view)
    }
    this.#putOff.set(
      view,
      accountsOf(view).map(account => this.#options.pace.wait(account, turn)),
    )
  }

  #catchUp(view: View): void {
    const { clock, caughtUp, failed, flush } = this.#options
    try {
      const changed = this.#work(view, () => view.catchUp(clock.monotonic()))
      caughtUp(view, changed)
      flush()
    } catch (error) {
      failed(view, error)
    }
  }

  /** Counts what it takes, with what telling it is likely to. */
  #work(view: View, act: () => boolean): boolean {
    const { clock, time } = this.#options
    const began = clock.monotonic()
    const changed = act()
    if (!view.isOwn) return changed
    view.takeMs = clock.monotonic() - began
    this.#leftMs -= changed ? view.likelyMs : view.takeMs
    time.share(view, view.takeMs)
    return changed
  }
}

function accountsOf(view: View): readonly string[] {
  const accounts = new Set<string>()
  for (const { line } of view.readers) {
    accounts.add(line.account)
    if (accounts.size === mostQueues) break
  }
  return accounts.size === 0 ? [''] : [...accounts]
}
