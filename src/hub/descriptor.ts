import type { Feed } from '../feed/feed.ts'
import { cellOf, type Cell } from '../model/row.ts'
import { printOrderTerm } from '../model/order.ts'
import type { ColumnType, FeedDescriptor } from '../protocol/messages.ts'

/** Rows looked at to tell a column's type. */
const rowsLookedAt = 20

const isoTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/

function typeOfCell(cell: Cell): ColumnType | undefined {
  switch (typeof cell) {
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'string':
      return isoTime.test(cell) ? 'time' : 'string'
    default:
      return cell === null ? undefined : 'json'
  }
}

function typesOf(feed: Feed): FeedDescriptor['columns'] {
  const rows: Parameters<typeof cellOf>[0][] = []
  for (const [, row] of feed.store.rows()) if (rows.push(row) === rowsLookedAt) break
  return feed.store.columns.map(name => {
    const types = new Set(rows.map(row => typeOfCell(cellOf(row, name))).filter(type => type !== undefined))
    const [only] = types
    return { name, type: types.size > 1 ? (types.has('json') ? 'json' : 'string') : (only ?? 'string') }
  })
}

/** What `list` tells of a feed. A column whose cells are of several types, or all null, counts as text. */
export function describeFeed(feed: Feed): FeedDescriptor {
  const { description, hints } = feed.options
  return {
    feed: feed.name,
    kind: feed.store.kind,
    key: feed.store.key,
    columns: typesOf(feed),
    ...(hints.size === 0 ? {} : { hints: Object.fromEntries(hints) }),
    order: feed.store.order.map(printOrderTerm),
    ...(description === undefined ? {} : { description }),
    state: feed.freshness.state,
  }
}
