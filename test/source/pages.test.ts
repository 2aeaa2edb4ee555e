import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { systemClock } from '../../src/lib/clock.ts'
import type { Ask } from '../../src/source/ask.ts'
import { Budget } from '../../src/source/budget.ts'
import { pagesKeys, pagesOptions } from '../../src/source/pages.options.ts'
import { answered, failed, httpSource, rowsOf, type WrittenOptions } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { body, etagged, hangMidBody, json, status, Upstream, type Behaviour } from '../support/upstream.ts'

let upstream: Upstream
let asks: Ask[]

beforeEach(async () => {
  upstream = await Upstream.start(json([]))
  asks = []
})

afterEach(async () => {
  await Promise.all(asks.map(ask => ask.close()))
  await upstream.close()
})

type Written = { readonly [K in keyof typeof pagesKeys]?: z.input<(typeof pagesKeys)[K]> }

function source(written: Written, more: Partial<WrittenOptions> = {}, budget?: Budget): Ask {
  const pages = pagesOptions({ pages: pagesKeys.pages.parse(written.pages), maxPages: written.maxPages })
  const deps = { pages, ...(budget === undefined ? {} : { admitMore: (enter: () => void) => budget.admitMore(enter) }) }
  const { ask } = httpSource({ url: `${upstream.url}items`, key: 'id', ...more }, systemClock(), deps)
  asks.push(ask)
  return ask
}

const rows = (from: number, to: number): object[] => Array.from({ length: to - from }, (_, i) => ({ id: from + i }))
const ids = (poll: Parameters<typeof rowsOf>[0]): unknown[] => rowsOf(poll).map(({ id }) => id)

/** By path and query; anything else is not found. */
function byPath(pages: Readonly<Record<string, Behaviour>>): Behaviour {
  return (request, response) => (pages[request.url ?? ''] ?? status(404))(request, response)
}

function linked(value: unknown, next?: string): Behaviour {
  return json(value, next === undefined ? {} : { link: `<https://docs.example/>; rel="help", <${next}>; title="a, b"; rel="last next"` })
}

describe('all pages are one answer', () => {
  test.each<[string, Written, Readonly<Record<string, Behaviour>>, Partial<WrittenOptions>]>([
    [
      'by the header Link',
      { pages: 'link' },
      { '/items': linked(rows(0, 3), '/items?p=2'), '/items?p=2': linked(rows(3, 5), '?p=3'), '/items?p=3': linked(rows(5, 6)) },
      {},
    ],
    [
      'by a cursor',
      { pages: { cursor: 'meta.next', query: 'after' } },
      {
        '/items': json({ data: rows(0, 3), meta: { next: 'a b' } }),
        '/items?after=a+b': json({ data: rows(3, 5), meta: { next: 7 } }),
        '/items?after=7': json({ data: rows(5, 6), meta: { next: null } }),
      },
      { rows: 'data' },
    ],
    [
      'by a URL in the body',
      { pages: { cursor: 'next' } },
      { '/items': json({ next: '/items?page=2', results: rows(0, 3) }), '/items?page=2': json({ next: null, results: rows(3, 6) }) },
      {},
    ],
    [
      'by a count of rows',
      { pages: { offset: 'start', limit: 2 } },
      {
        '/items?x=1': json(rows(0, 2)),
        '/items?x=1&start=2': json(rows(2, 4)),
        '/items?x=1&start=4': json(rows(4, 6)),
        '/items?x=1&start=6': json([]),
      },
      { query: { x: 1 } },
    ],
    [
      'by a count of pages, of CSV',
      { pages: { page: 'p', first: 0 } },
      {
        '/items': body('id\n0\n1\n2\n', { 'content-type': 'text/csv' }),
        '/items?p=1': body('id\n3\n4\n5\n', { 'content-type': 'text/csv' }),
        '/items?p=2': body('id\n', { 'content-type': 'text/csv' }),
      },
      { format: 'csv', header: true },
    ],
  ])('%s', async (_, written, pages, more) => {
    upstream.script(byPath(pages))
    const ask = source(written, more)
    const first = answered(await ask.poll())
    expect(ids(first)).toEqual([0, 1, 2, 3, 4, 5])
    const second = answered(await ask.poll())
    expect([second.kind, second.table === first.table]).toEqual(['unchanged', true])
    expect(upstream.count).toBe(2 * Object.keys(pages).length)
  })

  test('each page is asked for conditionally, and one that changed is read with those that did not', async () => {
    const pages = { '/items': etagged(rows(0, 2), '"1"'), '/items?p=2': etagged(rows(2, 4), '"2"') }
    const withLink =
      (behaviour: Behaviour, next?: string): Behaviour =>
      (request, response) => {
        if (next !== undefined) response.setHeader('link', `<${next}>; rel=next`)
        behaviour(request, response)
      }
    upstream.script(byPath({ '/items': withLink(pages['/items'], '/items?p=2'), '/items?p=2': pages['/items?p=2'] }))
    const ask = source({ pages: 'link' })
    const first = answered(await ask.poll())
    expect(answered(await ask.poll())).toMatchObject({ kind: 'unchanged', status: 304, bytes: 0 })
    // The 304 of the first page does not say again where it leads to: what is stored does.
    upstream.script(byPath({ '/items': pages['/items'], '/items?p=2': etagged([{ id: 2 }, { id: 9 }], '"3"') }))
    const third = answered(await ask.poll())
    expect(ids(third)).toEqual([0, 1, 2, 9])
    expect(third).toMatchObject({ kind: 'changed', status: 200 })
    expect(third.table.rows.get('0')).toBe(first.table.rows.get('0'))
  })
})

