import type { Clock } from '../lib/clock.ts'
import { orderedEntries } from '../model/order.ts'
import { keyOf } from '../model/key.ts'
import { cellOf } from '../model/row.ts'
import type { MemberList } from '../source/each.ts'
import type { MemberValue } from '../source/each.options.ts'
import { PollError } from '../source/failure.ts'
import type { Feed } from './feed.ts'
import type { Graph } from './graph.ts'

export interface MembersWanted {
  readonly feed: string
  /** Its cells name the members. */
  readonly column: string
  readonly limit: number
  /** How long first data is waited for. */
  readonly waitMs: number
}

/**
 * The members that the rows of a feed name, in its order and each once; a null names none.
 * @throws PollError `upstream` where it has no data within the wait, or rows without that column
 */
async function named(graph: Graph, { feed: name, column, limit, waitMs }: MembersWanted, clock: Clock): Promise<MemberList> {
  const feed = graph.feed(name)
  if (feed !== undefined && !feed.hasData) await firstData(graph, feed, waitMs, clock)
  const table = feed?.sample?.table
  if (table === undefined) {
    const { reason = 'no answer yet' } = feed?.freshness ?? {}
    throw new PollError('upstream', `each: '${name}', whose rows name the members, has no data: ${reason}`)
  }
  const values = new Map<string, MemberValue>()
  for (const [, row] of orderedEntries(table.rows, table.order)) {
    const cell = cellOf(row, column)
    const key = keyOf(cell)
    if (key !== undefined && !values.has(key)) values.set(key, cell as MemberValue)
  }
  if (values.size === 0 && table.rows.size > 0)
    throw new PollError('upstream', `each: no row of '${name}' has a ${column} that names a member`)
  if (values.size <= limit) return { values: [...values.values()] }
  return { values: [...values.values()].slice(0, limit), excess: `limit: ${limit} exceeded: '${name}' names ${values.size} members` }
}

/** Whom the feeds of a graph name, which is there by the time they are asked for. */
export function membersOf(graph: () => Graph, clock: Clock): (wanted: MembersWanted) => Promise<MemberList> {
  return wanted => named(graph(), wanted, clock)
}

/** Resolves once a feed has data, or after the wait. */
function firstData(graph: Graph, feed: Feed, waitMs: number, clock: Clock): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      unlisten()
      cancel()
      resolve()
    }
    const look = (): void => {
      if (feed.hasData) done()
    }
    const unlisten = graph.listen({ tick: look, freshness: look })
    const cancel = clock.after(waitMs, done)
  })
}
