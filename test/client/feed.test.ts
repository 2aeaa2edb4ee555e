import { from } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { FeedFreshness, UpdateInfo } from '../../src/client/face.ts'
import { delta, epoch, openBench, serve, shownBy, snapshot, sumOf, bench } from '../support/client.ts'

const a = { id: 'a', price: 1 }
const b = { id: 'b', price: 2 }

describe('subscribing', () => {
  test('before the connection is open: asked for with the welcome, shown with the data, in order', () => {
    const run = bench()
    const shown = shownBy(run.millrace.feed('quotes'))
    expect(run.socket.heard()).toEqual([])
    run.socket.welcome()
    expect(serve(run.socket, 'quotes', 7, [b, a])).toEqual([{ type: 'subscribe', id: 1, feed: 'quotes' }])
    expect(shown).toEqual([[a, b]])
  })

  test('a feed that nobody reads costs nothing', () => {
    const run = openBench()
    const feed = run.millrace.feed('quotes')
    feed.changes()
    expect(feed.freshness).toMatchObject({ state: 'disconnected', reason: 'nobody subscribes' })
    expect(feed.rows).toBeUndefined()
    expect(run.socket.heard()).toEqual([])
  })

  test('members of the query go over the wire', () => {
    const run = openBench()
    const query = { where: 'price > 1', fields: ['price'], order: ['-price'], limit: 5, params: { day: 'today' }, throttle: 1000 }
    shownBy(run.millrace.feed('quotes', query))
    expect(run.socket.heard()).toEqual([{ type: 'subscribe', id: 1, feed: 'quotes', ...query }])
  })

  test('equal ones share one subscription of the wire, whoever asks', () => {
    const run = openBench()
    const one = run.millrace.feed('quotes', { limit: 5 })
    const first = shownBy(one)
    const second = shownBy(run.millrace.feed('quotes', { limit: 5 }))
    const heard = serve(run.socket, 'quotes?limit=5', 7, [a])
    const third = shownBy(one)
    expect(heard).toHaveLength(1)
    expect(run.socket.heard()).toEqual([])
    expect([first, second, third]).toEqual([[[a]], [[a]], [[a]]])
    expect(third[0]).toBe(first[0])
  })

  test('two spellings of one address become one, once the server says so', () => {
    const run = openBench()
    const one = run.millrace.feed('quotes', { where: 'price>1' })
    const two = run.millrace.feed('quotes', { where: 'price > 1' })
    const shown = [shownBy(one), shownBy(two)]
    const [first, second] = run.socket.heard()
    const feed = 'quotes?where=price%20%3E%201'
    run.socket.say({ type: 'subscribed', id: first?.['id'], feed, epoch, version: 7, resumed: false, throttle: 0 })
    run.socket.say(snapshot(feed, 7, [b]))
    run.socket.say({ type: 'subscribed', id: second?.['id'], feed, epoch, version: 7, resumed: true, throttle: 0 })
    run.socket.say(delta(feed, 7, 8, { set: { b: { price: 3 } } }))
    const after = [{ id: 'b', price: 3 }]
    expect(shown).toEqual([
      [[b], after],
      [[b], after],
    ])
    expect(one.table).toBe(two.table)
  })

  test('unchanged rows keep their identity, through deltas and snapshots', () => {
    const run = openBench()
    const shown = shownBy(run.millrace.feed('quotes'))
    serve(run.socket, 'quotes', 7, [a, b])
    run.socket.say(delta('quotes', 7, 8, { set: { b: { price: 3 } } }))
    run.socket.say(
      snapshot('quotes', 9, [
        { id: 'b', price: 4 },
        { price: 1, id: 'a' },
      ]),
    )
    expect(shown).toHaveLength(3)
    expect(shown[1]?.[0]).toBe(shown[0]?.[0])
    expect(shown[2]?.[0]).toBe(shown[0]?.[0])
  })

  test('what changed nothing is not shown', () => {
    const run = openBench()
    const shown = shownBy(run.millrace.feed('quotes'))
    serve(run.socket, 'quotes', 7, [a])
    run.socket.say(snapshot('quotes', 7, [a]))
    expect(shown).toHaveLength(1)
  })

  test('an empty first table is shown too', () => {
    const run = openBench()
    const shown = shownBy(run.millrace.feed('quotes'))
    serve(run.socket, 'quotes', 1, [])
    expect(shown).toEqual([[]])
  })

  test('each listener is told what changed since its own last call', () => {
    const run = openBench()
    const feed = run.millrace.feed('quotes')
    const told: Pick<UpdateInfo, 'type' | 'changes'>[] = []
    feed.subscribe((_, { type, changes }) => told.push({ type, changes: new Map(changes) }))
    serve(run.socket, 'quotes', 7, [a, b])
    run.socket.say(delta('quotes', 7, 8, { set: { b: { price: 3 }, c: { id: 'c' } }, del: ['a'] }))
    feed.subscribe((_, { type, changes }) => told.push({ type, changes: new Map(changes) }))
    const [, second, late] = told
    expect(told[0]).toEqual({
      type: 'snapshot',
      changes: new Map([
        ['a', undefined],
        ['b', undefined],
      ]),
    })
    expect(second).toEqual({
      type: 'delta',
      changes: new Map<string, unknown>([
        ['b', b],
        ['c', undefined],
        ['a', a],
      ]),
    })
    expect(late).toEqual({
      type: 'snapshot',
      changes: new Map([
        ['b', undefined],
        ['c', undefined],
      ]),
    })
  })

  test('a listener that throws disturbs nobody and is not silent', async () => {
    const run = openBench()
    const feed = run.millrace.feed('quotes')
    const uncaught: unknown[] = []
    const held = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', error => uncaught.push(error))
    try {
      feed.subscribe(() => {
        throw new Error('of the page')
      })
      const shown = shownBy(feed)
      serve(run.socket, 'quotes', 7, [a])
      expect(shown).toEqual([[a]])
      expect(run.millrace.state.phase).toBe('open')
      await new Promise(resolve => setImmediate(resolve))
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of held) process.on('uncaughtException', listener)
    }
    expect(uncaught).toEqual([new Error('of the page')])
  })
})

