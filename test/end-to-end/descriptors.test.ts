import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { expect, test, vi } from 'vitest'
import { ServerProcess } from '../convergence/server-process.ts'
import { RawReader } from '../support/raw-reader.ts'
import { startChangingUpstream } from '../support/changing-upstream.ts'

test('out of descriptors: refuse new, keep old; afterwards all are let in again', async () => {
  const upstream = await startChangingUpstream('[{"id":"a","n":1}]')
  const server = await ServerProcess.start({ sources: { rows: { url: upstream.url, every: '50ms', key: 'id' } } })
  const reader = await new RawReader(`${server.url.replace('http', 'ws')}/ws?feed=rows`).open()
  try {
    await reader.next('snapshot')
    const held = readdirSync(`/proc/${server.pid ?? 0}/fd`).length
    execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${held + 10}`])
    const { hostname, port } = new URL(server.url)
    let refused = 0
    const guests = Array.from({ length: 100 }, () => {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => undefined)
      socket.on('close', () => refused++)
      return socket
    })
    await vi.waitUntil(() => refused >= 80, { timeout: 5000 })
    upstream.body = '[{"id":"a","n":2}]'
    expect(await reader.next('delta')).toMatchObject({ set: { a: { n: 2 } } })
    for (const guest of guests) guest.destroy()
    await vi.waitUntil(async () => (await fetch(`${server.url}/ready`).catch(() => undefined))?.ok === true, { timeout: 5000 })
    upstream.body = '[{"id":"a","n":3}]'
    expect(await reader.next('delta')).toMatchObject({ set: { a: { n: 3 } } })
  } finally {
    reader.socket.terminate()
    await server.close()
    await upstream.close()
  }
}, 20_000)
