import { explain } from '../feed/explain.ts'
import type { Feed } from '../feed/feed.ts'
import type { Graph } from '../feed/graph.ts'
import { MillraceError } from '../model/errors.ts'
import type { ExplainedMessage, ExplainMessage } from '../protocol/messages.ts'
import { isSeen, type Grants } from './principal.ts'

/**
 * The answer to `explain`: feeds that there are not for who asks are left out, and what `$sources` tells is told to those alone who may
 * follow it.
 * @throws MillraceError `unavailable` where the feed has no data yet, `not_found` where it has no such row.
 */
export function explained(graph: Graph, feed: Feed, { id, key }: ExplainMessage, grants: Grants): ExplainedMessage {
  if (!feed.hasData) throw new MillraceError('unavailable', `feed '${feed.name}' has no data yet: somebody has to read it`)
  if (feed.store.row(key) === undefined) throw new MillraceError('not_found', `feed '${feed.name}' has no row '${key.slice(0, 64)}'`)
  const { inputs, windows, isCut, polls } = explain(graph, feed, key)
  const isTold = (name: string): boolean => {
    const input = graph.feed(name)
    return input !== undefined && isSeen(input, grants)
  }
  return {
    type: 'explained',
    id,
    feed: feed.name,
    key,
    inputs: inputs.filter(input => isTold(input.feed)),
    ...(isCut ? { more: true } : {}),
    windows,
    polls: grants.covers('$sources') ? polls : [],
  }
}
