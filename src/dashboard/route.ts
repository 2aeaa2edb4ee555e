/** What the page shows, kept in the fragment so that links work under any path. */
export type Route = { readonly view: 'overview' } | { readonly view: 'feed'; readonly feed: string }

/** `#/feed/stations` or anything else, which is the overview. */
export function parseRoute(hash: string): Route {
  const match = /^#\/feed\/(.+)$/.exec(hash)
  if (match?.[1] === undefined) return { view: 'overview' }
  try {
    return { view: 'feed', feed: decodeURIComponent(match[1]) }
  } catch {
    // A stray % is no escape: take it as it is written.
    return { view: 'feed', feed: match[1] }
  }
}

export const overviewHash = '#/'

export function feedHash(feed: string): string {
  return `#/feed/${encodeURIComponent(feed)}`
}
