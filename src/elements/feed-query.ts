import type { FeedQuery } from '../client/face.ts'

/** A view as attributes write it. */
export interface WrittenQuery {
  readonly where: string
  readonly order: string
  readonly limit: number | undefined
  readonly throttle: number | undefined
}

/** `a, b` */
export function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
}

/** A feed with a query of its own is an address, which is the whole of the view. */
export function isAddress(feed: string): boolean {
  return feed.includes('?')
}

/** What is asked for; `most` rows where nothing else is written. */
export function feedQuery(feed: string, written: WrittenQuery, most: number | undefined, fields: readonly string[] = []): FeedQuery {
  const { where, order, limit, throttle } = written
  const pace = throttle === undefined || Number.isNaN(throttle) ? {} : { throttle }
  if (isAddress(feed)) return pace
  const atMost = limit === undefined || Number.isNaN(limit) ? most : limit
  return {
    ...(where === '' ? {} : { where }),
    ...(fields.length === 0 ? {} : { fields }),
    ...(order === '' ? {} : { order: listOf(order) }),
    ...(atMost === undefined ? {} : { limit: atMost }),
    ...pace,
  }
}

/** The row of one key, as an expression. */
export function whereKey(key: string, where: string): string {
  const row = `key == ${JSON.stringify(key)}`
  return where === '' ? row : `(${where}) && ${row}`
}
