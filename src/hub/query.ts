import type { Feed } from '../feed/feed.ts'
import { ExpressionError } from '../expression/expression-error.ts'
import { compileExpression, type Expression } from '../expression/expression.ts'
import { MillraceError } from '../model/errors.ts'
import { parseOrderTerm, type OrderTerm } from '../model/order.ts'
import { parseAddress, printAddress, type Address } from '../protocol/address.ts'
import type { Query } from '../protocol/messages.ts'

export interface QueryLimits {
  /** Bytes of an address; default 2 KiB. */
  readonly maxAddressBytes: number
  /** Characters of a `where`; default 512. */
  readonly maxWhere: number
  readonly maxExpressionNodes: number
  readonly maxExpressionDepth: number
}

export const defaultQueryLimits: QueryLimits = { maxAddressBytes: 2048, maxWhere: 512, maxExpressionNodes: 100, maxExpressionDepth: 16 }

/** What a view shows of its feed, compiled, with its canonical name. */
export interface ViewPlan {
  readonly address: string
  readonly query: Address
  /** The address lacks the key among its `fields`: it is not known yet. Later the same query has another name. */
  readonly isEarly: boolean
  readonly where?: Expression
  readonly fields?: readonly string[]
  readonly order?: readonly OrderTerm[]
  readonly limit?: number
}

/** Whether more is asked for than a feed as it is. */
export function isQuery(feed: string, { where, fields, order, limit, params }: Query): boolean {
  return feed.includes('?') || (where ?? fields ?? order ?? limit ?? params) !== undefined
}

/**
 * Reads `feed` (any spelling of an address) and the members beside it; both at once are refused.
 * @throws MillraceError `bad_query`.
 */
export function readQuery(feed: string, query: Query, limits: QueryLimits = defaultQueryLimits): Address {
  if (Buffer.byteLength(feed) > limits.maxAddressBytes)
    throw new MillraceError('bad_query', `the address is longer than ${limits.maxAddressBytes} bytes`, [
      { limit: 'maxAddress', value: limits.maxAddressBytes },
    ])
  const address = parseAddress(feed)
  const beside = (['where', 'fields', 'order', 'limit', 'params'] as const).filter(member => query[member] !== undefined)
  if (feed.includes('?') && beside.length > 0)
    throw new MillraceError('bad_query', `'${beside[0] ?? ''}' stands beside an address that has a query of its own: use one of the two`)
  const { where, fields, order, limit } = query
  const params = query.params === undefined ? undefined : paramTexts(query.params)
  return {
    ...address,
    ...(where === undefined ? {} : { where }),
    ...(fields === undefined ? {} : { fields }),
    ...(order === undefined ? {} : { order }),
    ...(limit === undefined ? {} : { limit }),
    ...(params === undefined || params.size === 0 ? {} : { params }),
  }
}

/** As an address would have them. */
function paramTexts(params: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(params).map(([name, value]) => {
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [name, String(value)] as const
      throw new MillraceError('bad_query', `the param '${name.slice(0, 64)}' is a text, a number or a boolean`)
    }),
  )
}

/** What is planned by: a feed, or what is known of one that there is not yet. */
export interface Planned {
  readonly family: string
  readonly store: Pick<Feed['store'], 'version' | 'order' | 'key'>
}

/**
 * The plan of a view with its canonical address: `where` printed back, `fields` a sorted set that holds the key and
 * the order columns (as far as the feed's table is known yet).
 * @throws MillraceError `bad_query`.
 */
export function planView(feed: Planned, query: Address, limits: QueryLimits = defaultQueryLimits): ViewPlan {
  const where = query.where === undefined ? undefined : compileWhere(query.where, limits)
  const order = query.order?.map(parseTerm)
  const fields = query.fields === undefined ? undefined : completeFields(feed, query.fields, order)
  const address = printAddress({
    feed: feed.family,
    ...(query.params === undefined ? {} : { params: query.params }),
    ...(where === undefined ? {} : { where: where.text }),
    ...(fields === undefined ? {} : { fields }),
    ...(query.order === undefined ? {} : { order: query.order }),
    ...(query.limit === undefined ? {} : { limit: query.limit }),
  })
  if (Buffer.byteLength(address) > limits.maxAddressBytes)
    throw new MillraceError('bad_query', `the address is longer than ${limits.maxAddressBytes} bytes`, [
      { limit: 'maxAddress', value: limits.maxAddressBytes },
    ])
  return {
    address,
    query,
    isEarly: fields !== undefined && feed.store.version === 0,
    ...(where === undefined ? {} : { where }),
    ...(fields === undefined ? {} : { fields }),
    ...(order === undefined || order.length === 0 ? {} : { order }),
    ...(query.limit === undefined ? {} : { limit: query.limit }),
  }
}

function parseTerm(text: string): OrderTerm {
  const term = parseOrderTerm(text)
  if (term.column === '') throw new MillraceError('bad_query', `'${text}' is no order: a column, or '-' and a column`)
  return term
}

function completeFields(feed: Planned, fields: readonly string[], order: readonly OrderTerm[] | undefined): readonly string[] {
  const { store } = feed
  const needed = (order ?? store.order).map(term => term.column)
  const all = new Set([...fields, ...needed, ...(store.version === 0 ? [] : [store.key])])
  return [...all].sort()
}

function compileWhere(text: string, limits: QueryLimits): Expression {
  try {
    return compileExpression(text, {
      origin: 'client',
      maxCharacters: limits.maxWhere,
      maxNodes: limits.maxExpressionNodes,
      maxDepth: limits.maxExpressionDepth,
    })
  } catch (error) {
    if (error instanceof ExpressionError) throw new MillraceError('bad_query', `where: ${error.message}`, error.details)
    throw error
  }
}
