import { z } from 'zod'
import { count, mapOf, text } from '../lib/option.ts'

const wanted = 'expected a list such as [AAPL, MSFT], or {from: feed}'
const value = z.union([z.string().min(1), z.number(), z.boolean()], { error: 'expected a text or a number' })

const listed = z
  .array(value)
  .min(1)
  .max(10_000)
  .refine(values => new Set(values.map(String)).size === values.length, { error: 'expected values that are all different' })

const fromFeed = z.strictObject({
  from: text('the name of a source or feed').meta({ description: 'Whose rows name the members, by their column of this name.' }),
  limit: count({ most: 10_000 }).optional().meta({ description: 'Most members: the first rows in the order of the feed; default 100.' }),
})

/** The key of a source that asks once for each member of a list. */
export const eachKeys = {
  each: mapOf(z.union([listed, fromFeed], { error: wanted }), 'a name, and a list or {from: feed}')
    .refine(members => members.size === 1 && [...members.keys()].every(name => /^[A-Za-z_]\w{0,63}$/.test(name)), {
      error: 'expected one name of letters, digits and _, such as {symbol: [AAPL, MSFT]}',
    })
    .optional()
    .meta({
      description:
        'One request for each value: it stands for `{name}` in url, query and headers, and in a column of that name, which is part of the key.',
    }),
}

const eachSchema = z.strictObject(eachKeys)

/** What a member of an `each` is asked for by. */
export type MemberValue = string | number | boolean

export interface EachOptions {
  /** What is filled in as `{name}`, and the column of it. */
  readonly name: string
  readonly members:
    | { readonly kind: 'list'; readonly values: readonly MemberValue[] }
    | { readonly kind: 'feed'; readonly from: string; readonly limit: number }
}

/** Undefined: one request is all. `written` is the output of `eachKeys` (further members are not looked at). */
export function eachOptions({ each }: z.output<typeof eachSchema>): EachOptions | undefined {
  const [entry] = each ?? []
  if (entry === undefined) return undefined
  const [name, members] = entry
  if ('from' in members) return { name, members: { kind: 'feed', from: members.from, limit: members.limit ?? 100 } }
  return { name, members: { kind: 'list', values: members } }
}

/** `{name}` of any of these, also as a URL has it. */
export function placeholder(...names: readonly string[]): RegExp {
  const any = names.join('|')
  return new RegExp(`\\{(${any})\\}|%7B(${any})%7D`, 'g')
}
