import { expect, test } from 'vitest'
import { FeedHints } from '../../src/elements/feed-hints.ts'
import { bench } from '../support/client.ts'

const settle = () => new Promise(resolve => setImmediate(resolve))

test('are asked for with each connection, and known by feed and by the address of a view', async () => {
  const run = bench()
  const known = new FeedHints(run.millrace)
  let told = 0
  known.onChange(() => told++)
  run.socket.welcome()
  const [asked] = run.socket.heard().filter(({ type }) => type === 'list')
  const hints = { price: { unit: 'EUR', decimals: 2 } }
  run.socket.say({
    type: 'feeds',
    id: asked?.['id'],
    feeds: [{ feed: 'quotes', kind: 'table', key: '', columns: [], hints, order: [], state: 'fresh' }],
  })
  await settle()
  expect(told).toBe(1)
  expect(known.of('quotes')).toEqual(new Map([['price', { unit: 'EUR', decimals: 2 }]]))
  expect(known.of('quotes?limit=3')).toBe(known.of('quotes'))
  expect(known.of('others').size).toBe(0)
  run.socket.end(1012)
  run.clock.advance(2000)
  run.socket.welcome()
  expect(run.socket.heard().some(({ type }) => type === 'list')).toBe(true)
  expect(known.of('quotes').size).toBe(1)
})
