import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { rawRequest, requestText, upgradeHeaders } from '../support/raw-request.ts'

/** Whatever is refused on a bare socket: one short sentence, nothing of the inside, and nothing to run, frame or keep. */

let server: MillraceServer
let url: string

beforeAll(async () => {
  const config = configOf({
    server: { port: 0 },
    limits: { upgradeTimeout: '100ms', maxHeaders: 20, maxLoopDelay: 'off' },
    sources: { a: { system: 'load' } },
  })
  if (!config.ok) throw new Error(JSON.stringify(config.problems))
  server = new MillraceServer({ config: config.config })
  url = await server.listen()
})

afterAll(() => server.close())

const without = (name: string): string[] => upgradeHeaders.filter(line => !line.startsWith(name))
const plain = ['Host: localhost', 'Connection: close']
const many = Array.from({ length: 30 }, (_, i) => `X${i}: 1`)

const refusals: readonly [what: string, request: string, status: number, sentence: RegExp][] = [
  ['upgrade on a wrong path', requestText('/elsewhere', upgradeHeaders), 404, /^WebSockets are served at \/ws$/],
  ['wrong Origin', requestText('/ws', [...upgradeHeaders, 'Origin: https://evil.example']), 403, /add it to server\.origins/],
  ['DNS rebinding', requestText('/ws', ['Host: evil.example', ...without('Host')]), 403, /add evil\.example to server\.hosts/],
  ['DNS rebinding, of a page', requestText('/', ['Host: evil.example', 'Connection: close']), 403, /add evil\.example to server\.hosts/],
  ['no Host', requestText('/ws', without('Host')), 400, /exactly one Host/],
  ['two Hosts', requestText('/ws', ['Host: localhost', ...upgradeHeaders]), 400, /exactly one Host/],
  ['two Hosts, of a page', requestText('/feeds', ['Host: localhost', ...plain]), 400, /exactly one Host/],
  ['a target of another host', requestText('http://evil.example/feeds', plain), 400, /one host as its target and another/],
  ['an upgrade to a target of another host', requestText('http://evil.example/ws', upgradeHeaders), 400, /one host as its target/],
  ['version 8', requestText('/ws', [...without('Sec-WebSocket-Version'), 'Sec-WebSocket-Version: 8']), 426, /version 13/],
  ['no key', requestText('/ws', without('Sec-WebSocket-Key')), 400, /exactly one Sec-WebSocket-Key/],
  ['two keys', requestText('/ws', [...upgradeHeaders, ...upgradeHeaders.slice(-1)]), 400, /exactly one Sec-WebSocket-Key/],
  ['a key that is none', requestText('/ws', [...without('Sec-WebSocket-Key'), 'Sec-WebSocket-Key: short']), 400, /Sec-WebSocket-Key/],
  ['a subprotocol that is none', requestText('/ws', [...upgradeHeaders, 'Sec-WebSocket-Protocol: a,,b']), 400, /Sec-WebSocket-Protocol/],
  ['an upgrade by POST', requestText('/ws', upgradeHeaders, 'POST'), 405, /begins with GET/],
  ['oversized headers', requestText('/ws', [...upgradeHeaders, `X: ${'a'.repeat(17_000)}`]), 431, /^maxHeader: 16 KiB exceeded$/],
  ['too many headers', requestText('/ws', [...upgradeHeaders, ...many]), 431, /^maxHeaders: 20 exceeded$/],
  ['too many headers, of a page', requestText('/', [...plain, ...many]), 431, /^maxHeaders: 20 exceeded$/],
  ['a long URL', requestText(`/ws?feed=${'a'.repeat(2048)}`, upgradeHeaders), 414, /^maxUrl: 2 KiB exceeded$/],
  ['a slow upgrade', 'GET /ws HTTP/1.1\r\nHost: loc', 408, /^upgradeTimeout: 100ms exceeded$/],
  ['a silent upgrade', '', 408, /^upgradeTimeout: 100ms exceeded$/],
  ['no HTTP at all', '\x16\x03\x01\x02\x00\x01', 400, /^this is no HTTP request$/],
  ['two lengths', requestText('/ws', [...plain, 'Content-Length: 4', 'Content-Length: 5']), 400, /^this is no HTTP request$/],
  ['length and chunks', requestText('/', [...plain, 'Content-Length: 4', 'Transfer-Encoding: chunked']), 400, /^this is no HTTP request$/],
  ['a line that is folded', requestText('/', ['Host: localhost', 'X: a', ' b']), 400, /^this is no HTTP request$/],
]

describe('a refusal', () => {
  test.each(refusals)('%s', async (_what, request, status, sentence) => {
    const answer = await rawRequest(url, request)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatch(sentence)
    expect(answer.body.length).toBeLessThan(250)
    expect(answer.text).not.toMatch(/node|ws\/|at .*:\d+/i)
    expect(answer.headers.get('server')).toBeUndefined()
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'content-length': String(answer.body.length),
      connection: 'close',
    })
  })

  test.each(['//', '/%', '/%ff', '/feeds/%', '/feeds/%c0%af', '/\\', '/feeds/a?where=%', '/feeds/__proto__', '/feeds/a?limit=-1'])(
    'a page that is none, %s: a strict policy too, and no fault',
    async path => {
      const { status, headers, body } = await rawRequest(url, requestText(path, plain))
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(body).not.toMatch(/\n\s+at |node_modules/)
    },
  )

  test('an expectation is ignored: the answer is guarded as any', async () => {
    const { status, headers } = await rawRequest(url, requestText('/feeds', [...plain, 'Expect: everything']))
    expect(status).toBe(200)
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  test.each(['CONNECT', 'TRACE', 'OPTIONS', 'DELETE', 'PUT', 'PROPFIND'])('%s is not served', async method => {
    const { status, text } = await rawRequest(url, requestText(method === 'CONNECT' ? 'localhost:22' : '/feeds', plain, method))
    // A tunnel is ended without a word.
    expect(method === 'CONNECT' ? text : status).toBe(method === 'CONNECT' ? '' : 405)
  })

  test('in the midst of an answer nothing is written into it: the socket ends', async () => {
    const { text } = await rawRequest(url, `${requestText('/feeds/a', ['Host: localhost'])}no request\r\n\r\n`)
    expect(text.match(/HTTP\/1\.1 /g)?.length ?? 0).toBeLessThanOrEqual(2)
    expect(text).not.toMatch(/HTTP\/1\.1 200[^]*HTTP\/1\.1 200/)
  })
})

test('a request smuggled behind another is a request of its own, judged like any', async () => {
  const inner = requestText('/feeds', ['Host: evil.example', 'Connection: close'])
  const { text } = await rawRequest(url, `${requestText('/ready', ['Host: localhost'])}${inner}`)
  expect(text).toMatch(/^HTTP\/1\.1 200 [^]*HTTP\/1\.1 403 [^]*add evil\.example to server\.hosts$/)
})