describe('unsubscribing', () => {
  test('the last one ends it on the wire; twice is once; the rows stay', () => {
    const run = openBench()
    const feed = run.millrace.feed('quotes')
    const ends = [feed.subscribe(() => undefined), feed.subscribe(() => undefined)]
    serve(run.socket, 'quotes', 7, [a])
    ends[0]?.()
    ends[0]?.()
    expect(run.socket.heard()).toEqual([])
    ends[1]?.()
    expect(run.socket.heard()).toEqual([{ type: 'unsubscribe', id: 2, feed: 'quotes' }])
    expect(feed.rows).toEqual([a])
    expect(feed.freshness.state).toBe('disconnected')
  })

  test('between the unsubscribe and the next subscribed nothing of the address is taken', () => {
    const run = openBench()
    const feed = run.millrace.feed('quotes')
    const end = feed.subscribe(() => undefined)
    serve(run.socket, 'quotes', 7, [a])
    end()
    const shown = shownBy(feed)
    const since = { epoch, version: 7, count: 1, sum: sumOf([a]) }
    const [gone, again] = run.socket.heard()
    expect(again).toEqual({ type: 'subscribe', id: 3, feed: 'quotes', since })
    run.socket.say(delta('quotes', 7, 8, { set: { a: { price: 8 } } }))
    run.socket.say({ type: 'unsubscribed', id: gone?.['id'], feed: 'quotes' })
    run.socket.say(delta('quotes', 7, 8, { set: { a: { price: 8 } } }))
    run.socket.say({ type: 'subscribed', id: again?.['id'], feed: 'quotes', epoch, version: 7, resumed: true, throttle: 0 })
    expect(shown).toEqual([[a]])
    run.socket.say(delta('quotes', 7, 9, { set: { a: { price: 9 } } }))
    expect(shown).toEqual([[a], [{ id: 'a', price: 9 }]])
  })

  test('before the answer: given up once the answer tells the address', () => {
    const run = openBench()
    run.millrace.feed('quotes').subscribe(() => undefined)()
    expect(run.socket.heard()).toHaveLength(1)
    run.socket.say({ type: 'subscribed', id: 1, feed: 'quotes', epoch, version: 7, resumed: false, throttle: 0 })
    expect(run.socket.heard()).toEqual([{ type: 'unsubscribe', id: 2, feed: 'quotes' }])
  })

  test('one that the server ends is an error; asking again asks the server', () => {
    const run = openBench()
    const feed = run.millrace.feed('quotes')
    const errors: string[] = []
    feed.onError(({ code, retry }) => errors.push(`${code} ${retry}`))
    const end = feed.subscribe(() => undefined)
    serve(run.socket, 'quotes', 7, [a])
    run.socket.say({ type: 'unsubscribed', feed: 'quotes', code: 'forbidden' })
    expect(errors).toEqual(['forbidden false'])
    expect(feed.freshness.state).toBe('disconnected')
    end()
    expect(run.socket.heard()).toEqual([])
    feed.subscribe(() => undefined)
    expect(run.socket.heard()).toMatchObject([{ type: 'subscribe', feed: 'quotes' }])
  })
})

