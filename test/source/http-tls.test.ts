import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Ask } from '../../src/source/ask.ts'
import { failed, httpSource, rowsOf, type WrittenOptions } from '../support/http-source.ts'
import { json, redirect, Upstream, type Behaviour } from '../support/upstream.ts'

// A certificate that nobody signed, made for these tests alone.
const fixture = (name: string): Buffer => readFileSync(new URL(`../fixture/self-signed-${name}.pem`, import.meta.url))

let secure: Server
let plain: Upstream
let host: string
let behaviour: Behaviour
let ask: Ask | undefined

beforeEach(async () => {
  behaviour = json([{ id: 1 }])
  plain = await Upstream.start(json([{ id: 1 }]))
  secure = createServer({ key: fixture('key'), cert: fixture('cert') }, (request, response) => behaviour(request, response))
  secure.on('tlsClientError', (_error, socket) => socket.destroy())
  await new Promise<void>(resolve => {
    secure.listen(0, '127.0.0.1', resolve)
  })
  host = `127.0.0.1:${(secure.address() as AddressInfo).port}`
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await ask?.close()
  await plain.close()
  await closed(secure)
})

function closed(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function source(more: Partial<WrittenOptions> = {}): Ask {
  ask = httpSource({ url: `https://${host}/`, ...more }).ask
  return ask
}

/** As an operator can who knows what he does; Node reads it at each connection. */
function trustAll(): void {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
}

test('TLS failure: a certificate that nobody signed', async () => {
  const { cause, reason } = failed(await source().poll())
  expect({ cause, reason }).toEqual({
    cause: 'tls',
    reason: `no secure connection to ${host}: its certificate is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT)`,
  })
})

test('https is asked like http', async () => {
  trustAll()
  expect(rowsOf(await source().poll())).toEqual([{ id: 1 }])
})

test.each(['strip', 'same-origin', 'none'] as const)('a redirect from https to http fails, with redirects: %s', async redirects => {
  trustAll()
  behaviour = redirect(plain.url)
  const { cause, reason } = failed(await source({ redirects, headers: { authorization: 'Bearer t' } }).poll())
  expect(cause).toBe('http')
  expect(reason).toMatch(redirects === 'none' ? /^redirects: none/ : /redirects from https to http, at 127\.0\.0\.1:\d+$/)
  expect(plain.count).toBe(0)
})

test('a redirect from http to https is followed, without the configured headers, as it is another origin', async () => {
  trustAll()
  const seen: unknown[] = []
  behaviour = (request, response) => {
    seen.push(request.headers.authorization)
    json([{ id: 2 }])(request, response)
  }
  plain.script(redirect(`https://${host}/`))
  expect(rowsOf(await source({ url: plain.url, headers: { authorization: 'Bearer t' } }).poll())).toEqual([{ id: 2 }])
  expect(seen).toEqual([undefined])
})

test('tls: {insecure: true} takes any certificate, of the URL itself alone', async () => {
  expect(rowsOf(await source({ tls: { insecure: true } }).poll())).toEqual([{ id: 1 }])
  await ask?.close()
  plain.script(redirect(`https://${host}/`))
  const { cause } = failed(await source({ url: plain.url, tls: { insecure: true } }).poll())
  expect(cause).toBe('tls')
})

test('tls: {ca} is who may have signed the certificate', async () => {
  ask = httpSource({ url: `https://${host}/` }, undefined, {}, {}).ask
  expect(failed(await ask.poll()).cause).toBe('tls')
  ask = httpSource({ url: `https://${host}/`, tls: {} }, undefined, {}, { ca: String(fixture('cert')) }).ask
  const poll = await ask.poll()
  expect(rowsOf(poll)).toEqual([{ id: 1 }])
  expect(poll.phases).toMatchObject({ dnsMs: 0, connectMs: expect.any(Number), tlsMs: expect.any(Number) })
})

test('tls: {cert, key} is shown to the URL itself alone', async () => {
  const seen: unknown[] = []
  const pair = { cert: String(fixture('cert')), key: String(fixture('key')) }
  await closed(secure)
  secure = createServer(
    { key: pair.key, cert: pair.cert, ca: pair.cert, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      seen.push((request.socket as TLSSocket).authorized)
      behaviour(request, response)
    },
  )
  await new Promise<void>(resolve => {
    secure.listen(0, '127.0.0.1', resolve)
  })
  const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}/`
  ask = httpSource({ url, tls: { insecure: true } }, undefined, {}, pair).ask
  expect(rowsOf(await ask.poll())).toEqual([{ id: 1 }])
  await ask.close()
  trustAll()
  plain.script(redirect(url))
  ask = httpSource({ url: plain.url, tls: {} }, undefined, {}, pair).ask
  expect(rowsOf(await ask.poll())).toEqual([{ id: 1 }])
  expect(seen).toEqual([true, false])
})
