import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { runMillrace } from '../support/millrace.ts'

let upstream: ChangingUpstream
let server: MillraceServer
let url: string

beforeEach(async () => {
  upstream = await startChangingUpstream('[{"id":"a","n":1}]')
  const loaded = configOf({
    server: { port: 0 },
    sources: {
      learning: { url: upstream.url, every: { average: '1s' }, demand: 'always' },
      fixed: { url: upstream.url, every: '2s' },
      unread: { url: upstream.url, every: { average: '2s' } },
    },
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  server = new MillraceServer({ config: loaded.config })
  url = await server.listen()
})

afterEach(async () => {
  await server.close()
  await upstream.close()
})

test('of a source that learns: what it knows, when it asks next and why', async () => {
  const { code, stdout, stderr } = await runMillrace(['schedule', 'learning', '--url', url])
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^learning: one request per 1s on average, (fresh|waiting)\n {2}learned {4}no schedule by which it changes\n/)
  expect(stdout).toMatch(/\n {2}polls {6}\d+ changed, \d+ unchanged, 0 failed\n/)
})

test('--plot draws its polls', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-plot-'))
  try {
    const file = join(folder, 'learning.svg')
    expect((await runMillrace(['schedule', 'learning', '--url', url, '--plot', file])).code).toBe(0)
    expect(readFileSync(file, 'utf8')).toMatch(/^<svg .*<circle class="changed"[^]*<\/svg>\n$/s)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('of one on a fixed grid that nobody wants', async () => {
  const { stdout } = await runMillrace(['schedule', 'fixed', '--url', url])
  expect(stdout).toMatch(
    /^fixed: every 2s, waiting\n {2}learned {4}nothing: it is asked on a fixed grid; `every: \{average: \.\.\}` learns\n/,
  )
  expect(stdout).toContain('next       not asked: nobody wants it')
})

test('of one that learns, and has not been asked yet', async () => {
  const { stdout } = await runMillrace(['schedule', 'unread', '--url', url])
  expect(stdout).toMatch(/^unread: one request per 2s on average, waiting\n {2}learned {4}no schedule by which it changes\n/)
  expect(stdout).toContain('  price      1.00: as many requests as the average allows\n')
})

test('as it is now, not as it was when somebody last read it', async () => {
  const clock = new ManualClock()
  const loaded = configOf({ server: { port: 0 }, sources: { things: { url: upstream.url, every: '2s', demand: 'always' } } })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const aged = new MillraceServer({ config: loaded.config, clock, readerClock: systemClock() })
  const agedUrl = await aged.listen()
  const pollsOf = (stdout: string): number => Number(/(\d+) unchanged/.exec(stdout)?.[1])
  // The time of sources passes quickly, as long as it is let.
  const passing = setInterval(() => clock.advance(100), 5)
  try {
    const first = pollsOf((await runMillrace(['schedule', 'things', '--url', agedUrl])).stdout)
    const asked = upstream.requests
    await vi.waitFor(() => expect(upstream.requests).toBeGreaterThan(asked + 10), { timeout: 5000 })
    const { requests } = upstream
    expect(pollsOf((await runMillrace(['schedule', 'things', '--url', agedUrl])).stdout)).toBeGreaterThanOrEqual(
      first + requests - asked - 1,
    )
  } finally {
    clearInterval(passing)
    await aged.close()
  }
})

test('of none such, or a server that is not there', async () => {
  const none = await runMillrace(['schedule', 'other', '--url', url])
  expect([none.code, none.stderr]).toEqual([1, "no source 'other'; there are learning, fixed, unread\n"])
  const gone = await runMillrace(['schedule', 'learning', '--url', 'http://127.0.0.1:9'])
  expect(gone.code).toBe(1)
  expect(gone.stderr).toMatch(/^disconnected, ws:\/\/127\.0\.0\.1:9\/ws/)
})
