import type { View } from '../hub/view.ts'
import { noColumn } from '../lib/suggest.ts'

/** A header holds no more than this, in characters. */
const mostLength = 1000

/**
 * What a view names of columns that its feed has not, for a header: it is shown all the same, as columns come with rows.
 * @returns undefined: the feed has them all, or has no columns yet
 */
export function columnHint({ plan, feed }: Pick<View, 'plan' | 'feed'>): string | undefined {
  const { columns } = feed.store
  if (columns.length === 0) return undefined
  const named = [
    ...(plan.where?.needed ?? []).map(column => ['where', column] as const),
    ...(plan.order ?? []).map(({ column }) => ['order', column] as const),
    ...(plan.query.fields ?? []).map(column => ['fields', column] as const),
  ]
  const absent = named.filter(([, column]) => !columns.includes(column))
  if (absent.length === 0) return undefined
  const text = absent.map(([member, column]) => `${member}: ${noColumn(column, columns)}`).join('; ')
  // Names may hold anything, a header ASCII alone.
  return text.slice(0, mostLength).replaceAll(/[^\u0020-\u007e]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
