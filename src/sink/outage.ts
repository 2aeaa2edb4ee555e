import type { Feed } from '../feed/feed.ts'
import type { Graph } from '../feed/graph.ts'
import type { Cause } from '../model/freshness.ts'

/** A source that is down, or a feed whose own steps fail. */
export interface Outage {
  /** Which source, or feed. */
  readonly subject: string
  readonly isSource: boolean
  readonly cause?: Cause
  readonly reason?: string
  /** ms since 1970 UTC. */
  readonly since: number
  /** Which of the feeds it stops. */
  readonly feeds: readonly string[]
}

/**
 * What is down of what these feeds are computed from, by its name: one outage for a source, however many feeds and rows it stops.
 */
export function outagesOf(graph: Graph, feeds: Iterable<Feed>): ReadonlyMap<string, Outage> {
  const outages = new Map<string, Outage>()
  for (const feed of feeds) {
    const sources = [...feed.options.sources].map(name => graph.feed(name)).filter(source => source?.freshness.state === 'down')
    const down = sources.length > 0 ? sources : feed.freshness.state === 'down' ? [feed] : []
    for (const stopped of down) {
      if (stopped === undefined) continue
      const { cause, reason, since } = stopped.freshness
      outages.set(stopped.name, {
        subject: stopped.name,
        isSource: sources.length > 0,
        since,
        feeds: [...(outages.get(stopped.name)?.feeds ?? []), feed.name],
        ...(cause === undefined ? {} : { cause }),
        ...(reason === undefined ? {} : { reason }),
      })
    }
  }
  return outages
}

/** Whether it is certain that a source or feed is up: it is no more, or has data that can be believed. */
export function isUp(graph: Graph, name: string): boolean {
  const state = graph.feed(name)?.freshness.state
  return state === undefined || state === 'fresh' || state === 'degraded'
}

/** Nothing is told of it for now: it is muted, or all that it stops is. */
export function isHushed({ subject, feeds }: Outage, isMuted: (name: string) => boolean): boolean {
  return isMuted(subject) || feeds.every(isMuted)
}
