import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Row } from '../../src/model/row.ts'
import type { Ask } from '../../src/source/ask.ts'
import { answered, failed, httpSource, rowsOf, until, type WrittenOptions } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'
import * as upstreams from '../support/upstream.ts'
import { json, Upstream, type Behaviour } from '../support/upstream.ts'

const good: Row[] = [
  { id: 1, name: 'a' },
  { id: 2, name: 'b' },
]

let upstream: Upstream
let asks: Ask[]

beforeEach(async () => {
  upstream = await Upstream.start(json(good))
  asks = []
})

afterEach(async () => {
  await Promise.all(asks.map(ask => ask.close()))
  await upstream.close()
})

function source(more: Partial<WrittenOptions> = {}): ReturnType<typeof httpSource> {
  const made = httpSource({ url: upstream.url, ...more })
  asks.push(made.ask)
  return made
}

const host = (): string => new URL(upstream.url).host

/** One good poll, one that meets the fault, one good again: the table lives through it. */
async function through(fault: Behaviour, more: Partial<WrittenOptions> = {}): Promise<{ cause: string; reason: string }> {
  const { ask } = source(more)
  const before = answered(await ask.poll())
  upstream.script(fault, json([...good, { id: 3, name: 'c' }]))
  const { cause, reason } = failed(await ask.poll())
  const after = answered(await ask.poll())
  expect([...(after.changes as ReadonlyMap<string, unknown>).keys()]).toEqual(['3'])
  expect(after.table.rows.get('1')).toBe(before.table.rows.get('1'))
  expect(reason.length).toBeLessThanOrEqual(200)
  return { cause, reason: reason.replace(host(), 'HOST') }
}

/** A hanging poll: waits until `begun`, then lets the deadline pass by the injected clock. */
async function untilDeadline(
  fault: Behaviour,
  begun: () => boolean = () => upstream.count === 1,
): Promise<{ cause: string; reason: string }> {
  upstream.script(fault)
  const clock = new ManualClock()
  const { ask } = httpSource({ url: upstream.url, timeout: '7s' }, clock)
  asks.push(ask)
  const poll = ask.poll()
  await until(begun)
  // What was sent has to arrive as well before time goes on.
  await until(() => clock.pending === 1)
  for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
  clock.advance(6999)
  clock.advance(1)
  const { cause, reason, durationMs } = failed(await poll)
  expect(durationMs).toBe(7000)
  expect(clock.pending).toBe(0)
  await until(() => upstream.openConnections === 0)
  return { cause, reason: reason.replace(host(), 'HOST') }
}

describe('one deadline for the whole poll', () => {
  test('hangs before headers', async () => {
    expect(await untilDeadline(upstreams.hangBeforeHeaders)).toEqual({ cause: 'timeout', reason: 'HOST: no answer within 7s' })
  })
  test('hangs mid-headers', async () => {
    expect(await untilDeadline(upstreams.hangMidHeaders)).toEqual({ cause: 'timeout', reason: 'HOST: no answer within 7s' })
  })
  test('hangs mid-body', async () => {
    expect(await untilDeadline(upstreams.hangMidBody)).toEqual({ cause: 'timeout', reason: 'HOST: the body was not whole within 7s' })
  })
  test('drips a byte at a time', async () => {
    expect(await untilDeadline(upstreams.drip(1))).toEqual({ cause: 'timeout', reason: 'HOST: the body was not whole within 7s' })
  })
  test('slow connect: a TLS handshake that never ends', async () => {
    const silent = createServer(socket => socket.on('error', () => socket.destroy()).resume())
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const sockets: Socket[] = []
    silent.on('connection', socket => sockets.push(socket))
    const clock = new ManualClock()
    const { ask } = httpSource({ url: `https://127.0.0.1:${port}/`, timeout: '5s' }, clock)
    asks.push(ask)
    const poll = ask.poll()
    await until(() => sockets.length === 1)
    clock.advance(5000)
    expect(failed(await poll)).toMatchObject({ cause: 'timeout', reason: `127.0.0.1:${port}: no connection within 5s` })
    await until(() => sockets.every(socket => socket.destroyed || socket.readableEnded || !socket.readable))
    silent.close()
  })
  test('redirects count in it', async () => {
    const slow = await Upstream.start(upstreams.hangBeforeHeaders)
    try {
      const { reason } = await untilDeadline(upstreams.redirect(slow.url), () => slow.count === 1)
      expect(reason).toBe(`${new URL(slow.url).host}: no answer within 7s`)
    } finally {
      await slow.close()
    }
  })
  test('the next poll is not disturbed by one that hung', async () => {
    await untilDeadline(upstreams.hangMidBody)
    const { ask } = source()
    upstream.script(json(good))
    expect(rowsOf(await ask.poll())).toEqual(good)
  })
})

