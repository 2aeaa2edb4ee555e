import type { Millrace } from '../client/face.ts'
import { compileExpression } from '../expression/expression.ts'
import { noColumn } from '../lib/suggest.ts'
import { parseOrderTerm } from '../model/order.ts'
import { parseAddress, type Address } from '../protocol/address.ts'
import type { FeedDescriptor } from '../protocol/messages.ts'

/** What a view names of columns, by the members of its address; those that it asks whether they are there are left out. */
function namedBy({ where, order = [], fields = [] }: Address): readonly (readonly [member: string, column: string])[] {
  const needed = where === undefined ? [] : compileExpression(where, { origin: 'client' }).needed
  return [
    ...needed.map(column => ['where', column] as const),
    ...order.map(term => ['order', parseOrderTerm(term).column] as const),
    ...fields.map(column => ['fields', column] as const),
  ]
}

/** A sentence for each column that an address names and its feed has not, as columns come with rows: the server shows the view all the same. */
export function absentColumns(address: string, feeds: readonly FeedDescriptor[]): string[] {
  const parts = parseAddress(address)
  const columns = feeds.find(({ feed }) => feed === parts.feed)?.columns.map(column => column.name) ?? []
  // Of what params make of a feed its descriptor does not tell.
  if (parts.params !== undefined || columns.length === 0) return []
  const absent = namedBy(parts).filter(([, column]) => !columns.includes(column))
  return absent.map(([member, column]) => `${member}: ${noColumn(column, columns)}`)
}

/** The same of a running server, once its feed is followed; nothing where it does not tell its feeds. */
export async function absentOn(millrace: Millrace, address: string): Promise<readonly string[]> {
  if (!address.includes('?')) return []
  try {
    return absentColumns(address, await millrace.feeds())
  } catch {
    // The connection was lost again, which is said where it is; the view is shown all the same.
    return []
  }
}
