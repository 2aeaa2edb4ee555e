/** What the page shows, kept in the fragment so that links work under any path. */
export type Route = { readonly view: 'overview' } | { readonly view: 'feed' | 'source'; readonly name: string }

/** `#/feed/stations`, `#/source/stations` or anything else, which is the overview. */
export function parseRoute(hash: string): Route {
  const match = /^#\/(feed|source)\/(.+)$/.exec(hash)
  const [, kind, name] = match ?? []
  if (name === undefined) return { view: 'overview' }
  const view = kind === 'source' ? 'source' : 'feed'
  try {
    return { view, name: decodeURIComponent(name) }
  } catch {
    // A stray % is no escape: take it as it is written.
    return { view, name }
  }
}

export const overviewHash = '#/'

export function feedHash(feed: string): string {
  return `#/feed/${encodeURIComponent(feed)}`
}

export function sourceHash(source: string): string {
  return `#/source/${encodeURIComponent(source)}`
}
