import type { FeedFacts } from './own-feeds.ts'

export interface FeedGroup {
  readonly title: string
  readonly feeds: readonly FeedFacts[]
}

/** Feeds whose alerts fire first, then what is computed, as somebody asked for it, then the sources; each by name. */
export function groupFeeds(
  feeds: readonly FeedFacts[],
  sources: { has(feed: string): boolean },
  firing: ReadonlySet<string>,
): readonly FeedGroup[] {
  const sorted = feeds.toSorted((a, b) => (a.feed < b.feed ? -1 : 1))
  const rest = sorted.filter(({ feed }) => !firing.has(feed))
  return [
    { title: 'Firing', feeds: sorted.filter(({ feed }) => firing.has(feed)) },
    { title: 'Feeds', feeds: rest.filter(({ feed }) => !sources.has(feed)) },
    { title: 'Sources', feeds: rest.filter(({ feed }) => sources.has(feed)) },
  ]
}
