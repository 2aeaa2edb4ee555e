import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ServerProcess } from '../convergence/server-process.ts'
import { rawRequest, requestText, upgradeHeaders } from '../support/raw-request.ts'
import { RawReader } from '../support/raw-reader.ts'
import { Upstream } from '../support/upstream.ts'

/** What configs, upstreams and readers hold that is secret must not be told to anybody by logs, health, metrics, feeds or errors. */

const secret = 'hunter2'
let upstream: Upstream
let server: ServerProcess

beforeAll(async () => {
  upstream = await Upstream.start((request, response) => {
    const kind = new URL(request.url ?? '/', 'http://x').pathname.slice(1)
    const echo = `${request.headers.authorization ?? ''} ${request.url ?? ''} ${secret}`
    if (kind === 'status') response.writeHead(500, { 'X-Echo': echo }).end(echo)
    else if (kind === 'redirect') response.writeHead(302, { Location: `http://me:${secret}@127.0.0.1:9/?token=${secret}` }).end()
    else if (kind === 'loop') response.writeHead(302, { Location: `/loop?token=${secret}` }).end()
    else if (kind === 'body') response.writeHead(200, { 'Content-Type': 'application/json' }).end(`{"token": "${secret}", oops ${secret}`)
    else if (kind === 'cut') {
      response.writeHead(200, { 'Content-Length': '1000' }).write(`["${secret}"`)
      response.destroy()
    } else if (kind === 'coding') response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(secret)
    else response.writeHead(200, { 'Content-Type': 'application/json' }).end('[{"id":"a","n":1}]')
  })
  const { host } = new URL(upstream.url)
  const timing = { every: '100ms', maxBackoff: '300ms', demand: 'always' }
  const request = { url: `${upstream.url}status?token=${secret}`, headers: { 'X-Key': secret }, body: { password: secret } }
  const [user, complaint] = [{ user: 'me', password: secret }, `denied: ${secret} X-Api-Key: ${secret}`]
  const asked = {
    login: { url: `${upstream.url}status`, auth: { login: { request, token: 'token' } } },
    oauth2: { url: `${upstream.url}status`, auth: { oauth2: { tokenUrl: request.url, clientId: 'me', clientSecret: secret } } },
    digest: { url: `${upstream.url}status`, auth: { digest: user } },
    keyed: { url: `${upstream.url}status`, auth: { apiKey: { query: 'key', value: secret } } },
    followed: { url: `ws://${host}/status?token=${secret}`, headers: { Cookie: `sid=${secret}` }, subscribe: `{"token":"${secret}"}` },
    command: { exec: ['sh', '-c', `echo "${complaint}" >&2; exit 3`, 'x', '--token', secret], env: { PASSWORD: secret } },
  }
  const source = (path: string, at = host): object => ({
    url: `http://me:${secret}@${at}/${path}?token=${secret}`,
    query: { api_key: secret },
    headers: { 'X-Api-Key': secret, Cookie: `sid=${secret}` },
    ...timing,
  })
  const kinds = ['status', 'redirect', 'loop', 'body', 'cut', 'coding', 'good']
  server = await ServerProcess.start({
    log: { level: 'debug' },
    sources: {
      ...Object.fromEntries(kinds.map(kind => [kind, source(kind)])),
      refused: source('refused', '127.0.0.1:9'),
      ...Object.fromEntries(Object.entries(asked).map(([name, how]) => [name, { ...timing, ...how }])),
    },
    feeds: {
      hooked: {
        from: 'good',
        steps: [{ alert: { when: 'n == 1' } }],
        sinks: [{ webhook: { url: `${upstream.url}status?key=${secret}`, headers: { 'X-Key': secret }, secret, groupWait: '10ms' } }],
      },
    },
  })
})

afterAll(async () => {
  await server.close()
  await upstream.close()
})

test('secrets redacted: logs, banner, health, own feeds, metrics, pages and errors', async () => {
  const reader = await new RawReader(`${server.url.replace('http', 'ws')}/ws?feed=$sources&feed=$feeds&feed=good&token=${secret}`, {
    headers: { Authorization: `Bearer ${secret}`, Cookie: `sid=${secret}` },
  }).open()
  const told: string[] = []
  reader.socket.on('message', (data: Buffer) => told.push(data.toString('utf8')))
  // Every source has failed and has been shown to.
  await vi.waitUntil(() => /"failed":([3-9]|\d\d)/.test(told.join('')), { timeout: 10_000 })
  reader.send({ type: 'hello', token: secret })
  reader.send({ type: 'subscribe', feed: 'goood', token: secret })
  reader.send('{"type":"subscribe","feed":3}')
  const pages = await Promise.all(
    ['/health', '/metrics', '/feeds?own', '/feeds/status', '/feeds/$sources', `/feeds/none?token=${secret}`, '/'].map(async path => {
      const response = await fetch(server.url + path, { headers: { Authorization: `Bearer ${secret}` } })
      return `${[...response.headers].join('\n')}\n${await response.text()}`
    }),
  )
  const refused = await Promise.all([
    rawRequest(server.url, requestText(`/ws?ticket=${secret}`, ['Host: evil.example', ...upgradeHeaders.slice(1)])),
    rawRequest(server.url, requestText(`/elsewhere?ticket=${secret}`, [...upgradeHeaders, `Authorization: Bearer ${secret}`])),
    rawRequest(server.url, `GET /?token=${secret} HTTP/9.9\r\nAuthorization: Bearer ${secret}\r\n\r\n`),
  ])
  await reader.next('error', ({ feed }) => feed === 'goood')
  reader.socket.close()
  await reader.closed
  for (const text of [server.said, ...told, ...pages, ...refused.map(({ text }) => text)]) expect(text).not.toContain(secret)
  expect(told.join('')).toContain('answered 500')
  for (const name of ['login', 'oauth2', 'digest', 'keyed', 'followed']) expect(server.said).toContain(`source '${name}' failed: `)
  expect(server.said).toMatch(/source 'command' failed: .*denied: \*\*\*/)
  expect(server.said).toMatch(/webhook/)
  expect(server.said).toMatch(/source 'status' failed: 127\.0\.0\.1:\d+ answered 500/)
  // The upstream was asked with all of it.
  expect(upstream.requests.some(({ path, headers }) => path.includes(secret) && headers['x-api-key'] === secret)).toBe(true)
})

test('one line for each change of state, not for each try', async () => {
  const lines = (): string[] => server.said.split('\n').filter(line => line.includes("source 'status' failed"))
  const before = upstream.requests.filter(({ path }) => path.startsWith('/status')).length
  await vi.waitUntil(() => upstream.requests.filter(({ path }) => path.startsWith('/status')).length > before + 1, { timeout: 15_000 })
  expect(lines()).toHaveLength(1)
})
