import { valueAt } from '../decode/path.ts'
import type { Cell } from '../model/row.ts'
import { PollError } from './failure.ts'
import type { Fetched } from './fetch.ts'
import type { PagesRule } from './pages.options.ts'

/** What of a page tells of the next. */
export interface ReadPage {
  readonly fetched: Pick<Fetched, 'headers' | 'url' | 'body'>
  /** From 0. */
  readonly index: number
  /** The decoded body. */
  readonly document: () => Cell
  /** Its rows. */
  readonly rows: () => number
}

/**
 * The URL of the next page; undefined: it was the last. `first`: of the first page, as it is configured.
 * @throws PollError `http` where a page leads to another host, or to what is no URL
 */
export function nextPage(rule: PagesRule, first: string, page: ReadPage): string | undefined {
  switch (rule.kind) {
    case 'link':
      return followed(linkNext(page.fetched.headers['link']), page)
    case 'cursor': {
      const cursor = valueAt(page.document(), rule.path)
      if ((typeof cursor !== 'string' && typeof cursor !== 'number') || cursor === '') return undefined
      return rule.query === undefined ? followed(String(cursor), page) : withQuery(first, rule.query, String(cursor))
    }
    case 'offset':
      return page.rows() < rule.limit ? undefined : withQuery(first, rule.query, String((page.index + 1) * rule.limit))
    case 'page':
      return page.rows() === 0 ? undefined : withQuery(first, rule.query, String(rule.first + page.index + 1))
  }
}

function withQuery(first: string, name: string, value: string): string {
  const url = new URL(first)
  url.searchParams.set(name, value)
  return url.href
}

/** Only the host that was asked says where to go on: what is configured is for it. */
function followed(target: string | undefined, { fetched, index }: ReadPage): string | undefined {
  if (target === undefined) return undefined
  const from = new URL(fetched.url)
  if (!URL.canParse(target, fetched.url)) throw new PollError('http', `pages: page ${index + 1} of ${from.host} leads to what is no URL`)
  const url = new URL(target, fetched.url)
  if (url.origin !== from.origin) throw new PollError('http', `pages: page ${index + 1} of ${from.host} leads to another host, ${url.host}`)
  url.hash = url.username = url.password = ''
  return url.href
}

/** The target of `<..>; rel="next"` among the links of a header (RFC 8288). */
function linkNext(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header.join(', ') : (header ?? '')
  for (const [, target = '', parameters = ''] of text.matchAll(/<([^>]*)>((?:\s*;\s*[\w*-]+\s*(?:=\s*(?:"[^"]*"|[^\s",;]*))?)*)/g)) {
    const [, quoted, plain] = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]*))/i.exec(parameters) ?? []
    if ((quoted ?? plain ?? '').toLowerCase().split(/\s+/).includes('next')) return target
  }
  return undefined
}