describe('a refusal', () => {
  test('of what nobody reads any more is no news', () => {
    const run = openBench()
    const errors: string[] = []
    run.millrace.onError(({ message }) => errors.push(message))
    const leave = run.millrace.feed('quotes').subscribe(() => {})
    const [first] = run.socket.heard()
    run.socket.say({ type: 'subscribed', id: first?.['id'], feed: 'quotes', epoch, version: 7, resumed: false, throttle: 0 })
    run.socket.end(1006)
    run.clock.advance(1000)
    run.socket.welcome()
    const [again] = run.socket.heard()
    leave()
    run.socket.say({ type: 'error', id: again?.['id'], code: 'not_found', message: 'no such feed', retry: false })
    expect(errors).toEqual([])
  })

  test('of a feed that is gone, as by a reload, is said once; it is asked for seldom while somebody listens, and goes on when it is back', () => {
    const run = openBench()
    const errors: string[] = []
    const feed = run.millrace.feed('quotes')
    feed.onError(({ code }) => errors.push(code))
    const shown: (readonly unknown[])[] = []
    const leave = feed.subscribe(rows => shown.push(rows))
    serve(run.socket, 'quotes', 7, [a])
    run.socket.say({ type: 'unsubscribed', feed: 'quotes', code: 'not_found' })
    for (let tries = 0; tries < 3; tries++) {
      run.clock.advance(29_999)
      expect(run.socket.heard()).toEqual([])
      run.clock.advance(1)
      const [again] = run.socket.heard()
      expect(again).toMatchObject({ type: 'subscribe', feed: 'quotes' })
      run.socket.say({ type: 'error', id: again?.['id'], feed: 'quotes', code: 'not_found', message: 'no feed', retry: false })
      run.socket.say({ type: 'beat', at: 0 })
    }
    expect(errors).toEqual(['not_found'])
    run.clock.advance(30_000)
    serve(run.socket, 'quotes', 9, [a, b])
    expect(shown).toEqual([[a], [a, b]])
    run.socket.say({ type: 'unsubscribed', feed: 'quotes', code: 'not_found' })
    expect(errors).toEqual(['not_found', 'not_found'])
    leave()
    run.socket.heard()
    run.clock.advance(40_000)
    expect(run.socket.heard()).toEqual([])
  })

  test('is told to whoever begins to read while the feed is known to be gone', async () => {
    const run = openBench()
    run.millrace.feed('nope').subscribe(() => undefined)
    const refuse = (): void => {
      const id = run.socket.heard().at(-1)?.['id']
      run.socket.say({ type: 'error', id, feed: 'nope', code: 'not_found', message: 'no feed', retry: false })
    }
    refuse()
    const late = run.millrace.feed('nope').changes().next()
    refuse()
    await expect(late).rejects.toMatchObject({ code: 'not_found' })
  })

  test('that may pass is tried again with back-off; one that does not is told and left', () => {
    const run = openBench()
    const errors: string[] = []
    for (const name of ['busy', 'nope']) {
      const feed = run.millrace.feed(name)
      feed.onError(({ code, message }) => errors.push(`${code}: ${message}`))
      shownBy(feed)
    }
    run.socket.heard()
    run.socket.say({ type: 'error', id: 1, feed: 'busy', code: 'too_many', message: 'full', retry: true })
    run.socket.say({ type: 'error', id: 2, feed: 'nope', code: 'not_found', message: "no feed 'nope'", retry: false })
    expect(errors).toEqual(['too_many: full', "not_found: no feed 'nope'"])
    run.clock.advance(374)
    expect(run.socket.heard()).toEqual([])
    run.clock.advance(1)
    expect(run.socket.heard()).toEqual([{ type: 'subscribe', id: 3, feed: 'busy' }])
    run.socket.say({ type: 'error', id: 3, feed: 'busy', code: 'too_many', message: 'full', retry: true })
    run.clock.advance(749)
    expect(run.socket.heard()).toEqual([])
    run.clock.advance(1)
    expect(run.socket.heard()).toEqual([{ type: 'subscribe', id: 4, feed: 'busy' }])
  })
})

