import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type * as client from '../../src/client/client.ts'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { FakeNetwork } from '../support/fake-socket.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

let folder: string
let upstream: ChangingUpstream
let server: MillraceServer
let url: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-client-'))
  await build({ root, configFile: join(root, 'vite.config.ts'), mode: 'client', logLevel: 'error', build: { outDir: folder } })
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>the page beside it</title>')
  upstream = await startChangingUpstream('[{"id":"a","bikes":3}]')
  const loaded = configOf({ server: { port: 0 }, sources: { stations: { url: upstream.url, every: '20ms' } } })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  server = new MillraceServer({ config: loaded.config, pageFolder: folder })
  url = await server.listen()
})

afterAll(async () => {
  await server.close()
  await upstream.close()
  rmSync(folder, { recursive: true })
})

async function load(): Promise<typeof client> {
  return (await import(/* @vite-ignore */ pathToFileURL(join(folder, 'client.js')).href)) as typeof client
}

test('is one file without imports, under 12 kB zipped, and has what the package has', async () => {
  const text = readFileSync(join(folder, 'client.js'), 'utf8')
  expect(text).not.toMatch(/\bimport\b|\brequire\(|\bprocess\./)
  expect(gzipSync(text).byteLength).toBeLessThan(12_288)
  expect(Object.keys(await load()).toSorted()).toEqual(['MillraceError', 'connect'])
})

test('is served as client.js, as a module that is asked for anew', async () => {
  const response = await fetch(`${url}/client.js`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/javascript/)
  expect(response.headers.get('cache-control')).toBe('no-cache')
  expect(await response.text()).toBe(readFileSync(join(folder, 'client.js'), 'utf8'))
})

test("takes the platform's own WebSocket", async () => {
  const { connect } = await load()
  const network = new FakeNetwork()
  const held = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket')
  Object.defineProperty(globalThis, 'WebSocket', { value: network.WebSocket, configurable: true, writable: true })
  try {
    const millrace = connect('http://localhost:8080/live/')
    expect(network.socket.url).toBe('ws://localhost:8080/live/ws')
    network.socket.welcome()
    expect(millrace.state.phase).toBe('open')
    millrace.close()
  } finally {
    if (held === undefined) Reflect.deleteProperty(globalThis, 'WebSocket')
    else Object.defineProperty(globalThis, 'WebSocket', held)
  }
})

test('follows a real server, asks it, and is refused by it', async () => {
  const { connect, MillraceError } = await load()
  const millrace = connect(url, { WebSocket })
  const feed = millrace.feed('stations', { where: 'bikes > 0' })
  const seen: unknown[] = []
  for await (const { type, rows } of feed.changes()) {
    seen.push([type, rows[0]?.['bikes']])
    if (seen.length === 2) break
    upstream.body = '[{"id":"a","bikes":4}]'
  }
  expect(seen).toEqual([
    ['snapshot', 3],
    ['delta', 4],
  ])
  expect(feed.table.feed).toBe('stations?where=bikes%20%3E%200')
  expect((await millrace.get('stations')).ordered()).toEqual([{ id: 'a', bikes: 4 }])
  expect((await millrace.feeds()).map(({ feed: name }) => name)).toEqual(['stations'])
  const refused = millrace.get('station')
  await expect(refused).rejects.toBeInstanceOf(MillraceError)
  await expect(refused).rejects.toMatchObject({ code: 'not_found', retry: false })
  millrace.close()
})
