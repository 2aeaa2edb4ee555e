import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { connect } from '../../src/client-node.ts'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { runMillrace } from '../support/millrace.ts'

let upstream: ChangingUpstream
let server: MillraceServer
let url: string

beforeAll(async () => {
  upstream = await startChangingUpstream(JSON.stringify(['a', 'b', 'c'].map((id, i) => ({ id, region: i < 2 ? 'north' : 'south', n: i }))))
  const loaded = configOf({
    server: { port: 0, drain: '1s' },
    sources: {
      unread: { url: upstream.url, every: '1h' },
      stations: { url: `${upstream.url}?api_key=hunter2`, every: '50ms', demand: 'always' },
    },
    feeds: {
      regions: { from: 'stations', steps: [{ group: { by: 'region', columns: { n: 'sum(n)' } } }] },
      low: { from: 'regions', steps: [{ alert: { when: 'n < 9' } }] },
    },
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  server = new MillraceServer({ config: loaded.config })
  url = await server.listen()
  await vi.waitUntil(() => server.graph.feed('low')?.store.count === 2)
})

afterAll(async () => {
  await server.close()
  await upstream.close()
})

test('why: from an alert down to the rows of the source, and its last poll, without secrets', async () => {
  const { code, stdout, stderr } = await runMillrace(['why', 'low', 'north', '--url', url])
  expect([code, stderr]).toEqual([0, ''])
  const [poll, ...lines] = stdout.trim().split('\n').reverse()
  expect(lines.reverse()).toEqual(['low north', '  from regions north', '    from stations a, b'])
  expect(poll).toMatch(/^stations: http:\/\/127\.0\.0\.1:\d+, last asked \d{4}-.*Z, (un)?changed \(status \d+, [\d.]+ ms, \d+ bytes\)$/)
  expect(stdout).not.toContain('hunter2')
})

test('a row or feed that is not there, and no server', async () => {
  const none = await runMillrace(['why', 'low', 'nope', '--url', url])
  expect([none.code, none.stdout, none.stderr]).toEqual([1, '', "feed 'low' has no row 'nope'\n"])
  const unread = await runMillrace(['why', 'unread', 'a', '--url', url])
  expect([unread.code, unread.stderr]).toEqual([1, "feed 'unread' has no data yet: somebody has to read it\n"])
  const other = await runMillrace(['why', 'lo', 'nope', '--url', url])
  expect([other.code, other.stderr]).toEqual([1, "no feed 'lo'; did you mean 'low'?\n"])
  const painted = await runMillrace(['why', 'low', '\u001b[2J\u202e', '--url', url])
  expect([painted.code, painted.stderr]).toEqual([1, "feed 'low' has no row '\ufffd[2J\ufffd'\n"])
  const gone = await runMillrace(['why', 'low', 'north', '--url', 'http://127.0.0.1:9'])
  expect(gone.code).toBe(1)
  expect(gone.stderr).toMatch(/^disconnected, ws:\/\/127\.0\.0\.1:9\/ws/)
})

test('the SDK asks the same', async () => {
  const millrace = connect(url)
  expect(await millrace.explain('regions', 'south')).toMatchObject({
    feed: 'regions',
    key: 'south',
    inputs: [{ feed: 'stations', keys: ['c'] }],
    windows: [],
    polls: [{ source: 'stations', origin: upstream.url.replace(/\/$/, '') }],
  })
  await expect(millrace.explain('regions', 'west')).rejects.toMatchObject({ code: 'not_found' })
  millrace.close()
})
