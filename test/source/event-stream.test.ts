import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Ask } from '../../src/source/ask.ts'
import { answered, failed, httpSource, rowsOf, until, type WrittenOptions } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { status, Upstream, type Behaviour } from '../support/upstream.ts'

let upstream: Upstream
let clock: ManualClock
let streams: ServerResponse[]
let ask: Ask | undefined

const stream: Behaviour = (_request, response) => {
  streams.push(response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }))
  response.flushHeaders()
}

beforeEach(async () => {
  streams = []
  clock = new ManualClock()
  upstream = await Upstream.start(stream)
})

afterEach(async () => {
  await ask?.close()
  await upstream.close()
})

/** A source, and how often it told of news. */
function following(more: Partial<WrittenOptions> = {}): Ask & { news: number } {
  const made = httpSource({ url: upstream.url, ...more }, clock).ask
  ask = made
  const counted = Object.assign(made, { news: 0 })
  made.wakes?.(() => counted.news++)
  return counted
}

async function say(text: string, source: { readonly news: number }): Promise<void> {
  const before = source.news
  streams.at(-1)?.write(text)
  await until(() => source.news > before)
}

/** A first poll, which waits for the first event. */
async function begun(source: Ask, text: string): Promise<ReturnType<typeof answered>> {
  const polled = source.poll()
  await until(() => streams.length > 0)
  streams.at(-1)?.write(text)
  return answered(await polled)
}

