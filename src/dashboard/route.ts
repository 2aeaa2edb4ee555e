/** What the page shows, kept in the fragment so that links work under any path. */
export type Route =
  | { readonly view: 'overview' }
  /** Of the config by its name; where that is empty, written in the address. */
  | { readonly view: 'board'; readonly name: string; readonly query: string }
  | { readonly view: 'feed' | 'source'; readonly name: string }

/** `#/feed/stations`, `#/source/stations`, `#/board/city`, `#/board?tile=..` or anything else, which is the overview. */
export function parseRoute(hash: string): Route {
  const board = /^#\/board(?:\/([^?]*))?(?:\?(.*))?$/s.exec(hash)
  if (board !== null) return { view: 'board', name: decoded(board[1] ?? ''), query: board[2] ?? '' }
  const match = /^#\/(feed|source)\/(.+)$/.exec(hash)
  const [, kind, name] = match ?? []
  if (name === undefined) return { view: 'overview' }
  const view = kind === 'source' ? 'source' : 'feed'
  return { view, name: decoded(name) }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    // A stray % is no escape: take it as it is written.
    return name
  }
}

export const overviewHash = '#/'

export function feedHash(feed: string): string {
  return `#/feed/${encodeURIComponent(feed)}`
}

export function sourceHash(source: string): string {
  return `#/source/${encodeURIComponent(source)}`
}
