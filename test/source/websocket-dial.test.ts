import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { z } from 'zod'
import { systemClock } from '../../src/lib/clock.ts'
import type { Ask } from '../../src/source/ask.ts'
import { authOf } from '../../src/source/auth/auth-of.ts'
import { SharedAuth } from '../../src/source/auth/shared-auth.ts'
import { sourceAuthOptions, sourceAuthSchema } from '../../src/source/auth/source-auth.options.ts'
import { Proxies, type ProxyEnvironment } from '../../src/source/proxy.ts'
import { webSocketAsk } from '../../src/source/websocket.ts'
import { webSocketKeys, webSocketOptions } from '../../src/source/websocket.options.ts'
import { failed, RecordedLog, rowsOf } from '../support/http-source.ts'

/** How a WebSocket is opened: as whom, trusting whom, and by which way. */

const schema = z.strictObject(webSocketKeys)
const fixture = (name: string): string => readFileSync(new URL(`../fixture/self-signed-${name}.pem`, import.meta.url), 'utf8')

let plain: Server
let secure: Server
let webSockets: WebSocketServer
/** 0: it is let in. */
let verdict: (request: IncomingMessage) => number
let challenge: Record<string, string>
let opened: IncomingMessage[]
let logins: number
let ask: Ask | undefined
const sockets = new Set<Socket>()

const portOf = (server: Server): number => (server.address() as AddressInfo).port

function listen(server: Server): Promise<void> {
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
  })
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
}

function dropAll(): void {
  for (const socket of sockets) socket.destroy()
  sockets.clear()
}

