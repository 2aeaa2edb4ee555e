import type { Span } from './lineage.ts'
import type { SteadyTime } from './steady-time.ts'

/**
 * Which panes a window shows. Panes are as long as the slide and lie at whole multiples of it since 1970 UTC, by the wall clock. Where
 * that steps, the panes are numbered on from where they were, so that a window neither loses nor repeats what it holds.
 */
export class WindowAxis {
  readonly #time: SteadyTime
  readonly #paneMs: number
  readonly #paneCount: number
  /** How far it lies behind the clock, in ms. */
  readonly #lagMs: number
  /** The step of the wall clock, in panes, that numbers no longer take part in. */
  #shift = 0
  #current: number | undefined
  #isClosed = false

  constructor(
    time: SteadyTime,
    { paneMs, paneCount, lagMs }: { readonly paneMs: number; readonly paneCount: number; readonly lagMs: number },
  ) {
    this.#time = time
    this.#paneMs = paneMs
    this.#paneCount = paneCount
    this.#lagMs = lagMs
  }

  /** The last pane that is shown. */
  get current(): number {
    return this.#current ?? Number.NaN
  }
  /** The first pane that is shown, and the first that still takes anything. */
  get oldest(): number {
    return this.current - this.#paneCount + 1
  }

  /** The edges of the panes that are shown, ms since 1970 UTC; undefined: there is none yet. */
  get span(): Span | undefined {
    if (this.#current === undefined) return undefined
    const to = (this.#current + this.#shift + 1) * this.#paneMs
    return { from: to - this.#paneCount * this.#paneMs, to }
  }

  /** How many panes the wall clock has stepped: it numbers them so much higher. */
  get shift(): number {
    return this.#shift
  }
  /** Whether the current pane has ended. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** When the current pane ends, an instant; undefined: it has, or there is none yet. */
  get end(): number | undefined {
    if (this.#current === undefined || this.#isClosed) return undefined
    return (this.#current + this.#shift + 1) * this.#paneMs - this.#time.stepped + this.#lagMs
  }

  /** Goes on to the pane of an instant; returns whether that is another one. */
  move(instant: number): boolean {
    const stepped = Math.round((this.#time.stepped - this.#shift * this.#paneMs) / this.#paneMs)
    this.#shift += stepped
    const pane = this.#paneOf(this.#time.stepped + instant - this.#lagMs)
    const before = this.#current
    const least = before === undefined ? pane : before + (this.#isClosed ? 1 : 0)
    this.#current = Math.max(least, pane)
    if (this.#current !== before) this.#isClosed = false
    return this.#current !== before
  }

  /**
   * Goes on, before it has moved, from a pane of a run before, as the wall clock numbers it. Where that was set back since, the pane is
   * the one of now. @returns how many panes that is further on.
   */
  resume(pane: number, isClosed: boolean): number {
    const moved = Math.min(0, this.#paneOf(this.#time.now() + this.#time.stepped - this.#lagMs) - pane)
    this.#current = pane + moved
    this.#isClosed = isClosed
    return moved
  }

  /** The pane of a time, ms since 1970; a time after `now`, an instant, counts as then. */
  paneAt(time: number, now: number): number {
    return this.#paneOf(Math.min(time, now + this.#time.stepped))
  }

  /** The current pane has ended. */
  close(): void {
    this.#isClosed = true
  }

  forget(): void {
    this.#current = undefined
    this.#isClosed = false
  }

  #paneOf(time: number): number {
    return Math.floor(time / this.#paneMs) - this.#shift
  }
}
