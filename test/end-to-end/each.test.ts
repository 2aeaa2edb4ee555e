import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { RecordedLog } from '../support/http-source.ts'
import { RawReader } from '../support/raw-reader.ts'

/** List, then detail: the rows of one source name what the other asks for, one request each, all of them behind one login. */

let upstream: Server
let server: MillraceServer | undefined
let log: RecordedLog
let stations: string[]
let logins: number
let asked: string[]

beforeEach(async () => {
  stations = ['a', 'b']
  logins = 0
  asked = []
  log = new RecordedLog()
  upstream = createServer((request, response) => {
    const { url = '', headers } = request
    const answer = (value: unknown, status = 200): unknown =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (url === '/login') return answer({ token: `t0ken-${++logins}` })
    if (url === '/stations') return answer(stations.map(id => ({ id, name: `station ${id}` })))
    if (headers.authorization !== 'Bearer t0ken-1') return answer({ error: 'who are you' }, 401)
    asked.push(url)
    return url === '/station/b' && !stations.includes('b') ? answer({}, 404) : answer({ bikes: url.length, spare: [1] })
  })
  await new Promise<void>(resolve => {
    upstream.listen(0, '127.0.0.1', resolve)
  })
})

afterEach(async () => {
  await server?.close()
  await new Promise(resolve => {
    upstream.close(resolve)
    upstream.closeAllConnections()
  })
})

test('a reader of the details wants the list too; stations that come and go are rows that come and go', async () => {
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const config = configOf({
    server: { port: 0, drain: '100ms' },
    defaults: { every: '100ms' },
    sources: {
      details: {
        url: `${url}/station/{id}`,
        each: { id: { from: 'near', limit: 5 } },
        auth: { login: { request: { url: `${url}/login`, body: { password: 'hunter2' } }, token: 'token' } },
      },
      list: { url: `${url}/stations`, key: 'id' },
    },
    feeds: { near: { from: 'list', steps: [{ where: 'id != "z"' }] } },
  })
  if (!config.ok) throw new Error(JSON.stringify(config.problems))
  server = new MillraceServer({ config: config.config, log: log.logger })
  const reader = await new RawReader(`${(await server.listen()).replace('http', 'ws')}/ws`).open()
  reader.send({ type: 'subscribe', id: 1, feed: 'details' })
  const first = await reader.next('snapshot')
  expect([first.key, first.columns]).toEqual(['id', ['id', 'bikes', 'spare']])
  expect(first.rows).toEqual([
    { id: 'a', bikes: 10, spare: [1] },
    { id: 'b', bikes: 10, spare: [1] },
  ])
  stations = ['a', 'c', 'z']
  const { set, del } = await reader.next('delta')
  expect([set, del]).toEqual([{ c: { id: 'c', bikes: 10, spare: [1] } }, ['b']])
  reader.send({ type: 'subscribe', id: 2, feed: '$sources' })
  const own = await reader.next('snapshot', ({ feed }) => feed === '$sources')
  expect(own.rows.map(({ source, wanted }) => [source, wanted])).toContainEqual(['list', '1 reader'])
  expect(new Set(asked)).toEqual(new Set(['/station/a', '/station/b', '/station/c']))
  expect(logins).toBe(1)
  for (const secret of ['hunter2', 't0ken']) expect(JSON.stringify([own, log.lines, config.inForce()])).not.toContain(secret)
  reader.socket.terminate()
})
