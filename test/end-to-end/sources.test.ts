import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/load.ts'
import { printProblems } from '../../src/config/problem.ts'
import { MillraceServer } from '../../src/server.ts'
import { RawReader } from '../support/raw-reader.ts'
import { Upstream } from '../support/upstream.ts'

let folder: string
let upstream: Upstream
let server: MillraceServer
let url: string
let events: ServerResponse | undefined

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-sources-'))
  writeFileSync(join(folder, 'readings.csv'), 'id,n\n1,2\n')
  upstream = await Upstream.start((_request, response) => {
    events = response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {"id":"a","n":1}\n\n')
  })
  const text = `
server: {port: 0}
sources:
  readings: {file: readings.csv, every: 1h}
  command: {exec: ["${process.execPath}", -e, "console.log(JSON.stringify([{id: 1, folder: process.cwd()}]))"], every: 1h}
  stream: {url: "${upstream.url}", key: id}
`
  const loaded = parseConfig(text, join(folder, 'millrace.yaml'), { env: {} })
  if (!loaded.ok) throw new Error(printProblems(loaded.problems))
  server = new MillraceServer({ config: loaded.config })
  url = await server.listen()
})

afterAll(async () => {
  await server.close()
  await upstream.close()
  rmSync(folder, { recursive: true })
})

async function snapshotOf(feed: string): Promise<unknown> {
  const { rows } = (await (await fetch(`${url}/feeds/${feed}`)).json()) as { readonly rows: unknown }
  return rows
}

test('what a file, a command and a stream say is served, and what is new is pushed at once', async () => {
  expect(await snapshotOf('command')).toEqual([{ id: 1, folder: expect.stringContaining('millrace-sources-') as string }])
  const reader = await new RawReader(`${url.replace('http', 'ws')}/ws`).open()
  reader.send({ type: 'subscribe', feed: 'readings' })
  expect(await reader.next('snapshot')).toMatchObject({ rows: [{ id: 1, n: 2 }] })
  writeFileSync(join(folder, 'new.csv'), 'id,n\n1,3\n')
  renameSync(join(folder, 'new.csv'), join(folder, 'readings.csv'))
  expect(await reader.next('delta')).toMatchObject({ feed: 'readings', set: { 1: { n: 3 } } })
  reader.send({ type: 'subscribe', feed: 'stream' })
  expect(await reader.next('snapshot')).toMatchObject({ rows: [{ id: 'a', n: 1 }] })
  events?.write('data: {"id":"b","n":2}\n\n')
  expect(await reader.next('delta')).toMatchObject({ feed: 'stream', set: { b: { id: 'b', n: 2 } } })
  reader.socket.close()
})