describe('resuming', () => {
  test('offers the position with its checksum, goes on from it without showing anything twice', () => {
    const run = openBench()
    const shown = shownBy(run.millrace.feed('quotes'))
    serve(run.socket, 'quotes', 7, [a, b])
    run.socket.end(1006)
    run.clock.advance(250)
    run.socket.welcome()
    const since = { epoch, version: 7, count: 2, sum: sumOf([a, b]) }
    expect(run.socket.heard()).toEqual([{ type: 'subscribe', id: 2, feed: 'quotes', since }])
    run.socket.say({ type: 'subscribed', id: 2, feed: 'quotes', epoch, version: 7, resumed: true, throttle: 0 })
    run.socket.say(delta('quotes', 7, 12, { del: ['a'] }))
    expect(shown).toEqual([[a, b], [b]])
  })

  test('after a restart takes the new epoch and version over without data', () => {
    const run = openBench()
    const shown = shownBy(run.millrace.feed('quotes'))
    serve(run.socket, 'quotes', 700, [a])
    run.socket.end(1012)
    run.clock.advance(250)
    run.socket.welcome()
    run.socket.heard()
    const later = '0mi4k2x8b7f4'
    run.socket.say({ type: 'subscribed', id: 2, feed: 'quotes', epoch: later, version: 3, resumed: true, throttle: 0 })
    run.socket.say(delta('quotes', 3, 4, { set: { a: { price: 5 } } }))
    expect(shown).toEqual([[a], [{ id: 'a', price: 5 }]])
    run.socket.end(1012)
    run.clock.advance(500)
    run.socket.welcome()
    expect(run.socket.heard()).toMatchObject([{ since: { epoch: later, version: 4 } }])
  })

  test('refused: the rows stay in sight until the snapshot, but no delta is applied to them', () => {
    const run = openBench()
    const shown = shownBy(run.millrace.feed('quotes'))
    serve(run.socket, 'quotes', 7, [a])
    run.socket.end(1006)
    run.clock.advance(250)
    run.socket.welcome()
    run.socket.heard()
    run.socket.say({ type: 'subscribed', id: 2, feed: 'quotes', epoch: '0mi4k2x8b7f4', version: 7, resumed: false, throttle: 0 })
    run.socket.say(delta('quotes', 7, 8, { set: { a: { price: 666 } } }))
    expect(shown).toEqual([[a]])
    run.socket.say(snapshot('quotes', 9, [b], { epoch: '0mi4k2x8b7f4' }))
    expect(shown).toEqual([[a], [b]])
    expect(run.socket.heard()).toEqual([])
  })

  test('refused, and cut before the snapshot came: what is held belongs to no position any more, and is not offered', () => {
    const run = openBench()
    const shown = shownBy(run.millrace.feed('quotes'))
    serve(run.socket, 'quotes', 7, [a])
    run.socket.end(1006)
    run.clock.advance(250)
    run.socket.welcome()
    run.socket.say({ type: 'subscribed', id: 2, feed: 'quotes', epoch: '0mi4k2x8b7f4', version: 7, resumed: false, throttle: 0 })
    run.socket.heard()
    run.socket.end(1006)
    run.clock.advance(500)
    run.socket.welcome()
    expect(run.socket.heard()).toEqual([{ type: 'subscribe', id: 3, feed: 'quotes' }])
    expect(shown).toEqual([[a]])
  })

  test('is offered 5 times at one position that leads to no answer, then a snapshot is asked for', () => {
    const run = openBench()
    shownBy(run.millrace.feed('quotes'))
    serve(run.socket, 'quotes', 7, [a])
    const offered: boolean[] = []
    for (let i = 0; i < 6; i++) {
      run.socket.end(1006)
      run.clock.advance((run.millrace.state.retryAt ?? 0) - run.clock.now())
      run.socket.welcome()
      offered.push(run.socket.heard()[0]?.['since'] !== undefined)
    }
    expect(offered).toEqual([true, true, true, true, true, false])
  })
})

