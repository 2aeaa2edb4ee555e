import { z } from 'zod'
import { count, text } from '../lib/option.ts'

const name = text('the name of a query parameter')
const wantedPages = 'expected link, {cursor: meta.next}, {cursor: meta.next, query: after}, {offset: start, limit: 100} or {page: page}'

const cursor = z.strictObject({
  cursor: text('a path such as meta.next').meta({
    description: 'Where the JSON of a page says what comes next; nothing there, or null: it is the last.',
  }),
  query: name.optional().meta({ description: 'The query parameter that takes it; default: it is the URL of the next page itself.' }),
})

const offset = z.strictObject({
  offset: name.meta({ description: 'The query parameter that counts rows from 0.' }),
  limit: count().meta({ description: 'Rows of a full page; one with fewer is the last.' }),
})

const numbered = z.strictObject({
  page: name.meta({ description: 'The query parameter that counts pages; one without rows is the last.' }),
  first: count({ least: 0 }).optional().meta({ description: 'The number of the first page, which is asked for without it; default 1.' }),
})

/** The keys of a source whose answer comes in pages. */
export const pagesKeys = {
  pages: z
    .union([z.literal('link'), cursor, offset, numbered], { error: wantedPages })
    .optional()
    .meta({
      description:
        'The answer comes in pages, which are put together: by the header Link (rel=next), a cursor, a count of rows or of pages. One that fails fails the poll.',
    }),
  maxPages: count({ most: 10_000 }).optional().meta({ description: 'Most pages of one poll; default 100.' }),
}

const pagesSchema = z.strictObject(pagesKeys)

/** How a page leads to the next. */
export type PagesRule =
  | { readonly kind: 'link' }
  /** Without `query` the value is a URL. */
  | { readonly kind: 'cursor'; readonly path: string; readonly query?: string }
  | { readonly kind: 'offset'; readonly query: string; readonly limit: number }
  | { readonly kind: 'page'; readonly query: string; readonly first: number }

export interface PagesOptions {
  /** Undefined: one answer is all. */
  readonly pages?: PagesRule
  readonly maxPages: number
}

/** `written` is the output of `pagesKeys` (further members are not looked at). */
export function pagesOptions({ pages, maxPages = 100 }: z.output<typeof pagesSchema>): PagesOptions {
  return pages === undefined ? { maxPages } : { pages: ruleOf(pages), maxPages }
}

function ruleOf(pages: NonNullable<z.output<typeof pagesSchema>['pages']>): PagesRule {
  if (pages === 'link') return { kind: 'link' }
  if ('cursor' in pages) return { kind: 'cursor', path: pages.cursor, ...(pages.query === undefined ? {} : { query: pages.query }) }
  if ('offset' in pages) return { kind: 'offset', query: pages.offset, limit: pages.limit }
  return { kind: 'page', query: pages.page, first: pages.first ?? 1 }
}
