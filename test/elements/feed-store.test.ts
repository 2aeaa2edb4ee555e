import { expect, test } from 'vitest'
import { FeedStore } from '../../src/elements/feed-store.ts'
import { delta, openBench, serve } from '../support/client.ts'

const a = { id: 'a', price: 1 }

test('gives the same state until something changes, and tells of rows, freshness and errors', () => {
  const run = openBench()
  const store = new FeedStore(run.millrace.feed('quotes'))
  expect(store.current()).toBe(store.current())
  expect(store.current()).toMatchObject({ rows: undefined, error: undefined })
  let told = 0
  const end = store.subscribe(() => told++)
  serve(run.socket, 'quotes', 7, [a])
  const shown = store.current()
  expect(shown.rows).toEqual([a])
  expect(store.current()).toBe(shown)
  run.socket.say({ type: 'status', feed: 'quotes', state: 'stale', cause: 'http', since: 5 })
  expect(store.current()).toMatchObject({ rows: [a], freshness: { state: 'stale', cause: 'http' } })
  run.socket.say({ type: 'error', feed: 'quotes', code: 'unavailable', message: 'not now', retry: true })
  expect(store.current()).toMatchObject({ rows: [a], error: { code: 'unavailable' } })
  run.socket.say(delta('quotes', 7, 8, { set: { a: { price: 2 } } }))
  expect(store.current()).toMatchObject({ rows: [{ id: 'a', price: 2 }], error: undefined })
  expect(told).toBeGreaterThanOrEqual(4)
  end()
  expect(run.socket.heard()).toMatchObject([{ type: 'unsubscribe', feed: 'quotes' }])
})

test('one that comes later has the rows at once, while another reads', () => {
  const run = openBench()
  const feed = run.millrace.feed('quotes')
  new FeedStore(feed).subscribe(() => undefined)
  serve(run.socket, 'quotes', 7, [a])
  expect(new FeedStore(feed).current().rows).toEqual([a])
  const other = new FeedStore(run.millrace.feed('quotes'))
  other.subscribe(() => undefined)
  expect(other.current().rows).toEqual([a])
})