describe('the connection', () => {
  test.each<[string, Behaviour, string]>([
    ['reset before headers', upstreams.resetBeforeHeaders, 'before it had answered'],
    ['reset mid-headers', upstreams.resetMidHeaders, 'before it had answered'],
    ['reset mid-body', upstreams.resetMidBody, 'before the body was whole'],
    ['truncated body against Content-Length', upstreams.truncatedBody, 'before the body was whole'],
    ['truncated chunks', upstreams.truncatedChunks, 'before the body was whole'],
  ])('%s', async (_, fault, phase) => {
    const { cause, reason } = await through(fault)
    expect(cause).toBe('reset')
    expect(reason).toMatch(new RegExp(`^HOST broke off the connection ${phase} \\([A-Z_]+\\)$`))
  })

  test('wrong chunking', async () => {
    const { cause, reason } = await through(upstreams.wrongChunking)
    expect({ cause, reason }).toEqual({
      cause: 'http',
      reason: expect.stringMatching(/^HOST does not speak proper HTTP \((HPE_[A-Z_]+|HTTPParserError)\)$/),
    })
  })

  test('no HTTP at all', async () => {
    expect(await through(upstreams.notHttp)).toMatchObject({ cause: 'http' })
  })

  test('refused', async () => {
    const { ask } = source()
    await upstream.close()
    expect(failed(await ask.poll())).toMatchObject({ cause: 'refused', reason: `${host()} refused the connection (ECONNREFUSED)` })
  })

  test('DNS failure', async () => {
    const { ask } = httpSource({ url: 'http://nowhere.invalid/x?token=secret' })
    asks.push(ask)
    const { cause, reason } = failed(await ask.poll())
    expect(cause).toBe('dns')
    expect(reason).toMatch(/^the name of nowhere\.invalid:80 cannot be resolved \((ENOTFOUND|EAI_AGAIN)\)$/)
  })

  test('TLS failure: plain HTTP where TLS was expected', async () => {
    const { ask } = httpSource({ url: upstream.url.replace('http:', 'https:') })
    asks.push(ask)
    expect(failed(await ask.poll())).toMatchObject({ cause: 'tls', reason: expect.stringContaining(`no secure connection to ${host()}`) })
  })

  test('a kept connection that the upstream dropped meanwhile is made anew', async () => {
    const { ask } = source()
    answered(await ask.poll())
    upstream.dropConnections()
    await until(() => upstream.openConnections === 0)
    for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
    expect(answered(await ask.poll()).kind).toBe('unchanged')
    expect(upstream.connections).toBe(2)
  })

  test('bytes that come unasked on a kept connection are never taken for an answer', async () => {
    const forged = 'HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n[{"id":"!!"}]'
    upstream.script((request, response) => {
      json(good)(request, response)
      response.on('finish', () => request.socket.write(forged))
    }, json(good))
    const { ask } = source()
    expect(rowsOf(await ask.poll())).toEqual(good)
    for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
    const next = await ask.poll()
    expect(next.kind === 'failed' || [...next.table.rows.keys()].join() === '1,2').toBe(true)
    expect(rowsOf(await ask.poll())).toEqual(good)
  })

  test('closed while a poll is under way: it ends at once', async () => {
    upstream.script(upstreams.hangBeforeHeaders)
    const { ask } = source()
    const poll = ask.poll()
    await until(() => upstream.count === 1)
    await ask.close()
    expect(failed(await poll)).toMatchObject({ cause: 'internal', reason: 'the source is closed' })
    await until(() => upstream.openConnections === 0)
  })
})

