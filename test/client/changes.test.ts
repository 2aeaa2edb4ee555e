import { describe, expect, test } from 'vitest'
import type { Change } from '../../src/client/face.ts'
import { delta, epoch, openBench, serve, snapshot } from '../support/client.ts'
import { settle } from '../support/manual-clock.ts'

const a = { id: 'a', price: 1 }
const b = { id: 'b', price: 2 }

async function next(changes: AsyncIterator<Change>): Promise<Change> {
  const { value, done } = await changes.next()
  if (done === true) throw new Error('the iterator ended')
  return value
}

describe('changes()', () => {
  test('begins with a snapshot, then gives what changed as whole rows', async () => {
    const run = openBench()
    const changes = run.millrace.feed('quotes').changes()
    const first = next(changes)
    serve(run.socket, 'quotes', 7, [b, a])
    expect(await first).toEqual({
      type: 'snapshot',
      set: new Map([
        ['b', b],
        ['a', a],
      ]),
      del: [],
      rows: [a, b],
      columns: ['id', 'price'],
      epoch,
      version: 7,
      tick: 7,
      at: 1007,
    })
    run.socket.say(delta('quotes', 7, 8, { set: { a: { price: 5 } }, del: ['b'] }))
    const changed = { id: 'a', price: 5 }
    expect(await next(changes)).toMatchObject({ type: 'delta', set: new Map([['a', changed]]), del: ['b'], rows: [changed], version: 8 })
  })

  test('a slow consumer gets one net change, not a queue', async () => {
    const run = openBench()
    const changes = run.millrace.feed('quotes').changes()
    const first = next(changes)
    serve(run.socket, 'quotes', 7, [a, b])
    await first
    for (let to = 8; to < 1000; to++)
      run.socket.say(delta('quotes', to - 1, to, { set: { a: { price: to }, [`x${to}`]: { id: `x${to}` } } }))
    for (let to = 1000; to < 1992; to++) run.socket.say(delta('quotes', to - 1, to, { del: [`x${to - 992}`] }))
    const net = await next(changes)
    expect(net).toMatchObject({ type: 'delta', set: new Map([['a', { id: 'a', price: 999 }]]), del: [], version: 1991 })
    let more = false
    void changes.next().then(() => (more = true))
    await settle()
    expect(more).toBe(false)
  })

  test('a consumer that slept through a snapshot gets the snapshot', async () => {
    const run = openBench()
    const changes = run.millrace.feed('quotes').changes()
    const first = next(changes)
    serve(run.socket, 'quotes', 7, [a])
    await first
    run.socket.say(snapshot('quotes', 8, [a, b]))
    run.socket.say(delta('quotes', 8, 9, { del: ['a'] }))
    expect(await next(changes)).toMatchObject({ type: 'snapshot', set: new Map([['b', b]]), del: [], version: 9 })
  })

  test('gives nothing from the middle of a flush', async () => {
    const run = openBench()
    const feed = run.millrace.feed('quotes')
    const changes = feed.changes()
    const first = next(changes)
    serve(run.socket, 'quotes', 7, [a])
    await first
    run.socket.say(delta('quotes', 7, 8, { set: { b } }))
    run.socket.say({ type: 'tick', tick: 9, throttle: 0, messages: 2 })
    run.socket.say(delta('quotes', 8, 9, { del: ['a'] }))
    const given = next(changes)
    run.socket.say(delta('other', 1, 9))
    expect(await given).toMatchObject({ set: new Map([['b', b]]), del: ['a'], version: 9 })
  })

  test('several waiting calls are served in their order', async () => {
    const run = openBench()
    const changes = run.millrace.feed('quotes').changes()
    const both = [next(changes), next(changes)]
    serve(run.socket, 'quotes', 7, [a])
    run.socket.say(delta('quotes', 7, 8, { set: { b } }))
    expect((await Promise.all(both)).map(({ version }) => version)).toEqual([7, 8])
  })

  test('break ends the subscription', async () => {
    const run = openBench()
    const feed = run.millrace.feed('quotes')
    const seen: number[] = []
    const loop = (async () => {
      for await (const { version } of feed.changes()) {
        seen.push(version)
        break
      }
    })()
    serve(run.socket, 'quotes', 7, [a])
    await loop
    expect(seen).toEqual([7])
    expect(run.socket.heard()).toMatchObject([{ type: 'unsubscribe', feed: 'quotes' }])
  })

  test('close() ends it, while it waits and after', async () => {
    const run = openBench()
    const feed = run.millrace.feed('quotes')
    const changes = feed.changes()
    const waiting = changes.next()
    run.millrace.close()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await changes.next()).toEqual({ done: true, value: undefined })
    expect(await feed.changes().next()).toEqual({ done: true, value: undefined })
  })

  test('goes on through a lost connection', async () => {
    const run = openBench()
    const changes = run.millrace.feed('quotes').changes()
    const first = next(changes)
    serve(run.socket, 'quotes', 7, [a])
    await first
    run.socket.end(1006)
    run.clock.advance(250)
    run.socket.welcome()
    const second = next(changes)
    run.socket.say({ type: 'subscribed', id: 2, feed: 'quotes', epoch, version: 7, resumed: true, throttle: 0 })
    run.socket.say(delta('quotes', 7, 9, { set: { b } }))
    expect(await second).toMatchObject({ type: 'delta', set: new Map([['b', b]]), version: 9 })
  })

  test('a signal ends it: before, while it waits, and the subscription with it', async () => {
    const run = openBench()
    const feed = run.millrace.feed('quotes')
    expect(await feed.changes({ signal: AbortSignal.abort() }).next()).toEqual({ done: true, value: undefined })
    const stop = new AbortController()
    const waiting = feed.changes({ signal: stop.signal }).next()
    expect(run.socket.heard()).toMatchObject([{ type: 'subscribe' }])
    run.socket.say({ type: 'subscribed', id: 1, feed: 'quotes', epoch, version: 0, resumed: false, throttle: 0 })
    stop.abort()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(run.socket.heard()).toMatchObject([{ type: 'unsubscribe' }])
  })

  test('a refusal for good fails it, once; one that may pass does not', async () => {
    const run = openBench()
    const changes = run.millrace.feed('nope').changes()
    const waiting = [changes.next(), changes.next()]
    run.socket.say({ type: 'error', id: 1, feed: 'nope', code: 'too_many', message: 'full', retry: true })
    run.clock.advance(1000)
    run.socket.say({ type: 'error', id: 2, feed: 'nope', code: 'not_found', message: "no feed 'nope'", retry: false })
    await expect(waiting[0]).rejects.toMatchObject({ code: 'not_found', message: "no feed 'nope'" })
    expect(await waiting[1]).toEqual({ done: true, value: undefined })
    expect(await changes.next()).toEqual({ done: true, value: undefined })
  })

  test.each<[string, (run: ReturnType<typeof openBench>) => void, string]>([
    ['the server ends it', run => run.socket.say({ type: 'unsubscribed', feed: 'quotes', code: 'forbidden' }), 'forbidden'],
    ['the server closes the connection for good', run => run.socket.end(4403), 'unavailable'],
  ])('%s while nobody waits: who asks next is told why, and nothing is unhandled', async (_, end, code) => {
    const run = openBench()
    const changes = run.millrace.feed('quotes').changes()
    const first = next(changes)
    serve(run.socket, 'quotes', 7, [a])
    await first
    end(run)
    await settle()
    await expect(changes.next()).rejects.toMatchObject({ code })
    expect(await changes.next()).toEqual({ done: true, value: undefined })
  })
})
