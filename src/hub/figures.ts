import type { View } from './view.ts'

/** What fan-out of one feed has done since the start of the process. */
export interface FanOutFigures {
  /** Subscriptions now, over all views of the feed. */
  readers: number
  bytesSent: number
  messagesSent: number
  /** Frames encoded; L8: one (address, from, to) once. */
  encodes: number
  /** Bytes that the same readers would have taken had each polled the feed's snapshots; see `polled`. */
  bytesPolled: number
}

/** Counts fan-out by feed. */
export class Figures {
  readonly #figures = new Map<string, FanOutFigures>()

  of(feed: string): FanOutFigures {
    let figures = this.#figures.get(feed)
    if (figures === undefined) {
      figures = { readers: 0, bytesSent: 0, messagesSent: 0, encodes: 0, bytesPolled: 0 }
      this.#figures.set(feed, figures)
    }
    return figures
  }

  /** The feed was polled: each reader of the view would have asked for a snapshot of its own. */
  polled(view: View): void {
    this.of(view.feed.family).bytesPolled += view.frames.snapshots.lastBytes * view.readers.size
  }
}