describe('size', () => {
  test('50 MB body: dropped at the limit', async () => {
    expect(await through(upstreams.big(50e6), { maxBody: '1MiB' })).toEqual({ cause: 'too_large', reason: 'maxBody: 1 MiB exceeded' })
  })
  test('50 MB body, by the default limit', async () => {
    expect(await through(upstreams.big(50e6))).toEqual({ cause: 'too_large', reason: 'maxBody: 16 MiB exceeded' })
  })
  test('1 GB by gzip from 1 MB: counted decoded, dropped at once', async () => {
    upstream.script(upstreams.gzipBomb(1 << 30))
    const { ask } = source({ maxBody: '1MiB' })
    const before = process.memoryUsage().rss
    expect(failed(await ask.poll())).toMatchObject({ cause: 'too_large', reason: 'maxBody: 1 MiB exceeded' })
    await until(() => upstream.openConnections === 0)
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6)
  })
  test('a body that says that it is too large is not waited for', async () => {
    const promised = upstreams.raw('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 50000000\r\n\r\n[')
    expect(await through(promised)).toEqual({ cause: 'too_large', reason: 'maxBody: 16 MiB exceeded' })
  })

  test('brotli bomb', async () => {
    expect(await through(upstreams.brotliBomb(64 << 20), { maxBody: '1MiB' })).toMatchObject({ cause: 'too_large' })
  })
  test('endless body', async () => {
    expect(await through(upstreams.endless, { maxBody: '1MiB' })).toMatchObject({ cause: 'too_large' })
    await until(() => upstream.openConnections <= 1)
  })
  test('endless headers', async () => {
    const endlessHeaders: Behaviour = request => {
      request.socket.write(`HTTP/1.1 200 OK\r\n${`x-filler: ${'y'.repeat(1000)}\r\n`.repeat(64)}`)
    }
    expect(await through(endlessHeaders)).toMatchObject({ cause: 'too_large' })
  })
  test.each<[string, Behaviour, Partial<WrittenOptions>, string]>([
    ['too many rows', json([{ id: 1 }, { id: 2 }, { id: 3 }]), { maxRows: 2 }, 'maxRows: 2 exceeded'],
    ['too many columns', json([{ id: 1, a: 1, b: 1 }]), { maxColumns: 2 }, 'maxColumns: 2 exceeded'],
    ['too many cells', json([{ id: 1, a: 1, b: 1 }]), { maxCells: 2 }, 'maxCells: 2 exceeded'],
    ['100 000 levels of nesting', upstreams.nested(100_000), {}, 'maxDepth: 64 levels exceeded'],
    ['a 1 MB text in a cell', json([{ id: 1, name: 'x'.repeat(1e6) }]), {}, 'maxCell: 64 KiB exceeded in column name'],
    ['a very long key', json([{ id: 'x'.repeat(2000) }]), {}, 'maxKey: 1 KiB exceeded'],
  ])('%s', async (_, fault, more, reason) => {
    upstream.script(fault)
    const { ask } = source(more)
    expect(failed(await ask.poll())).toMatchObject({ cause: 'too_large', reason })
  })
})

