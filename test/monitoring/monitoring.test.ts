import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { freePort } from '../support/free-port.ts'
import type { Program } from '../support/program.ts'
import { Prometheus, startServer } from '../support/prometheus.ts'
import { status, Upstream } from '../support/upstream.ts'

/**
 * Against the real Prometheus and Alertmanager, whose programs have to be there (Debian: prometheus, prometheus-alertmanager).
 * `MILLRACE_MONITORING=1 npx vitest run test/monitoring`
 */
const isWanted = process.env['MILLRACE_MONITORING'] !== undefined

const count = 500
const rowsOf = (n: (i: number) => number): string =>
  JSON.stringify(Array.from({ length: count }, (_, i) => ({ id: `r${i}`, n: n(i), odd: `"\\${i}é` })))

interface Notification {
  readonly status: string
  readonly alerts: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[]
}

describe.skipIf(!isWanted)('the real Prometheus and Alertmanager', () => {
  let folder: string
  let upstream: ChangingUpstream
  let hook: Upstream
  let paged: Upstream
  let server: MillraceServer
  let url: string
  let alertmanager: Program
  let prometheus: Prometheus

  const notifications = (): Notification[] => paged.requests.map(({ body }) => JSON.parse(body) as Notification)
  const wait = { timeout: 20_000, interval: 100 }

  async function startAlertmanager(port: number): Promise<void> {
    const route = { receiver: 'page', group_by: ['alertname'], group_wait: '1s', group_interval: '1s', repeat_interval: '1h' }
    const receivers = [{ name: 'page', webhook_configs: [{ url: paged.url, send_resolved: true }] }]
    writeFileSync(join(folder, 'alertmanager.yml'), JSON.stringify({ route, receivers }))
    const flags = [
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      '--config.file=alertmanager.yml',
      '--storage.path=am',
    ]
    alertmanager = await startServer('prometheus-alertmanager', flags, folder, `http://127.0.0.1:${port}/-/ready`)
  }

  /** The value of each row, as Prometheus has it now. */
  async function queried(): Promise<Map<string, number>> {
    return new Map((await prometheus.query('bikes')).map(({ labels, value }) => [`${labels['id']} ${labels['odd']}`, value]))
  }

  const truth = (n: (i: number) => number): Map<string, number> =>
    new Map(Array.from({ length: count }, (_, i) => [`r${i} "\\${i}é`, n(i)] as const))

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-monitoring-'))
    upstream = await startChangingUpstream(rowsOf(() => 1))
    ;[hook, paged] = await Promise.all([Upstream.start(status(204)), Upstream.start(status(200))])
    const managerPort = await freePort()
    await startAlertmanager(managerPort)
    const sinks = [{ alertmanager: { url: `http://127.0.0.1:${managerPort}` } }, { webhook: { url: hook.url, groupWait: '500ms' } }]
    const alert = (when: string): object => ({ from: 'things', steps: [{ alert: { when, severity: 'page' } }], sinks })
    const loaded = configOf({
      server: { port: 0, drain: '1s' },
      sources: { things: { url: upstream.url, every: '200ms', staleAfter: '1s', downAfter: '2s', maxBackoff: '500ms' } },
      feeds: {
        low: alert('n < 5'),
        lower: alert('n < 0'),
        numbers: { from: 'things', export: { metrics: { name: 'bikes', value: 'n', labels: { id: 'id', odd: 'odd' } } } },
      },
    })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    server = new MillraceServer({ config: loaded.config })
    url = await server.listen()
    prometheus = await Prometheus.start(folder, [{ name: 'millrace', url: `${url}/metrics/feeds` }])
  })

  afterAll(async () => {
    await Promise.all([prometheus.end(), alertmanager.end()])
    await server.close()
    await Promise.all([upstream.close(), hook.close(), paged.close()])
    rmSync(folder, { recursive: true })
  })

  test('500 rows that fire are one group to the Alertmanager, and one message to a webhook', async () => {
    await vi.waitUntil(() => paged.count > 0 && hook.count > 0, wait)
    expect(notifications().map(({ status: state, alerts }) => [state, alerts.length])).toEqual([['firing', count]])
    expect(new Set(notifications()[0]?.alerts.map(({ labels }) => labels['key'])).size).toBe(count)
    expect(hook.requests.map(({ body }) => (JSON.parse(body) as { title: string }).title)).toEqual([`low: ${count} firing`])
  })

  test('what Prometheus scrapes equals the rows, and is well-formed to promtool', async () => {
    // All of them fire, as before.
    for (const n of [(i: number) => i / 3e3, (i: number) => i * 1e-21, () => 1]) {
      upstream.body = rowsOf(n)
      await expect.poll(queried, wait).toEqual(truth(n))
    }
    const text = await (await fetch(`${url}/metrics/feeds`)).text()
    const { status: code, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text })
    expect([code, String(stderr)]).toEqual([0, ''])
  })

  test('an upstream that is killed: its numbers are gone within one scrape of being stale, and one message says that it is down', async () => {
    const [told, pagedBefore] = [hook.count, paged.count]
    await upstream.close()
    await vi.waitUntil(() => server.graph.feed('numbers')?.freshness.state === 'stale', { timeout: 5000, interval: 10 })
    const since = performance.now()
    await vi.waitUntil(async () => (await queried()).size === 0, { timeout: 5000, interval: 20 })
    expect(performance.now() - since).toBeLessThan(1500)
    await vi.waitUntil(() => hook.count > told && paged.count > pagedBefore, wait)
    await new Promise(resolve => void setTimeout(resolve, 3000))
    const messages = hook.requests.slice(told).map(({ body }) => JSON.parse(body) as { status: string; feed: string; feeds: string[] })
    expect(messages).toMatchObject([{ status: 'down', feed: 'things', feeds: ['low', 'lower'] }])
    const outages = notifications().slice(pagedBefore)
    expect(outages.map(({ alerts }) => alerts.map(({ labels }) => labels))).toEqual([[{ alertname: 'MillraceDown', feed: 'things' }]])
  })
})
