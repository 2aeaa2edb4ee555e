import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readServerMessage } from '../../src/client/server-message.ts'
import { cellOf, type Row } from '../../src/model/row.ts'
import { delta, epoch, openBench, serve, shownBy, snapshot, sumOf } from '../support/client.ts'

const a = { id: 'a', price: 1 }

function following(): ReturnType<typeof openBench> & { shown: (readonly Row[])[] } {
  const run = openBench()
  const shown = shownBy(run.millrace.feed('quotes'))
  serve(run.socket, 'quotes', 7, [a])
  return Object.assign(run, { shown })
}

describe('a frame that is no message of the protocol ends the connection, which comes back', () => {
  test.each([
    ['no JSON', '{"type":"delta","feed":"quo'],
    ['empty', ''],
    ['a number', '5'],
    ['null', 'null'],
    ['an array', '[{"type":"beat","at":1}]'],
    ['without a type', '{"feed":"quotes"}'],
    ['binary', new ArrayBuffer(8)],
    ['a subscribed without a position', '{"type":"subscribed","feed":"quotes","resumed":true}'],
    ['a tick of no number', '{"type":"tick","tick":1,"throttle":0,"messages":"2"}'],
    ['a status of no state', '{"type":"status","feed":"quotes","state":"splendid","since":1}'],
    ['an error without a code', '{"type":"error","message":"?"}'],
  ])('%s', (_, frame) => {
    const run = following()
    run.socket.frame(frame)
    expect(run.millrace.state).toMatchObject({ phase: 'disconnected', reason: expect.stringContaining('the server sent') })
    run.clock.advance(250)
    run.socket.welcome()
    expect(run.socket.heard()).toMatchObject([{ type: 'subscribe', since: { epoch, version: 7, sum: sumOf([a]) } }])
    expect(run.shown).toEqual([[a]])
  })
})

describe('data that cannot be read is asked for again, and disturbs no other feed', () => {
  test.each([
    ['rows that are no array', { ...snapshot('quotes', 8, []), rows: {} }],
    ['a row that is no object', { ...snapshot('quotes', 8, []), rows: [5] }],
    ['a row without its key', snapshot('quotes', 8, [{ price: 1 }])],
    ['a row whose key is null', snapshot('quotes', 8, [{ id: null }])],
    ['a version that is no number', { ...snapshot('quotes', 8, []), to: '8' }],
    ['a version out of reach', { ...delta('quotes', 7, 8), to: 2 ** 53 }],
    ['a negative version', { ...delta('quotes', -1, 8) }],
    ['set that is an array', { ...delta('quotes', 7, 8), set: [] }],
    ['cells that are no object', { ...delta('quotes', 7, 8), set: { a: 5 } }],
    ['del of numbers', { ...delta('quotes', 7, 8), del: [1] }],
    ['a checksum of no text', { type: 'check', feed: 'quotes', version: 7, count: 1, sum: 1 }],
  ])('%s', (_, message) => {
    const run = following()
    const other = shownBy(run.millrace.feed('other'))
    serve(run.socket, 'other', 3, [a])
    run.socket.say(message)
    expect(run.socket.heard()).toMatchObject([{ type: 'resync', feed: 'quotes', reason: 'apply' }])
    run.socket.say(delta('other', 3, 4, { del: ['a'] }))
    expect(other).toEqual([[a], []])
    expect(run.shown).toEqual([[a]])
    run.socket.say(snapshot('quotes', 9, []))
    expect(run.shown).toEqual([[a], []])
  })
})

describe('what this client does not know is left alone', () => {
  test('types of a later version, and names that every object has', () => {
    const run = following()
    for (const type of ['reading', '__proto__', 'constructor', 'toString', 'pang']) run.socket.say({ type, feed: 'quotes', n: 1 })
    expect(run.millrace.state.phase).toBe('open')
    expect(run.socket.heard()).toEqual([])
  })

  test('members of a later version', () => {
    const run = following()
    run.socket.say({ ...delta('quotes', 7, 8, { set: { a: { price: 2 } } }), colour: 'red', __proto__: { from: 1 } })
    expect(run.shown.at(-1)).toEqual([{ id: 'a', price: 2 }])
  })

  test('data of a feed that nobody follows', () => {
    const run = following()
    run.socket.say(snapshot('left', 8, [a]))
    run.socket.say(delta('left', 8, 9, { del: ['a'] }))
    run.socket.say({ type: 'check', feed: 'left', version: 1, count: 0, sum: '' })
    run.socket.say({ type: 'status', feed: 'left', state: 'down', since: 1 })
    run.socket.say({ type: 'unsubscribed', feed: 'left' })
    expect(run.socket.heard()).toEqual([])
    expect(run.shown).toEqual([[a]])
  })

  test('a subscribed that nobody asked for is given back', () => {
    const run = following()
    run.socket.say({ type: 'subscribed', feed: 'gift', epoch, version: 1, resumed: false, throttle: 0 })
    expect(run.socket.heard()).toMatchObject([{ type: 'unsubscribe', feed: 'gift' }])
  })

  test('a second welcome, answers to nothing, a snapshot before its subscribed', () => {
    const run = openBench()
    const shown = shownBy(run.millrace.feed('quotes'))
    run.socket.welcome()
    run.socket.say({ ...snapshot('quotes', 5, [a]), type: 'result', id: 99 })
    run.socket.say({ type: 'feeds', id: 98, feeds: [] })
    run.socket.say({ type: 'pong', id: 97, at: 1 })
    run.socket.say(snapshot('quotes', 7, [a]))
    expect(shown).toEqual([])
    expect(serve(run.socket, 'quotes', 8, [a])).toHaveLength(1)
    expect(shown).toEqual([[a]])
  })
})