describe('freshness', () => {
  function told(run: ReturnType<typeof openBench>): { states: string[]; feed: ReturnType<typeof run.millrace.feed> } {
    const states: string[] = []
    const feed = run.millrace.feed('quotes')
    feed.onFreshness(({ state }: FeedFreshness) => states.push(state))
    shownBy(feed)
    return { states, feed }
  }

  test('is the word of the server, and disconnected while there is none', () => {
    const run = openBench()
    const { states, feed } = told(run)
    serve(run.socket, 'quotes', 7, [a])
    run.socket.say({ type: 'status', feed: 'quotes', state: 'fresh', since: 1, validatedAt: 5, every: 1000 })
    run.socket.say({
      type: 'status',
      feed: 'quotes',
      state: 'down',
      since: 9,
      validatedAt: 5,
      cause: 'http',
      reason: 'upstream answered 503',
    })
    expect(feed.freshness).toEqual({ state: 'down', since: 9, validatedAt: 5, cause: 'http', reason: 'upstream answered 503' })
    run.socket.end(1012)
    expect(feed.freshness).toMatchObject({ state: 'disconnected', validatedAt: 5, since: run.clock.now() })
    expect(feed.freshness.reason).toContain('restart')
    run.clock.advance(250)
    run.socket.welcome()
    run.socket.say({ type: 'subscribed', id: 2, feed: 'quotes', epoch, version: 7, resumed: true, throttle: 0 })
    run.socket.say({ type: 'status', feed: 'quotes', state: 'fresh', since: 10, validatedAt: 11 })
    expect(states.filter((state, i) => state !== states[i - 1])).toEqual(['fresh', 'down', 'disconnected', 'fresh'])
  })

  test('is what the server said last: rows alone make nothing fresh, however long its word takes', () => {
    const run = openBench()
    const { states, feed } = told(run)
    serve(run.socket, 'quotes', 7, [a])
    run.clock.advance(20_000)
    expect(feed.freshness.state).toBe('waiting')
    run.socket.say({ type: 'status', feed: 'quotes', state: 'down', cause: 'refused', since: 1 })
    run.socket.end(1006)
    run.clock.advance(1000)
    run.socket.welcome()
    const id = run.socket.heard().find(({ type }) => type === 'subscribe')?.['id'] as number
    run.socket.say({ type: 'subscribed', id, feed: 'quotes', epoch, version: 7, resumed: true, throttle: 0 })
    run.clock.advance(400)
    expect(feed.freshness.state).toBe('disconnected')
    run.socket.say({ type: 'status', feed: 'quotes', state: 'down', cause: 'refused', since: 1 })
    expect(states).toEqual(['down', 'disconnected', 'down'])
  })

  test('a server that was started anew has no data yet, but its reader does: stale', () => {
    const run = openBench()
    const { feed } = told(run)
    serve(run.socket, 'quotes', 7, [a])
    run.socket.say({ type: 'status', feed: 'quotes', state: 'waiting', since: 1 })
    expect(feed.freshness.state).toBe('stale')
  })
})

