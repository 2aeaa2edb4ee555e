import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { good } from '../support/config.ts'
import { runMillrace } from '../support/millrace.ts'
import { status, Upstream } from '../support/upstream.ts'

const [reader, admin] = ['token-of-the-reader', 'token-of-the-admin']

let folder: string
let upstream: ChangingUpstream
let receiver: Upstream
let server: MillraceServer
let url: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-mute-'))
  writeFileSync(join(folder, 'admin'), admin)
  writeFileSync(join(folder, 'reader'), reader)
  upstream = await startChangingUpstream('[{"id":"a","n":9},{"id":"b","n":9}]')
  receiver = await Upstream.start(status(204))
  const metrics = { name: 'n', value: 'n' }
  const loaded = configOf({
    server: { port: 0, drain: '1s' },
    auth: {
      tokens: [
        { name: 'reader', token: reader, feeds: ['things', 'low'] },
        { name: 'admin', token: admin, feeds: ['*', '$sinks', '$sources', '$feeds'], admin: true },
      ],
    },
    sources: {
      things: { url: upstream.url, every: '30ms' },
      slow: { url: upstream.url, every: '1h', linger: '1h' },
      broken: { url: upstream.url, every: '30ms', rows: 'not.there', downAfter: '30ms' },
    },
    feeds: {
      low: {
        from: 'things',
        steps: [{ alert: { when: 'n < 5' } }],
        sinks: [{ webhook: { url: receiver.url, groupWait: '20ms' } }],
        export: { metrics },
      },
      secret: { from: 'things', public: false, export: { metrics: { ...metrics, labels: { secret: 'id' } } } },
    },
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  server = new MillraceServer({ config: loaded.config })
  url = await server.listen()
})

afterAll(async () => {
  await server.close()
  await Promise.all([upstream.close(), receiver.close()])
  rmSync(folder, { recursive: true })
})

function ask(path: string, token: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${url}/${path}`, { ...init, headers: { Authorization: `Bearer ${token}` } })
}

describe('feeds/<name>/health', () => {
  test.each([
    ['things', 200, { feed: 'things', state: 'fresh' }],
    ['slow', 200, { feed: 'slow', state: 'fresh' }],
    ['broken', 503, { feed: 'broken', cause: 'decode', reason: expect.stringContaining('not.there') as string }],
    ['nope', 404, { code: 'not_found' }],
    ['secret', 404, { code: 'not_found' }],
  ])('%s: %d', async (name, code, body) => {
    const response = await ask(`feeds/${name}/health`, admin)
    expect([response.status, response.headers.get('cache-control')]).toEqual([code, 'no-store'])
    expect(await response.json()).toMatchObject(body)
  })

  test('a feed outside of the grants is not found', async () => {
    expect((await ask('feeds/slow/health', reader)).status).toBe(404)
    expect((await fetch(`${url}/feeds/slow/health`)).status).toBe(401)
  })
})

test('metrics/feeds: those that the token opens', async () => {
  const scrape = async (token: string): Promise<string> => {
    const response = await ask('metrics/feeds', token)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
    return response.text()
  }
  await expect.poll(() => scrape(admin)).toBe('# HELP n From low, secret.\n# TYPE n gauge\nn{secret="a"} 9\nn{secret="b"} 9\n')
  expect(await scrape(reader)).toBe('')
  expect((await fetch(`${url}/metrics/feeds`)).status).toBe(401)
})

test('a feed is muted by its name, by an admin, over HTTP and by the command line; who is told shows in $sinks and the metrics', async () => {
  const cli = (token: string, ...args: string[]) =>
    runMillrace(['mute', 'low', '--url', url, '--token-file', token, ...args], { cwd: folder })
  const until = '2100-01-31T08:00:00.000Z'
  const muted = await cli('admin', '--until', until)
  expect(muted).toEqual({ code: 0, stdout: `'low' is muted until ${until}\n`, stderr: '' })
  upstream.body = '[{"id":"a","n":1},{"id":"b","n":9}]'
  await expect.poll(async () => ((await (await ask('feeds/low', admin)).json()) as { rows: unknown[] }).rows.length).toBe(1)
  const sinks = async (): Promise<unknown> => ((await (await ask('feeds/$sinks', admin)).json()) as { rows: unknown[] }).rows
  const [host, feed] = [new URL(receiver.url).host, { feed: 'low', kind: 'webhook' }]
  await expect.poll(sinks).toMatchObject([{ sink: `low webhook ${host}`, ...feed, mutedUntil: Date.parse(until) }])
  expect(receiver.count).toBe(0)
  expect(await cli('admin', '--off')).toEqual({ code: 0, stdout: "'low' is no longer muted\n", stderr: '' })
  const idle = await cli('admin', '--off')
  expect(idle).toEqual({ code: 0, stdout: "'low' was not muted: there was nothing to end\n", stderr: '' })
  const past = await cli('admin', '--until', '2020-01-31T08:00:00Z')
  const mend = "2020-01-31T08:00:00Z is no time to come by the server's clock: say a later one, or end the mute by --off\n"
  expect(past).toEqual({ code: 1, stdout: '', stderr: mend })
  await expect.poll(() => receiver.count).toBe(1)
  expect(JSON.parse(receiver.last?.body ?? '')).toMatchObject({ title: 'low: 1 firing', rows: [{ key: 'a', change: 'firing' }] })
  await expect.poll(sinks, { timeout: 5000 }).toMatchObject([{ delivered: 1, failed: 0, waiting: 0 }])

  const refused = await cli('reader', '--for', '1h')
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('`admin: true`') as string })
  expect((await cli('admin')).code).toBe(2)
  expect((await cli('admin', '--for', 'ever')).code).toBe(2)
  for (const body of ['', '{', '[]', '{"for":"-1h"}', '{"for":3600}', '{"until":1}', '{"until":"soon"}'])
    expect((await ask('feeds/low/mute', admin, { method: 'POST', body })).status).toBe(400)
  expect((await ask('feeds/low/mute', admin, { method: 'POST', body: ' '.repeat(5000) })).status).toBe(413)
  expect((await ask('feeds/nope/mute', admin, { method: 'POST', body: '{"for":"1h"}' })).status).toBe(404)
  expect((await ask('feeds/low/mute', reader, { method: 'DELETE' })).status).toBe(404)
  expect((await ask('feeds/low/mute', admin)).status).toBe(404)
  const { mutedUntil } = (await (await ask('feeds/low/mute', admin, { method: 'POST', body: '{"for":"1h"}' })).json()) as {
    mutedUntil: number
  }
  expect(mutedUntil - Date.now()).toBeGreaterThan(3_590_000)
  const text = await (await ask('metrics', admin)).text()
  expect(text).toContain(`millrace_sink_messages_total{kind="webhook",target="${host}",outcome="delivered"} 1`)
})

test('each config in docs/alerts.md is good', () => {
  const text = readFileSync(new URL('../../docs/alerts.md', import.meta.url), 'utf8')
  const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => block)
  expect(blocks.map(block => good(block).feeds.some(({ sinks }) => sinks.length > 0))).toEqual([true, true])
})