test('columns and keys called __proto__, constructor or like a number are data, and touch nothing else', () => {
  const run = openBench()
  const feed = run.millrace.feed('quotes')
  const shown = shownBy(feed)
  serve(run.socket, 'quotes', 6, [])
  const columns = ['id', '__proto__', 'constructor', '1']
  const row = '{"id":"__proto__","__proto__":{"polluted":1},"constructor":2,"1":3}'
  run.socket.frame(JSON.stringify({ ...snapshot('quotes', 7, []), columns }).replace('"rows":[]', `"rows":[${row},{"id":"1"}]`))
  run.socket.frame(
    JSON.stringify(delta('quotes', 7, 8)).replace(
      '}',
      ',"set":{"__proto__":{"__proto__":"new"},"constructor":{"id":"constructor"}},"del":["1"]}',
    ),
  )
  const held = feed.table.rows.get('__proto__') ?? {}
  expect(cellOf(held, '__proto__')).toBe('new')
  expect([cellOf(held, 'constructor'), cellOf(held, '1')]).toEqual([2, 3])
  expect(Object.getPrototypeOf(held)).toBe(Object.prototype)
  expect([...feed.table.rows.keys()]).toEqual(['__proto__', 'constructor'])
  expect(shown).toHaveLength(3)
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  const rows = [...feed.table.rows.values()]
  run.socket.say({ type: 'check', feed: 'quotes', version: 8, count: 2, sum: sumOf(rows, columns) })
  expect(run.socket.heard().filter(({ type }) => type === 'resync')).toEqual([])
})

test('a key in both set and del is deleted; deleting an absent key is nothing', () => {
  const run = following()
  run.socket.say(delta('quotes', 7, 8, { set: { a: { price: 2 }, z: { id: 'z' } }, del: ['a', 'z', 'never'] }))
  expect(run.shown).toEqual([[a], []])
})

test('whatever the frame, reading it never throws', () => {
  const member = fc.oneof(
    fc.constantFrom('type', 'feed', 'rows', 'set', 'del', 'columns', 'to', 'from', 'key', 'limits', 'heartbeat', 'id', '__proto__'),
    fc.string(),
  )
  const value = fc.oneof(
    fc.constantFrom('welcome', 'snapshot', 'delta', 'check', 'tick', 'status', 'error', 'subscribed', 'result', 'feeds', 'pong', 'beat'),
    fc.jsonValue({ maxDepth: 2 }),
  )
  const message = fc.array(fc.tuple(member, value), { maxLength: 12 }).map(entries => JSON.stringify(Object.fromEntries(entries)))
  fc.assert(
    fc.property(fc.oneof(message, fc.string(), fc.json()), frame => {
      expect(['message', 'unknown', 'malformed']).toContain(readServerMessage(frame).kind)
    }),
    { numRuns: 500 },
  )
})

test('whatever the server says, the client does not throw and closes without a trace', () => {
  const version = fc.integer({ min: 0, max: 4 })
  const rows = fc.array(fc.record({ id: fc.constantFrom('a', 'b', '1', '__proto__'), price: fc.nat(3) }), { maxLength: 3 })
  const feed = fc.constantFrom('quotes', 'quotes?limit=1', 'other')
  const id = fc.option(fc.nat(6), { nil: undefined })
  const anyMessage = fc.oneof(
    fc.record({ type: fc.constant('subscribed'), id, feed, epoch: fc.constantFrom(epoch, '0mi4k2x8b7f4'), version, resumed: fc.boolean() }),
    fc.tuple(feed, version, rows).map(([name, to, held]) => snapshot(name, to, held)),
    fc
      .tuple(feed, version, version, rows)
      .map(([name, from, to, held]) => delta(name, from, to, { set: Object.fromEntries(held.entries()), del: ['a'] })),
    fc.record({ type: fc.constant('tick'), tick: version, throttle: fc.constant(0), messages: version }),
    fc.record({ type: fc.constant('check'), feed, version, count: version, sum: fc.constantFrom('0'.repeat(16), sumOf([a])) }),
    fc.record({ type: fc.constant('status'), feed, state: fc.constantFrom('fresh', 'stale', 'down', 'waiting'), since: version }),
    fc.record({ type: fc.constant('unsubscribed'), id, feed, code: fc.constantFrom(undefined, 'forbidden') }),
    fc.record({ type: fc.constant('error'), id, feed, code: fc.constantFrom('not_found', 'too_many', 'odd'), message: fc.string() }),
    fc.record({ type: fc.constant('end'), code: fc.constantFrom(1006, 1012, 4401, 4429) }),
    fc.record({ type: fc.constant('wait'), ms: fc.constantFrom(100, 5000, 60_000) }),
  )
  fc.assert(
    fc.property(fc.array(anyMessage, { maxLength: 25 }), messages => {
      const run = openBench()
      for (const query of [{}, { limit: 1 }]) shownBy(run.millrace.feed('quotes', query))
      for (const message of messages) {
        if (message.type === 'wait') run.clock.advance((message as { ms: number }).ms)
        else if (message.type === 'end') run.socket.end((message as { code: number }).code)
        else run.socket.say(message)
        if (run.millrace.state.retryAt !== undefined) run.clock.advance(run.millrace.state.retryAt - run.clock.now())
        if (run.millrace.state.phase !== 'open') run.socket.welcome()
      }
      run.millrace.close()
      expect(run.clock.pending).toBe(0)
    }),
    { numRuns: 300 },
  )
})