describe('two spellings of one address with different throttles', () => {
  test.each([
    [1000, 0],
    [0, 1000],
    [500, 500],
  ])('%d, then %d: whoever wants news most often gets them', (one, two) => {
    const run = openBench()
    shownBy(run.millrace.feed('quotes', { where: 'price>1', throttle: one }))
    shownBy(run.millrace.feed('quotes', { where: 'price > 1', throttle: two }))
    const [first, second] = run.socket.heard()
    const feed = 'quotes?where=price%20%3E%201'
    run.socket.say({ type: 'subscribed', id: first?.['id'], feed, epoch, version: 7, resumed: false, throttle: one })
    run.socket.say(snapshot(feed, 7, [b]))
    // The server has taken the throttle of the second.
    run.socket.say({ type: 'subscribed', id: second?.['id'], feed, epoch, version: 7, resumed: true, throttle: two })
    const again = run.socket.heard()
    expect(again).toMatchObject(one < two ? [{ type: 'subscribe', feed, throttle: one }] : [])
    if (again[0] !== undefined)
      run.socket.say({ type: 'subscribed', id: again[0]['id'], feed, epoch, version: 7, resumed: true, throttle: one })
    expect(run.socket.heard()).toEqual([])
    run.socket.end(1006)
    run.clock.advance(1000)
    run.socket.welcome()
    expect(run.socket.heard()).toMatchObject([{ type: 'subscribe', throttle: Math.min(one, two) }])
  })

  test('the faster one leaves: the server need not hurry any more, until another one asks for it', () => {
    const run = openBench()
    const leave = run.millrace.feed('quotes', { where: 'price>1' }).subscribe(() => {})
    shownBy(run.millrace.feed('quotes', { where: 'price > 1', throttle: 1000 }))
    const feed = 'quotes?where=price%20%3E%201'
    const answer = (resumed: boolean): void => {
      for (const { id, throttle = 0 } of run.socket.heard())
        run.socket.say({ type: 'subscribed', id, feed, epoch, version: 7, resumed, throttle })
    }
    answer(false)
    run.socket.say(snapshot(feed, 7, [b]))
    answer(true)
    leave()
    expect(run.socket.heard()).toMatchObject([{ type: 'subscribe', feed, throttle: 1000 }])
    run.millrace.feed('quotes', { where: 'price>1' }).subscribe(() => {})
    expect(run.socket.heard()).toMatchObject([{ type: 'subscribe', feed, throttle: 0 }])
  })
})