describe('a poll is all of its pages or none', () => {
  test.each<[string, Written, Readonly<Record<string, Behaviour>>, RegExp, string, Partial<WrittenOptions>?]>([
    ['a page that fails', { pages: 'link' }, { '/items': linked(rows(0, 2), '/gone') }, /answered 404 Not Found$/, 'http'],
    [
      'a page that hangs',
      { pages: 'link' },
      { '/items': linked(rows(0, 2), '/hang'), '/hang': hangMidBody },
      /: the body was not whole for page 2 within 100ms, the timeout of all pages together$/,
      'timeout',
      { timeout: '100ms' },
    ],
    ['a page that is no JSON', { pages: 'link' }, { '/items': linked(rows(0, 2), '/b'), '/b': body('{') }, /JSON/, 'decode'],
    [
      'a page without rows where they were',
      { pages: 'link' },
      { '/items': linked({ data: rows(0, 2) }, '/b'), '/b': json({ error: 'busy' }) },
      /^page 2 of 2 has no rows at data/,
      'rows',
      { rows: 'data' },
    ],
    [
      'a page that leads to itself',
      { pages: 'link' },
      { '/items': linked(rows(0, 2), '/items') },
      /^pages: page 1 leads back to one before it$/,
      'http',
    ],
    [
      'pages that lead in a circle',
      { pages: 'link' },
      { '/items': linked(rows(0, 2), '/b'), '/b': linked(rows(2, 3), '/items') },
      /^pages: page 2 leads back to one before it$/,
      'http',
    ],
    [
      'another host',
      { pages: 'link' },
      { '/items': linked(rows(0, 2), 'http://evil.example/') },
      /leads to another host, evil\.example$/,
      'http',
    ],
    ['no URL', { pages: 'link' }, { '/items': linked(rows(0, 2), 'http://[') }, /leads to what is no URL$/, 'http'],
    [
      'too many pages',
      { pages: { cursor: 'n', query: 'n' }, maxPages: 3 },
      {
        '/items': json({ n: 1, d: rows(0, 1) }),
        '/items?n=1': json({ n: 2, d: rows(1, 2) }),
        '/items?n=2': json({ n: 3, d: rows(2, 3) }),
        '/items?n=3': json({ n: 4, d: rows(3, 4) }),
      },
      /^maxPages: 3 exceeded$/,
      'too_large',
      { rows: 'd' },
    ],
    [
      'too large together',
      { pages: 'link' },
      { '/items': linked(rows(0, 60), '/b'), '/b': linked(rows(60, 120)) },
      /^maxBody: 1 KiB exceeded$/,
      'too_large',
      { maxBody: '1KiB' },
    ],
    [
      'too many rows together',
      { pages: 'link' },
      { '/items': linked(rows(0, 6), '/b'), '/b': linked(rows(6, 12)) },
      /^maxRows: 10 exceeded$/,
      'too_large',
      { maxRows: 10 },
    ],
    [
      'an upstream that does not know the parameter',
      { pages: { offset: 'start', limit: 2 } },
      { '/items': json(rows(0, 2)), '/items?start=2': json(rows(0, 2)) },
      /^pages: page 2 is the same as the one before: does the upstream know `start`\?$/,
      'http',
    ],
  ])('%s fails it, and the last good table is kept', async (_, written, pages, reason, cause, more = {}) => {
    upstream.script(byPath(pages))
    const ask = source(written, more)
    const poll = failed(await ask.poll())
    expect(poll.cause).toBe(cause)
    expect(poll.reason).toMatch(reason)
    upstream.script(json(more.rows === 'data' ? { data: rows(0, 1) } : more.rows === 'd' ? { d: rows(0, 1) } : rows(0, 1)))
    expect(ids(await ask.poll())).toEqual([0])
  })

  test('a page that was read before another one failed leaves nothing behind', async () => {
    const whole = { '/items': json({ n: 'a', d: rows(0, 1) }), '/items?n=a': json({ d: rows(1, 2) }) }
    upstream.script(byPath(whole))
    const ask = source({ pages: { cursor: 'n', query: 'n' } }, { rows: 'd' })
    await ask.poll()
    upstream.script(byPath({ '/items': json({ n: 'b', d: rows(5, 6) }) }))
    failed(await ask.poll())
    upstream.script(byPath(whole))
    expect(answered(await ask.poll()).kind).toBe('unchanged')
  })
})

test('every page counts against the rate of the budget', async () => {
  const clock = new ManualClock()
  const budget = new Budget(clock, { ratePerSecond: 1 })
  clock.advance(2000)
  upstream.script(byPath({ '/items': linked(rows(0, 1), '/b'), '/b': linked(rows(1, 2), '/c'), '/c': linked(rows(2, 3)) }))
  const polled = new Promise<unknown[]>((resolve, reject) => {
    budget.admit(
      release =>
        void source({ pages: 'link' }, {}, budget)
          .poll()
          .then(poll => resolve(ids(poll)), reject)
          .finally(release),
    )
  })
  const waits = async (): Promise<void> => {
    while (clock.pending === 0) await new Promise(resolve => setImmediate(resolve))
  }
  await waits()
  expect(upstream.count).toBe(2)
  await clock.advanceAsync(1000)
  expect(await polled).toEqual([0, 1, 2])
})
