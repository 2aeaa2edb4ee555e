import { readFileSync } from 'node:fs'
import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Ask } from '../../src/source/ask.ts'
import { Proxies, type ProxyEnvironment } from '../../src/source/proxy.ts'
import { failed, httpSource, rowsOf, type WrittenOptions } from '../support/http-source.ts'
import { json, Upstream } from '../support/upstream.ts'

describe('which proxy', () => {
  const of = (url: string, env: ProxyEnvironment): string | undefined => {
    const proxy = new Proxies(env).of(new URL(url))
    return proxy === undefined ? undefined : `${proxy.protocol}//${proxy.hostname}:${proxy.port}`
  }
  const both = { HTTP_PROXY: 'http://one:3128', HTTPS_PROXY: 'https://two' }

  test.each<[string, ProxyEnvironment, string | undefined]>([
    ['http://a.example/', {}, undefined],
    ['http://a.example/', both, 'http://one:3128'],
    ['https://a.example/', both, 'https://two:443'],
    ['https://a.example/', { HTTP_PROXY: 'http://one' }, undefined],
    ['http://a.example/', { ...both, http_proxy: 'lower:8080' }, 'http://lower:8080'],
    ['http://a.example/', { ...both, http_proxy: '' }, 'http://one:3128'],
    ['http://localhost:9/', both, undefined],
    ['http://x.localhost/', both, undefined],
    ['http://127.1.2.3/', both, undefined],
    ['http://[::1]:9/', both, undefined],
    ['http://a.example/', { ...both, NO_PROXY: '*' }, undefined],
    ['http://a.example/', { ...both, NO_PROXY: 'b.example, a.example' }, undefined],
    ['http://x.a.example/', { ...both, no_proxy: '.a.example' }, undefined],
    ['http://x.a.example/', { ...both, no_proxy: '*.a.example' }, undefined],
    ['http://ba.example/', { ...both, no_proxy: 'a.example' }, 'http://one:3128'],
    ['http://a.example/', { ...both, no_proxy: 'a.example:8080' }, 'http://one:3128'],
    ['http://a.example:8080/', { ...both, no_proxy: 'a.example:8080' }, undefined],
    ['https://a.example/', { ...both, no_proxy: 'A.EXAMPLE:443' }, undefined],
    ['http://[2001:db8::1]/', { ...both, no_proxy: '2001:db8::1' }, undefined],
  ])('%s by %j: %s', (url, env, proxy) => {
    expect(of(url, env)).toBe(proxy)
  })

  test('user and password go to the proxy', () => {
    const proxy = new Proxies({ http_proxy: 'http://us%40er:p%3Aw@p:1' }).of(new URL('http://a.example'))
    expect(proxy?.authorization).toBe(`Basic ${Buffer.from('us@er:p:w').toString('base64')}`)
  })

  test.each([
    [{ http_proxy: 'socks5://secret@p:1' }, 'http_proxy names a proxy of socks5:, which is not known here; use one of http: or https:'],
    [{ HTTP_PROXY: 'http://[secret' }, 'HTTP_PROXY names what is no URL of a proxy; write http://host:port'],
  ])('what is no proxy is refused, with its name and without its value: %j', (env, message) => {
    expect(() => of('http://a.example', env)).toThrow(message)
  })
})