function closed(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

beforeEach(async () => {
  verdict = () => 0
  challenge = {}
  opened = []
  logins = 0
  webSockets = new WebSocketServer({ noServer: true })
  const login: RequestListener = (_request, response) => response.end(JSON.stringify({ token: `t${++logins}` }))
  plain = createServer(login)
  secure = createSecureServer({ key: fixture('key'), cert: fixture('cert'), requestCert: true, rejectUnauthorized: false }, login)
  secure.on('tlsClientError', (_error, socket) => socket.destroy())
  for (const server of [plain, secure])
    server.on('upgrade', (request, socket: Socket, head: Buffer) => {
      const status = verdict(request)
      const headers = Object.entries(challenge).map(([name, value]) => `${name}: ${value}\r\n`)
      if (status !== 0) return void socket.end(`HTTP/1.1 ${status} No\r\n${headers.join('')}content-length: 0\r\n\r\n`)
      opened.push(request)
      webSockets.handleUpgrade(request, socket, head, client => client.send('[{"id":1}]'))
    })
  await Promise.all([plain, secure].map(listen))
})

afterEach(async () => {
  await ask?.close()
  dropAll()
  await Promise.all([plain, secure].map(closed))
})

interface Given {
  readonly url?: string
  readonly auth?: z.input<typeof sourceAuthSchema>
  readonly tls?: { readonly insecure?: boolean }
  readonly pems?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  readonly timeout?: string
  readonly env?: ProxyEnvironment
}

const rules = { everyMs: 0, maxBackoffMs: 0, timeoutMs: 10_000 }

function source({ url = `ws://127.0.0.1:${portOf(plain)}/a?b=1`, auth, env = {}, pems = {}, ...written }: Given = {}): Ask {
  const [clock, proxies] = [systemClock(), new Proxies(env)]
  const options = webSocketOptions(schema.parse({ url, ...written }), 10_000, pems)
  const shared = auth && new SharedAuth(() => authOf(sourceAuthOptions(sourceAuthSchema.parse(auth)), rules, { clock, proxies }))
  ask = webSocketAsk(options, { name: 'tested', clock, log: new RecordedLog().logger, proxies, ...(shared && { auth: shared.open() }) })
  return ask
}

describe('as whom', () => {
  const login = () => ({ login: { request: { url: `http://127.0.0.1:${portOf(plain)}/login` }, token: 'token' } })

  test.each<[z.input<typeof sourceAuthSchema>, string | undefined, string]>([
    [{ bearer: 'tok' }, 'Bearer tok', '/a?b=1'],
    [{ basic: { user: 'me', password: 'pw' } }, `Basic ${Buffer.from('me:pw').toString('base64')}`, '/a?b=1'],
    [{ apiKey: { query: 'key', value: 'k&' } }, undefined, '/a?b=1&key=k%26'],
  ])('%j', async (auth, authorization, path) => {
    expect(rowsOf(await source({ auth }).poll())).toEqual([{ id: 1 }])
    expect([opened[0]?.headers.authorization, opened[0]?.url]).toEqual([authorization, path])
  })

  test('a login, once more where its token is refused', async () => {
    verdict = ({ headers }) => (headers.authorization === 'Bearer t2' ? 0 : 401)
    const made = source({ auth: login() })
    expect(failed(await made.poll())).toMatchObject({ cause: 'http', status: 401 })
    expect(rowsOf(await made.poll())).toEqual([{ id: 1 }])
    expect(logins).toBe(2)
  })

  test('a login that has ended is renewed within the same poll', async () => {
    const made = source({ auth: login() })
    expect(rowsOf(await made.poll())).toEqual([{ id: 1 }])
    made.rest?.()
    verdict = ({ headers }) => (headers.authorization === 'Bearer t2' ? 0 : 401)
    expect(rowsOf(await made.poll())).toEqual([{ id: 1 }])
    expect(opened.map(({ headers }) => headers.authorization)).toEqual(['Bearer t1', 'Bearer t2'])
  })

  test('closed before it is known as whom, it is not opened any more', async () => {
    const made = source({ auth: { bearer: 'tok' } })
    const polled = made.poll()
    await made.close()
    expect(failed(await polled).reason).toBe('the source is closed')
    expect(rowsOf(await source({ auth: { bearer: 'other' } }).poll())).toEqual([{ id: 1 }])
    expect(opened.map(({ headers }) => headers.authorization)).toEqual(['Bearer other'])
  })

  test('a digest, which meets the challenge of the first answer', async () => {
    challenge = { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth"' }
    verdict = ({ headers }) => (headers.authorization?.includes('uri="/a?b=1"') === true ? 0 : 401)
    expect(rowsOf(await source({ auth: { digest: { user: 'me', password: 'pw' } } }).poll())).toEqual([{ id: 1 }])
  })

  test('who is refused is told so, asked twice at most', async () => {
    let asked = 0
    challenge = { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth", stale=true' }
    verdict = () => (asked++, 401)
    const poll = failed(await source({ auth: { digest: { user: 'me', password: 'pw' } } }).poll())
    expect([poll.reason, asked]).toEqual([`127.0.0.1:${portOf(plain)} answered 401 Unauthorized`, 2])
  })
})

describe('trusting whom', () => {
  const url = (): string => `wss://127.0.0.1:${portOf(secure)}/`

  test('nobody whom the system does not know', async () => {
    expect(failed(await source({ url: url() }).poll())).toMatchObject({
      cause: 'tls',
      reason: expect.stringMatching(/its certificate is self-signed/),
    })
  })

  test('whoever `ca` has signed, with the certificate that is shown to it', async () => {
    const [cert, key] = [fixture('cert'), fixture('key')]
    expect(rowsOf(await source({ url: url(), tls: {}, pems: { ca: cert, cert, key } }).poll())).toEqual([{ id: 1 }])
    expect((opened[0]?.socket as TLSSocket | undefined)?.getPeerCertificate().fingerprint256).toMatch(/^[0-9A-F:]+$/)
  })

  test('anybody, where that is said', async () => {
    expect(rowsOf(await source({ url: url(), tls: { insecure: true } }).poll())).toEqual([{ id: 1 }])
  })
})

describe('by which way', () => {
  let proxy: Server
  let asked: string[]
  let answer: (socket: Socket) => void

  beforeEach(async () => {
    asked = []
    proxy = createServer()
    proxy.on('connect', ({ url = '', headers }, socket: Socket) => {
      asked.push(`${url} ${String(headers['proxy-authorization'])}`)
      answer(socket)
    })
    await listen(proxy)
  })
  afterEach(async () => {
    await ask?.close()
    dropAll()
    await closed(proxy)
  })

  const to = (server: Server) => (socket: Socket) => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    const on = connect(portOf(server), '127.0.0.1')
    on.on('error', () => socket.destroy())
    socket.on('close', () => on.destroy())
    socket.pipe(on).pipe(socket)
  }
  const env = (): ProxyEnvironment => {
    const url = `http://me:pw@127.0.0.1:${portOf(proxy)}`
    return { http_proxy: url, https_proxy: url }
  }
  const me = `Basic ${Buffer.from('me:pw').toString('base64')}`

  test('ws and wss through a tunnel of the proxy that the environment names', async () => {
    answer = to(plain)
    expect(rowsOf(await source({ url: 'ws://market.example/a', env: env() }).poll())).toEqual([{ id: 1 }])
    await ask?.close()
    answer = to(secure)
    expect(rowsOf(await source({ url: 'wss://market.example/a', tls: { insecure: true }, env: env() }).poll())).toEqual([{ id: 1 }])
    expect(asked).toEqual([`market.example:80 ${me}`, `market.example:443 ${me}`])
    expect(opened.map(({ headers }) => headers.host)).toEqual(['market.example', 'market.example'])
  })

  test('what the proxy refuses, or never does, is said of it', async () => {
    const host = `127.0.0.1:${portOf(proxy)}`
    answer = socket => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n')
    expect(failed(await source({ url: 'wss://market.example/', env: env() }).poll())).toMatchObject({
      cause: 'refused',
      reason: `the proxy ${host} opens no way to market.example:443: it answered 407; name user and password in the URL of the proxy`,
    })
    answer = () => undefined
    expect(failed(await source({ url: 'wss://market.example/', env: env(), timeout: '50ms' }).poll())).toMatchObject({
      cause: 'timeout',
      reason: `the proxy ${host}: no connection within 50ms`,
    })
  })
})
