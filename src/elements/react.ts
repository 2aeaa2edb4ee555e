import { useMemo, useSyncExternalStore } from 'react'
import type { FeedQuery, Millrace } from '../client/face.ts'
import type { Row } from '../model/row.ts'
import { FeedStore, type FeedState } from './feed-store.ts'

export type { FeedState } from './feed-store.ts'

/**
 * Follows a feed or view while the component is mounted: rows, freshness and the last error, as they are now.
 * @param millrace made once, outside of components: `connect('https://live.example')`
 * @param query equal queries are one, however often they are written anew
 */
export function useFeed<R = Row>(millrace: Millrace, name: string, query: FeedQuery = {}): FeedState<R> {
  const asked = JSON.stringify(query)
  const store = useMemo(() => new FeedStore(millrace.feed<R>(name, JSON.parse(asked) as FeedQuery)), [millrace, name, asked])
  return useSyncExternalStore(store.subscribe, store.current, store.current)
}