describe('answers that are none', () => {
  test.each<[string, Behaviour, string, string]>([
    ['HTML with status 200', upstreams.html, 'decode', 'the body is HTML or XML, not JSON'],
    ['an empty body', upstreams.body(''), 'decode', 'the body is empty, not JSON'],
    ['truncated JSON', upstreams.truncatedJson, 'decode', 'the JSON is cut short: it ends within a text'],
    ['NaN', upstreams.body('[{"id":NaN}]'), 'decode', 'the body is not JSON: NaN at line 1, column 8'],
    ['1e400', upstreams.body('[{"id":1e400}]'), 'decode', 'the number 1e400 is beyond the range of a double'],
    [
      'invalid UTF-8',
      upstreams.body(Buffer.from([0x22, 0xff, 0x22])),
      'decode',
      'the body is not valid UTF-8 (near byte 1); if it is in another, name it with charset:',
    ],
    ['500', upstreams.status(500), 'http', 'HOST answered 500 Internal Server Error'],
    ['404', upstreams.status(404), 'http', 'HOST answered 404 Not Found'],
    ['204', upstreams.status(204), 'http', 'HOST answered 204 No Content'],
    ['206', upstreams.body('[]', {}, 206), 'http', 'HOST answered 206 Partial Content'],
    [
      'a coding nobody asked for',
      upstreams.body('[]', { 'content-encoding': 'zstd' }),
      'decode',
      "the Content-Encoding 'zstd' is none that was asked for",
    ],
    [
      'a chain of codings',
      upstreams.body('[]', { 'content-encoding': 'gzip, gzip' }),
      'decode',
      "the Content-Encoding 'gzip, gzip' is none that was asked for",
    ],
    [
      'gzip that is none',
      upstreams.body('[]', { 'content-encoding': 'gzip' }),
      'decode',
      'the body of HOST is not compressed as its Content-Encoding says (Z_DATA_ERROR)',
    ],
    [
      'brotli that is none',
      upstreams.body('[{"id":1}]', { 'content-encoding': 'br' }),
      'decode',
      'the body of HOST is not compressed as its Content-Encoding says (ERR__ERROR_FORMAT_SIMPLE_HUFFMAN_SAME)',
    ],
    ['no row has the key', json([{ name: 'a' }]), 'key', 'no row has the key id; they have name'],
  ])('%s', async (_, fault, cause, reason) => {
    expect(await through(fault, { key: 'id' })).toMatchObject({ cause, reason })
  })

  test('a status with a body that hangs is told at once', async () => {
    const hanging: Behaviour = upstreams.raw('HTTP/1.1 503 Busy\r\ncontent-length: 99\r\nretry-after: 7\r\n\r\nwait')
    const { ask } = source()
    upstream.script(hanging)
    expect(failed(await ask.poll())).toMatchObject({ cause: 'http', status: 503, retryAfterMs: 7000 })
  })
})

describe('Retry-After', () => {
  const date = (ms: number) => new Date(ms).toUTCString()
  test.each<[string, Record<string, string>, number | undefined]>([
    ['seconds', { 'retry-after': '120' }, 120_000],
    ['an HTTP date, by the upstream clock', { date: date(1e12), 'retry-after': date(1e12 + 60_000) }, 60_000],
    ['a date in the past', { date: date(1e12), 'retry-after': date(1e12 - 60_000) }, 0],
    ['absurd seconds are capped', { 'retry-after': '99999999' }, 3_600_000],
    ['more digits than a double holds', { 'retry-after': '9'.repeat(400) }, 3_600_000],
    ['an absurd date is capped', { date: date(1e12), 'retry-after': 'Fri, 31 Dec 9999 23:59:59 GMT' }, 3_600_000],
    ['no number', { 'retry-after': 'soon 5' }, undefined],
    ['a negative number', { 'retry-after': '-5' }, undefined],
    ['none', {}, undefined],
  ])('%s', async (_, headers, retryAfterMs) => {
    for (const code of [429, 503]) {
      upstream.script(upstreams.status(code, headers))
      const poll = failed(await source().ask.poll())
      expect(poll.status).toBe(code)
      expect(poll.retryAfterMs).toBe(retryAfterMs)
    }
  })

  test('maxRetryAfter caps it, and the reason says what is waited', async () => {
    upstream.script(upstreams.status(429, { 'retry-after': '3600' }))
    const poll = failed(await source({ maxRetryAfter: '30s' }).ask.poll())
    expect(poll).toMatchObject({ retryAfterMs: 30_000, reason: `${host()} answered 429 Too Many Requests and asks to wait 30s` })
  })
})

test('reasons name host and port, never path, query or credentials', async () => {
  const secret = 'hunter2'
  const url = upstream.url.replace('127', `me:${secret}@127`)
  for (const fault of [
    upstreams.status(500),
    upstreams.resetBeforeHeaders,
    upstreams.html,
    upstreams.redirect(`/loop?token=${secret}`),
    upstreams.truncatedBody,
  ]) {
    upstream.script(fault)
    const { ask, log } = httpSource({ url: `${url}${secret}?token=${secret}`, headers: { 'x-api-key': secret } })
    asks.push(ask)
    expect(failed(await ask.poll()).reason).not.toContain(secret)
    expect(log.lines.join('\n')).not.toContain(secret)
  }
})
