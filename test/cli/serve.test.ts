import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { runMillrace, startMillrace } from '../support/millrace.ts'
import type { Program } from '../support/program.ts'
import { RawReader } from '../support/raw-reader.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'

let folder: string
let upstream: ChangingUpstream
const running = new Set<Program>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
  upstream = await startChangingUpstream('[{"id":"a","n":1},{"id":"b","n":2}]')
  writeFileSync(join(folder, 'millrace.yaml'), `server: {drain: 2s}\nsources:\n  things: {url: "${upstream.url}", every: 50ms}\n`)
})

afterEach(async () => {
  await Promise.all([...running].map(program => program.end()))
  running.clear()
})

afterAll(async () => {
  await upstream.close()
  rmSync(folder, { recursive: true })
})

function start(...args: string[]): Program {
  const program = startMillrace(args, { cwd: folder })
  running.add(program)
  return program
}

async function served(program: Program): Promise<string> {
  return (await program.says(/page +(http:\S+)\//))[1] ?? ''
}

async function readerOf(url: string, feed: string): Promise<RawReader> {
  const reader = await new RawReader(`${url.replace('http', 'ws')}/ws?feed=${feed}`).open()
  await reader.next('snapshot')
  return reader
}

function expectPlain(program: Program): void {
  expect(program.stderr + program.stdout).not.toMatch(/\n\s+at /)
  expect(program.stderr + program.stdout).not.toContain('\u001b')
}

describe('run', () => {
  test('says what it serves and where, on stderr alone and without colours when no terminal is there', async () => {
    const program = start('run', 'millrace.yaml', '--port', '0')
    const url = await served(program)
    await program.says(/Try: .*tail things --url http\S+/)
    const [page, feeds, health] = await Promise.all(['/', '/feeds/things', '/health'].map(path => fetch(url + path)))
    expect([page?.status, feeds?.status, health?.status]).toEqual([200, 200, 200])
    await program.says(/source 'things': 2 rows/)
    expect(program.stderr).toContain('source things, every 50ms')
    expect(program.stdout).toBe('')
    expectPlain(program)
  })

  test('a port in use: one sentence with the mend, exit 1, at once', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    for (const args of [['run', 'millrace.yaml'], ['demo'], [upstream.url]]) {
      const { code, stdout, stderr } = await runMillrace([...args, '--port', String(port)], { cwd: folder })
      expect([code, stdout, stderr]).toEqual([
        1,
        '',
        `Port ${port} on 127.0.0.1 is in use: stop what listens there, or choose another with --port or server.port.\n`,
      ])
    }
    taken.close()
  })

  test('a host that is none: one sentence', async () => {
    writeFileSync(join(folder, 'host.yaml'), `server: {host: host.invalid}\nauth: none\nsources:\n  a: {url: "${upstream.url}"}\n`)
    const { code, stderr } = await runMillrace(['run', 'host.yaml'], { cwd: folder })
    expect(code).toBe(1)
    expect(stderr.trim().split('\n').at(-1)).toBe('host.invalid is no name that this machine knows: choose another for server.host.')
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  test('an upstream that is absent: it starts all the same, and says which and why', async () => {
    writeFileSync(join(folder, 'absent.yaml'), 'sources:\n  gone: {url: "http://127.0.0.1:9/x", demand: always, every: 50ms}\n')
    const program = start('run', 'absent.yaml', '--port', '0')
    const url = await served(program)
    await program.says(/gone.*refused/s)
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: 'ok', failing: [{ source: 'gone', cause: 'refused' }] })
    expectPlain(program)
  })
})

describe('the end', () => {
  test.each<NodeJS.Signals>(['SIGTERM', 'SIGINT'])('%s: readers are closed 1012 with a delay, exit 0', async signal => {
    const program = start('run', 'millrace.yaml', '--port', '0')
    const url = await served(program)
    const readers = await Promise.all([readerOf(url, 'things'), readerOf(url, 'things?limit=1')])
    program.kill(signal)
    for (const reader of readers) {
      const { code, reason } = await reader.closed
      expect([code, reason]).toEqual([1012, expect.stringMatching(/^restart retry-after-ms=\d+$/)])
    }
    expect(await program.ended).toBe(0)
    await expect(fetch(`${url}/ready`)).rejects.toThrow('fetch failed')
    expectPlain(program)
  })

  /** A reader that never reads nor answers a close. */
  async function deafReader(url: string): Promise<Socket> {
    const { connect } = await import('node:net')
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(
      'GET /ws?feed=things HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    await once(socket, 'readable')
    return socket
  }

  test('a deaf reader does not keep it: exit 0 within drain', async () => {
    const program = start('run', 'millrace.yaml', '--port', '0')
    const socket = await deafReader(await served(program))
    const began = performance.now()
    program.kill('SIGTERM')
    expect(await program.ended).toBe(0)
    expect(performance.now() - began).toBeLessThan(2500)
    socket.destroy()
  })

  test('a second signal ends it at once with 1', async () => {
    const program = start('run', 'millrace.yaml', '--port', '0')
    const url = await served(program)
    const socket = await deafReader(url)
    const reader = await readerOf(url, 'things')
    program.kill('SIGINT')
    await reader.closed
    program.kill('SIGINT')
    expect(await program.ended).toBe(1)
    socket.destroy()
  })
})

describe('a URL', () => {
  test('is followed with no config: rows and key found by looking, said with the reason', async () => {
    const program = start(`${upstream.url}/v1/Things.json?x=1`, '--port', '0', '--every', '50ms')
    const url = await served(program)
    const reader = await readerOf(url, 'things')
    const [said] = await program.says(/source 'things': .*key id[^"]*/)
    expect(said).toMatch(/2 rows.*key id/)
    reader.socket.terminate()
    expect(program.stderr).toContain('source things, every 50ms')
  })

  test('--key overrides what was found', async () => {
    const program = start(upstream.url, '--port', '0', '--key', 'n')
    const url = await served(program)
    expect(await (await fetch(`${url}/feeds/feed`)).json()).toMatchObject({ key: 'n', rows: [{ n: 1 }, { n: 2 }] })
  })
})

describe('demo', () => {
  test('serves a city, a market and this machine from its own upstream; its first snapshot takes less than 2 s', async () => {
    const program = start('demo', '--port', '0')
    const url = await served(program)
    const first = (await (await fetch(`${url}/feeds/stations`)).json()) as { rows: unknown[] }
    // NaN where the system does not say.
    expect(program.cpuMs).not.toBeGreaterThan(2000)
    expect(first.rows).toHaveLength(400)
    const { feeds } = (await (await fetch(`${url}/feeds`)).json()) as { feeds: { feed: string }[] }
    for (const { feed } of feeds) {
      const response = await fetch(`${url}/feeds/${feed}`)
      expect(`${feed} ${response.status}`).toBe(`${feed} 200`)
      const { rows } = (await response.json()) as { rows: unknown[] }
      // The storm of the demo comes later.
      expect(`${feed} ${rows.length > 0 || feed === 'blackout'}`).toBe(`${feed} true`)
    }
    expect(feeds.map(({ feed }) => feed)).toEqual(expect.arrayContaining(['stations', 'quotes', 'cpu', 'regions', 'movers']))
  })
})
