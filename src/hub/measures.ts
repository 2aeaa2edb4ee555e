import type { Graph } from '../feed/graph.ts'
import type { FeedFigures } from '../feed/own.ts'
import type { Freshness } from '../model/freshness.ts'
import type { Figures } from './figures.ts'

/** What polling a source has come to since the start of the process. */
export interface SourceMeasure {
  readonly name: string
  readonly changed: number
  readonly unchanged: number
  readonly failed: number
  readonly state: Freshness['state']
  /** ms since an answer proved the data current; undefined: none ever did. */
  readonly ageMs: number | undefined
  /** What its schedule has learned; undefined where it learns nothing, and before the first poll. */
  readonly learned: { readonly price: number; readonly period?: { readonly periodMs: number } } | undefined
}

/** What a feed holds, and what its fan-out has come to since the start of the process. */
export interface FeedMeasure {
  readonly name: string
  readonly rows: number
  readonly readers: number
  readonly bytesSent: number
  readonly messagesSent: number
  readonly encodes: number
  /** Why part of it is kept back; undefined: it is not. */
  readonly degraded: Freshness['cause']
}

/** `now`: ms since 1970. The sets of params that readers make are no labels of metrics: they would grow without end. */
export function measureSources(graph: Graph, now: number): SourceMeasure[] {
  const sources = [...graph.sources()].filter(({ definition }) => definition.instanceOf === undefined)
  return sources.map(({ definition: { name }, counts, learned }) => {
    const freshness = graph.feed(name)?.freshness
    const at = freshness?.validatedAt
    return { name, ...counts, state: freshness?.state ?? 'waiting', ageMs: at === undefined ? undefined : Math.max(0, now - at), learned }
  })
}

export function measureFeeds(graph: Graph, figures: Figures): FeedMeasure[] {
  const feeds = [...graph.feeds()].filter(({ options }) => options.instanceOf === undefined)
  return feeds.map(feed => {
    const { readers, bytesSent, messagesSent, encodes } = figures.of(feed.name)
    const { state, cause } = feed.freshness
    const degraded = state === 'degraded' ? cause : undefined
    return { name: feed.name, rows: feed.store.count, readers, bytesSent, messagesSent, encodes, degraded }
  })
}

/** What `$feeds` tells of fan-out. */
export function feedFigures(figures: Figures, feed: string): FeedFigures {
  const { readers, bytesSent, messagesSent, bytesPolled } = figures.of(feed)
  return { readers, bytesSent, messagesSent, bytesSaved: Math.max(0, bytesPolled - bytesSent) }
}