describe('through a proxy', () => {
  const fixture = (name: string): Buffer => readFileSync(new URL(`../fixture/self-signed-${name}.pem`, import.meta.url))
  let upstream: Upstream
  let secure: Server
  let proxy: Server
  let seen: { readonly method: string; readonly target: string; readonly headers: IncomingMessage['headers'] }[]
  let answer: (socket: Socket, target: string) => void
  let asks: Ask[]
  const sockets = new Set<Socket>()

  const portOf = (server: Server): number => (server.address() as AddressInfo).port
  const listen = (server: Server): Promise<void> =>
    new Promise(resolve => {
      server.on('connection', (socket: Socket) => {
        sockets.add(socket)
        socket.on('error', () => socket.destroy())
      })
      server.listen(0, '127.0.0.1', resolve)
    })

  const closed = (server: Server): Promise<void> =>
    new Promise(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })

  beforeEach(async () => {
    seen = []
    asks = []
    upstream = await Upstream.start(json([{ id: 1 }]))
    secure = createSecureServer({ key: fixture('key'), cert: fixture('cert') }, (_request, response) => response.end('[{"id":2}]'))
    // Whatever host is asked for, it leads to the upstream of the test.
    proxy = createServer((incoming, response) => {
      const { method = '', url = '', headers } = incoming
      seen.push({ method, target: url, headers })
      const { pathname, search } = new URL(url)
      request(upstream.url + (pathname + search).slice(1), { method }, answered => {
        response.writeHead(answered.statusCode ?? 500, answered.headers)
        answered.pipe(response)
      }).end()
    })
    answer = socket => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      const on = connect(portOf(secure), '127.0.0.1')
      on.on('error', () => socket.destroy())
      socket.on('close', () => on.destroy())
      socket.pipe(on).pipe(socket)
    }
    proxy.on('connect', ({ method = '', url = '', headers }, socket: Socket) => {
      seen.push({ method, target: url, headers })
      answer(socket, url)
    })
    await Promise.all([listen(secure), listen(proxy)])
  })

  afterEach(async () => {
    await Promise.all(asks.map(ask => ask.close()))
    for (const socket of sockets) socket.destroy()
    sockets.clear()
    await Promise.all([secure, proxy].map(closed))
    await upstream.close()
  })

  function source(written: WrittenOptions, credentials = ''): Ask {
    const url = `http://${credentials}127.0.0.1:${portOf(proxy)}`
    const { ask } = httpSource(written, undefined, { proxies: new Proxies({ http_proxy: url, https_proxy: url }) })
    asks.push(ask)
    return ask
  }

  test('an http URL is asked by it, with what it needs to know', async () => {
    const ask = source({ url: 'http://bikes.example/a?b=1', headers: { 'x-key': 'k' } }, 'me:pw@')
    expect(rowsOf(await ask.poll())).toEqual([{ id: 1 }])
    expect(rowsOf(await ask.poll())).toEqual([{ id: 1 }])
    expect(seen).toHaveLength(2)
    expect(seen[0]).toMatchObject({ method: 'GET', target: 'http://bikes.example/a?b=1' })
    const authorization = `Basic ${Buffer.from('me:pw').toString('base64')}`
    expect(seen[0]?.headers).toMatchObject({ host: 'bikes.example', 'x-key': 'k', 'proxy-authorization': authorization })
    expect(upstream.last?.path).toBe('/a?b=1')
  })

  test('an https URL is asked within a tunnel, which is told nothing but where to', async () => {
    const ask = source({ url: 'https://bikes.example/a', headers: { 'x-key': 'k' }, tls: { insecure: true } }, 'me:pw@')
    const first = await ask.poll()
    expect(rowsOf(first)).toEqual([{ id: 2 }])
    expect(first.phases?.tlsMs).toBeGreaterThan(0)
    await ask.poll()
    expect(seen.map(({ method, target }) => `${method} ${target}`)).toEqual(['CONNECT bikes.example:443'])
    expect(seen[0]?.headers).not.toHaveProperty('x-key')
    expect(seen[0]?.headers).toHaveProperty('proxy-authorization')
  })

  test('what the proxy refuses is said of it', async () => {
    answer = socket => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n')
    const host = `127.0.0.1:${portOf(proxy)}`
    expect(failed(await source({ url: 'https://bikes.example/' }).poll())).toMatchObject({
      cause: 'refused',
      reason: `the proxy ${host} opens no way to bikes.example:443: it answered 407; name user and password in the URL of the proxy`,
    })
    const later = ['http://bikes.example/', 'https://bikes.example/'].map(url => source({ url }))
    await closed(proxy)
    for (const ask of later)
      expect(failed(await ask.poll())).toMatchObject({
        cause: 'refused',
        reason: `the proxy ${host} refused the connection (ECONNREFUSED)`,
      })
    await listen(proxy)
  })

  test('a proxy that never opens its tunnel: one deadline for the whole poll', async () => {
    answer = () => undefined
    const poll = failed(await source({ url: 'https://bikes.example/', timeout: '50ms' }).poll())
    expect(poll).toMatchObject({ cause: 'timeout', reason: `the proxy 127.0.0.1:${portOf(proxy)}: no connection within 50ms` })
  })
})