describe('an answer of text/event-stream is followed', () => {
  test('each event is the whole table; the last one counts, and nothing new is proof as long as it is open', async () => {
    const source = following({ key: 'id' })
    const first = await begun(source, ': hello\nretry: 10\nid: 7\ndata: [{"id":1,"n":1},\ndata: {"id":2,"n":1}]\n\n')
    expect([...first.table.rows.values()]).toEqual([
      { id: 1, n: 1 },
      { id: 2, n: 1 },
    ])
    await say('data: [{"id":1,"n":5}]\n\ndata: [{"id":1,"n":2},{"id":2,"n":1}]\n\n', source)
    await until(() => source.news === 2)
    const second = answered(await source.poll())
    expect(second.changes).toEqual(new Map([['1', { id: 1, n: 1 }]]))
    expect(second).toMatchObject({ kind: 'changed', status: 200, bytes: 31 })
    expect(answered(await source.poll())).toMatchObject({ kind: 'unchanged', table: second.table })
    expect([upstream.count, source.isFollowing]).toEqual([1, true])
  })

  test('with a key an event of one object sets its row, and others stay', async () => {
    const source = following({ key: 'id', maxRows: 2, ignore: 'at' })
    const first = await begun(source, 'data: {"id":"a","n":1,"at":1}\n\n')
    expect(first).toMatchObject({ changes: 'all', table: { key: 'id' } })
    await say('data: {"id":"b","n":1}\n\n', source)
    expect(answered(await source.poll()).changes).toEqual(new Map([['b', undefined]]))
    await say('data: {"id":"a","n":1,"at":2}\n\n', source)
    expect(answered(await source.poll())).toMatchObject({ kind: 'unchanged' })
    // Over the limit the one that was not set for longest goes.
    await say('data: {"id":"c","n":1}\n\n', source)
    const { table, changes, degraded } = answered(await source.poll())
    expect([[...table.rows.keys()], changes]).toEqual([
      ['a', 'c'],
      new Map([
        ['c', undefined],
        ['b', { id: 'b', n: 1 }],
      ]),
    ])
    expect(degraded).toEqual({ cause: 'cardinality', reason: 'maxRows: 2 exceeded: rows that were not set for longest are gone' })
  })

  test('events of other names are left out; `message: rows` begins without rows', async () => {
    const source = following({ key: 'id', message: 'rows', events: ['tick'] })
    expect(answered(await source.poll())).toMatchObject({ changes: 'all', table: { key: 'id', columns: ['id'] } })
    streams.at(-1)?.write('event: ping\ndata: {}\n\n')
    await say('event: tick\ndata: [{"id":1}]\n\n', source)
    expect(rowsOf(await source.poll())).toEqual([{ id: 1 }])
  })

  test('an end is no fault: it is opened again at the next poll, from the last id', async () => {
    const source = following({ key: 'id' })
    await begun(source, 'id: é\ndata: [{"id":1}]\n\nid: 7\ndata: [{"id":1}]\n\n')
    streams.at(-1)?.end()
    await until(() => source.isFollowing === false)
    expect(answered(await source.poll()).kind).toBe('unchanged')
    expect(answered(await source.poll()).kind).toBe('unchanged')
    expect([upstream.count, upstream.last?.headers['last-event-id'], source.isFollowing]).toEqual([2, '7', true])
  })

  test('a connection that breaks off is told at once, and asks to wait as the stream said', async () => {
    const source = following({ key: 'id' })
    await begun(source, 'retry: 2500\ndata: [{"id":1}]\n\n')
    upstream.dropConnections()
    await until(() => source.news > 0)
    const poll = failed(await source.poll())
    expect(poll).toMatchObject({ cause: 'reset', retryAfterMs: 2500, reason: expect.stringContaining('broke off the connection') })
    upstream.script(status(503))
    expect(failed(await source.poll())).toMatchObject({ cause: 'http', status: 503 })
    upstream.script(stream)
    expect(answered(await source.poll()).table.rows.size).toBe(1)
  })

  test('nothing said within the timeout has failed, and is taken when it comes, on the same connection', async () => {
    const source = following()
    const polled = source.poll()
    await until(() => streams.length > 0)
    await until(() => source.isFollowing === true)
    clock.advance(10_000)
    const { hostname, port } = new URL(upstream.url)
    expect(failed(await polled)).toMatchObject({
      cause: 'timeout',
      reason: `${hostname}:${port}: connected, but nothing was said within 10s`,
    })
    await say('data: [{"id":1}]\n\n', source)
    expect(rowsOf(await source.poll())).toEqual([{ id: 1 }])
    expect(upstream.count).toBe(1)
  })

  test.each([
    ['an end before anything was said', (): unknown => streams.at(-1)?.end(), 'reset', 'the connection ended before anything was said'],
    ['a connection that breaks off', (): unknown => upstream.dropConnections(), 'reset', 'broke off the connection'],
    ['nobody wants it any more', (): unknown => ask?.rest?.(), 'reset', 'the connection ended before anything was said'],
    ['the source is closed', (): unknown => ask?.close(), 'internal', 'the source is closed'],
  ])('who waits for the first event is told at once: %s', async (_what, end, cause, reason) => {
    const source = following({ key: 'id' })
    const polled = source.poll()
    await until(() => source.isFollowing === true)
    end()
    expect(failed(await polled)).toMatchObject({ cause, reason: expect.stringContaining(reason) })
    expect(clock.pending).toBe(0)
    if (cause === 'internal') return
    streams = []
    expect(await begun(source, 'data: [{"id":1}]\n\n')).toMatchObject({ kind: 'changed' })
  })

  test('silence is no proof for ever: the connection is made anew', async () => {
    const source = following({ key: 'id' })
    await begun(source, 'data: [{"id":1}]\n\n')
    clock.advance(99_000)
    expect(answered(await source.poll()).kind).toBe('unchanged')
    expect(upstream.count).toBe(1)
    clock.advance(2000)
    upstream.script(status(500))
    expect(failed(await source.poll()).cause).toBe('http')
    expect(upstream.count).toBe(2)
  })

  test('a connection that is let in and ends without a word is no proof, however often', async () => {
    const source = following({ key: 'id' })
    const { table } = await begun(source, 'id: 7\ndata: [{"id":1}]\n\n')
    streams.at(-1)?.end()
    await until(() => source.isFollowing === false)
    // It was heard of not long ago, and goes on from there.
    expect(answered(await source.poll()).kind).toBe('unchanged')
    for (let connections = 2; connections < 6; connections++) {
      const polled = connections === 2 ? undefined : source.poll()
      await until(() => streams.length === connections && source.isFollowing === true)
      streams.at(-1)?.end()
      await until(() => source.isFollowing === false)
      const reason = expect.stringContaining('the connection ended before anything was said')
      expect(failed(await (polled ?? source.poll()))).toMatchObject({ cause: 'reset', reason })
      clock.advance(1000)
    }
    const polled = source.poll()
    await until(() => streams.length === 6)
    streams.at(-1)?.write(': accepted\n\n')
    expect(answered(await polled)).toMatchObject({ kind: 'unchanged', table })
  })

  test('a connection that was made anew after a silence, and is silent, proves nothing; the first byte does, at once', async () => {
    const source = following({ key: 'id' })
    const { table } = await begun(source, 'id: 7\ndata: [{"id":1}]\n\n')
    for (let connections = 2; connections < 5; connections++) {
      clock.advance(100_000)
      const polled = source.poll()
      await until(() => streams.length === connections && source.isFollowing === true)
      clock.advance(10_000)
      expect(failed(await polled)).toMatchObject({
        cause: 'timeout',
        reason: expect.stringContaining('connected, but nothing was said within 10s'),
      })
    }
    await say(': still there\n', source)
    expect(answered(await source.poll())).toMatchObject({ kind: 'unchanged', table })
    expect([upstream.count, source.news]).toEqual([4, 1])
  })

  test('rows of a run before are not believed because a stream was opened', async () => {
    const source = following({ key: 'id', message: 'rows' })
    source.resume?.({ rows: new Map([['1', { id: 1 }]]), key: 'id', columns: ['id'], order: [], kind: 'table' })
    const polled = source.poll()
    await until(() => source.isFollowing === true)
    streams.at(-1)?.write(': hello\n\n')
    expect(rowsOf(await polled)).toEqual([{ id: 1 }])
    source.rest?.()
    clock.advance(100_000)
    const again = source.poll()
    await until(() => streams.length === 2 && source.isFollowing === true)
    clock.advance(10_000)
    expect(failed(await again).cause).toBe('timeout')
  })

  test('rows that are yet to come are none, until the stream is silent for too long', async () => {
    const source = following({ key: 'id', message: 'rows' })
    expect(rowsOf(await source.poll())).toEqual([])
    streams.at(-1)?.end()
    await until(() => source.isFollowing === false)
    expect(failed(await source.poll()).cause).toBe('reset')
  })

  test('a stream of comments alone has not said nothing', async () => {
    const source = following()
    const first = source.poll()
    await until(() => source.isFollowing === true)
    clock.advance(10_000)
    expect(failed(await first).reason).toContain('connected, but nothing was said within 10s')
    await say(': hello\n\n', source)
    const second = source.poll()
    await new Promise(setImmediate)
    clock.advance(10_000)
    expect(failed(await second).reason).toContain('connected, but no event came within 10s')
    const third = source.poll()
    streams.at(-1)?.end()
    expect(failed(await third).reason).toContain('the connection ended before any event came')
  })

  test('what cannot be read fails one poll and leaves the last table; an event without end is broken off', async () => {
    const source = following({ key: 'id', maxBody: '1KiB' })
    const { table } = await begun(source, 'data: [{"id":1}]\n\n')
    await say('data: [{"id":\n\n', source)
    expect(failed(await source.poll()).cause).toBe('decode')
    expect(answered(await source.poll()).table).toBe(table)
    expect(upstream.count).toBe(1)
    await say(`data: ${'x'.repeat(3000)}`, source)
    expect(failed(await source.poll())).toMatchObject({ cause: 'too_large', limit: 'maxBody', reason: 'maxBody: 1 KiB exceeded' })
    expect(source.isFollowing).toBe(false)
  })

  test('what cannot be read is told also where the connection ends before that', async () => {
    const source = following({ key: 'id', message: 'rows' })
    answered(await source.poll())
    await say('data: {"id":1}\n\ndata: {"id"\n\n', source)
    expect(rowsOf(await source.poll())).toEqual([{ id: 1 }])
    streams.at(-1)?.end()
    await until(() => source.isFollowing !== true)
    expect(failed(await source.poll())).toMatchObject({ cause: 'decode' })
    expect(answered(await source.poll()).kind).toBe('unchanged')
  })

  test('nobody wants it: the connection is let go of', async () => {
    const source = following({ key: 'id' })
    await begun(source, 'data: [{"id":1}]\n\n')
    source.rest?.()
    await until(() => upstream.openConnections === 0)
    expect(source.isFollowing).toBe(false)
  })

  test('what came and nobody took is not shown as new when somebody wants it again', async () => {
    const source = following({ key: 'id' })
    const { table } = await begun(source, 'id: 1\ndata: [{"id":1,"n":1}]\n\n')
    await say('id: 2\ndata: [{"id":1,"n":2}]\n\n', source)
    source.rest?.()
    expect(answered(await source.poll())).toMatchObject({ kind: 'unchanged', table })
    expect([upstream.count, upstream.last?.headers['last-event-id']]).toEqual([2, undefined])
  })
})
