import type { Clock } from '../lib/clock.ts'
import type { Sample } from '../model/table.ts'
import type { Tick } from '../feed/graph-listener.ts'
import type { View } from './view.ts'
import type { ViewPace } from './view-pace.ts'
import type { ViewTime } from './view-time.ts'

/** What keeping views up to date may take of a tick, in ms; what is left over is done in turns of the loop. */
const mostTickMs = 10

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
}

/**
 * Keeps the views that are read up to date: with their feed where that takes a moment, and behind it where it takes more. A
 * view that is put off is like one that its readers follow with a throttle: it misses versions, and goes on to the newest.
 */
export class Upkeep {
  readonly #options: UpkeepOptions
  #leftMs = 0
  readonly #putOff = new Set<View>()

  constructor(options: UpkeepOptions) {
    this.#options = options
  }

  /** A tick begins. */
  begin(): void {
    const { pace, tickMs } = this.#options
    this.#leftMs = pace.isOut ? 0 : (tickMs ?? mostTickMs)
  }

  /** The feed of a view went on. */
  take(view: View, sample: Sample, { tick, at }: Tick, monotonicMs: number): void {
    if (view.mayMiss) return view.miss()
    if (view.isOwn && this.#leftMs <= 0) return this.#wait(view)
    const { isBehind } = view
    const changed = this.#work(view, () => view.take(sample, tick, at, monotonicMs))
    if (isBehind) this.#options.caughtUp(view, changed)
    else if (changed) this.#options.changed(view, monotonicMs)
  }

  #wait(view: View): void {
    view.miss()
    if (this.#putOff.has(view)) return
    this.#putOff.add(view)
    this.#options.pace.wait(accountOf(view), () => {
      this.#putOff.delete(view)
      if (view.isBehind && !view.mayMiss) this.#catchUp(view)
    })
  }

  #catchUp(view: View): void {
    const { clock, caughtUp, flush } = this.#options
    const changed = this.#work(view, () => view.catchUp(clock.monotonic()))
    caughtUp(view, changed)
    flush()
  }

  /** Counts what it takes, with what telling it is likely to. */
  #work(view: View, act: () => boolean): boolean {
    const { clock, time } = this.#options
    const began = clock.monotonic()
    const changed = act()
    if (!view.isOwn) return changed
    const tookMs = clock.monotonic() - began
    this.#leftMs -= changed ? tookMs + view.encodeMs : tookMs
    time.share(view, tookMs)
    return changed
  }
}

function accountOf(view: View): string {
  for (const { line } of view.readers) return line.account
  return ''
}