describe('a flush', () => {
  test('is shown as a whole: no listener sees one table without the others', () => {
    const run = openBench()
    const [parts, sum] = [run.millrace.feed('parts'), run.millrace.feed('sum')]
    const seen: unknown[] = []
    const look = (): void => void seen.push([parts.rows?.length, sum.rows?.[0]?.['price']])
    parts.subscribe(look)
    sum.subscribe(look)
    const [first, second] = run.socket.heard()
    for (const { id, feed } of [
      { id: first?.['id'], feed: 'parts' },
      { id: second?.['id'], feed: 'sum' },
    ]) {
      run.socket.say({ type: 'subscribed', id, feed, epoch, version: 1, resumed: false, throttle: 0 })
    }
    run.socket.say(snapshot('parts', 1, [a]))
    run.socket.say(snapshot('sum', 1, [{ id: 's', price: 1 }]))
    seen.length = 0
    run.socket.say({ type: 'tick', tick: 2, throttle: 0, messages: 2 })
    run.socket.say(delta('parts', 1, 2, { set: { b } }))
    expect(seen).toEqual([])
    expect(parts.rows).toHaveLength(1)
    run.socket.say(delta('sum', 1, 2, { set: { s: { price: 3 } } }))
    expect(seen).toEqual([
      [2, 3],
      [2, 3],
    ])
    expect(parts.table.tick).toBe(sum.table.tick)
  })

  test.each([
    ['by a beat', (run: ReturnType<typeof openBench>) => run.socket.say({ type: 'beat', at: 1 })],
    ['by the next tick', (run: ReturnType<typeof openBench>) => run.socket.say({ type: 'tick', tick: 3, throttle: 0, messages: 2 })],
    ['by the end of the connection', (run: ReturnType<typeof openBench>) => run.socket.end(1006)],
  ])('that is never finished is shown when it is cut off %s', (_, cut) => {
    const run = openBench()
    const shown = shownBy(run.millrace.feed('quotes'))
    serve(run.socket, 'quotes', 7, [a])
    run.socket.say({ type: 'tick', tick: 8, throttle: 0, messages: 2 })
    run.socket.say(delta('quotes', 7, 8, { set: { a: { price: 8 } } }))
    expect(shown).toHaveLength(1)
    cut(run)
    expect(shown).toEqual([[a], [{ id: 'a', price: 8 }]])
  })

  test('counts messages that this client does not take', () => {
    const run = openBench()
    const shown = shownBy(run.millrace.feed('quotes'))
    serve(run.socket, 'quotes', 7, [a])
    run.socket.say({ type: 'tick', tick: 8, throttle: 0, messages: 3 })
    run.socket.say(delta('quotes', 7, 8, { set: { b } }))
    run.socket.say(delta('left', 3, 4, { del: ['x'] }))
    run.socket.say({ ...delta('quotes', 1, 1), set: 5 })
    expect(shown).toEqual([[a], [a, b]])
  })
})

test('stats count what came', () => {
  const run = openBench()
  const feed = run.millrace.feed('quotes')
  shownBy(feed)
  serve(run.socket, 'quotes', 7, [a])
  const change = delta('quotes', 7, 8, { set: { ü: { price: 1 } } })
  run.socket.say(change)
  run.socket.say(delta('quotes', 7, 8))
  const bytes = [snapshot('quotes', 7, [a]), change, delta('quotes', 7, 8)].map(message => Buffer.byteLength(JSON.stringify(message)))
  expect(feed.stats).toEqual({ messages: 3, snapshots: 1, deltas: 2, resyncs: 0, bytes: bytes.reduce((x, y) => x + y) })
})

describe('interop', () => {
  test('RxJS takes a feed as an observable', () => {
    const run = openBench()
    const shown: unknown[] = []
    const subscription = from(run.millrace.feed('quotes') as never).subscribe(rows => shown.push(rows))
    serve(run.socket, 'quotes', 7, [a])
    subscription.unsubscribe()
    expect(shown).toEqual([[a]])
    expect(run.socket.heard()).toMatchObject([{ type: 'unsubscribe' }])
  })

  test('Svelte takes a feed as a store: the value at once, a function that ends it', () => {
    const run = openBench()
    const feed = run.millrace.feed('quotes')
    shownBy(feed)
    serve(run.socket, 'quotes', 7, [a])
    const values: unknown[] = []
    const end = (feed.subscribe as (run: (value: unknown) => void, invalidate: () => void) => () => void).call(
      feed,
      value => values.push(value),
      () => undefined,
    )
    expect(values).toEqual([[a]])
    expect(end).toBeTypeOf('function')
  })
})
