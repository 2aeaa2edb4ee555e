import { expect, test } from 'vitest'
import { MillraceError } from '../../src/model/errors.ts'
import { bench, openBench, snapshot } from '../support/client.ts'
import { settle } from '../support/manual-clock.ts'

const rows = [
  { id: 'b', price: 2 },
  { id: 'a', price: 1 },
]

function result(id: unknown): Record<string, unknown> & { readonly type: string } {
  return { ...snapshot('quotes', 7, rows), type: 'result', id }
}

test('get: the table now, in its order, with its position', async () => {
  const run = openBench()
  const answer = run.millrace.get<{ price: number }>('quotes', { limit: 2 })
  expect(run.socket.heard()).toEqual([{ type: 'get', id: 1, feed: 'quotes', limit: 2 }])
  run.socket.say(result(1))
  const table = await answer
  expect(table.ordered().map(({ price }) => price)).toEqual([1, 2])
  expect(table).toMatchObject({ feed: 'quotes', kind: 'table', key: 'id', columns: ['id', 'price'], version: 7 })
  expect(run.clock.pending).toBe(1)
})

test('get does not touch a subscription of the same feed', async () => {
  const run = openBench()
  const shown: unknown[] = []
  run.millrace.feed('quotes').subscribe(held => shown.push(held))
  const answer = run.millrace.get('quotes')
  run.socket.say(result(2))
  expect((await answer).rows.size).toBe(2)
  expect(shown).toEqual([])
})

test('feeds: what may be followed', async () => {
  const run = openBench()
  const descriptor = { feed: 'quotes', kind: 'table', key: 'id', columns: [], order: [], state: 'fresh' } as const
  const answers = [run.millrace.feeds(), run.millrace.feeds({ own: true })]
  expect(run.socket.heard()).toEqual([
    { type: 'list', id: 1, own: false },
    { type: 'list', id: 2, own: true },
  ])
  run.socket.say({ type: 'feeds', id: 2, feeds: [descriptor, { ...descriptor, feed: '$feeds' }] })
  run.socket.say({ type: 'feeds', id: 1, feeds: [descriptor] })
  expect((await Promise.all(answers)).map(feeds => feeds.map(({ feed }) => feed))).toEqual([['quotes'], ['quotes', '$feeds']])
})

test('explain: what the server says of a row', async () => {
  const run = openBench()
  const answer = run.millrace.explain('low', 'north')
  expect(run.socket.heard()).toEqual([{ type: 'explain', id: 1, feed: 'low', key: 'north' }])
  const told = { feed: 'low', key: 'north', inputs: [{ feed: 'regions', keys: ['north'] }], windows: [], polls: [] }
  run.socket.say({ type: 'explained', id: 1, ...told })
  expect(await answer).toEqual(told)
})

test('asked before the connection is open, or when it is lost: asked once it is open again', async () => {
  const run = bench()
  const answer = run.millrace.get('quotes')
  expect(run.socket.heard()).toEqual([])
  run.socket.welcome()
  expect(run.socket.heard()).toHaveLength(1)
  run.socket.end(1012)
  run.clock.advance(250)
  run.socket.welcome()
  expect(run.socket.heard()).toEqual([{ type: 'get', id: 1, feed: 'quotes' }])
  run.socket.say(result(1))
  expect((await answer).version).toBe(7)
})

test('a refusal rejects with its code and details', async () => {
  const run = openBench()
  const answer = run.millrace.get('quotes', { limit: 0 })
  const details = [{ path: 'limit', message: 'too small' }]
  run.socket.say({ type: 'error', id: 1, feed: 'quotes', code: 'bad_query', message: 'limit: too small', retry: false, details })
  await expect(answer).rejects.toMatchObject({ code: 'bad_query', message: 'limit: too small', retry: false, details })
  await expect(answer).rejects.toBeInstanceOf(MillraceError)
})

test('no answer in 30 s is unavailable; an answer that comes later is nothing', async () => {
  const run = openBench()
  const answer = run.millrace.get('quotes')
  run.clock.advance(30_000)
  await expect(answer).rejects.toMatchObject({ code: 'unavailable', message: 'no answer within 30 s' })
  run.socket.say(result(1))
  expect(run.millrace.state.phase).toBe('open')
})

test('an answer of the wrong kind is an error, not a table', async () => {
  const run = openBench()
  const answer = run.millrace.get('quotes')
  run.socket.say({ type: 'feeds', id: 1, feeds: [] })
  await expect(answer).rejects.toMatchObject({ code: 'internal' })
})

test('close(), and a server that closes for good, reject what waits and what comes after', async () => {
  for (const [end, reason] of [
    [(run: ReturnType<typeof bench>) => run.millrace.close(), 'closed by this client'],
    [(run: ReturnType<typeof bench>) => run.socket.end(4401), 'closed by the server: unauthorized (4401)'],
  ] as const) {
    const run = openBench()
    const before = run.millrace.get('quotes')
    end(run)
    await expect(before).rejects.toMatchObject({ code: 'unavailable', message: reason })
    await expect(run.millrace.feeds()).rejects.toMatchObject({ code: 'unavailable', message: reason })
  }
})

test('a signal gives a question up; its answer is then nothing, and nothing waits any more', async () => {
  const run = openBench()
  const stop = new AbortController()
  const answers = [run.millrace.get('quotes', {}, { signal: stop.signal }), run.millrace.feeds({ signal: stop.signal })]
  const told = Promise.allSettled(answers)
  stop.abort(new Error('the page was left'))
  for (const outcome of await told) expect(outcome).toEqual({ status: 'rejected', reason: new Error('the page was left') })
  run.socket.say(result(1))
  await expect(run.millrace.get('quotes', {}, { signal: stop.signal })).rejects.toThrow('the page was left')
  expect(run.socket.heard()).toHaveLength(2)
  run.millrace.close()
  expect(run.clock.pending).toBe(0)
})

test('a signal that outlives its question holds nothing of it', async () => {
  const run = openBench()
  const stop = new AbortController()
  const answer = run.millrace.get('quotes', {}, { signal: stop.signal })
  run.socket.say(result(1))
  await answer
  stop.abort()
  await settle()
  expect(run.millrace.state.phase).toBe('open')
})
