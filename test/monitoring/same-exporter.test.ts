import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { MillraceServer } from '../../src/server.ts'
import { Prometheus } from '../support/prometheus.ts'
import { Upstream } from '../support/upstream.ts'

/**
 * The real Prometheus (Debian: prometheus) and Millrace ask one exporter over the same minutes, each once a second, and Prometheus
 * scrapes what Millrace makes of it; what both come to is compared value by value.
 * `MILLRACE_MONITORING=1 npx vitest run test/monitoring`; a larger number is how many rounds, of two seconds each.
 */
const wanted = process.env['MILLRACE_MONITORING']
const rounds = Math.max(12, Number(wanted ?? 0))
const roundsMs = rounds * 10_000

const hosts = 50
const regions = ['north', 'south', 'east', 'west']
/** How far a rate looks back, in s, and how far scrapes lie apart. */
const [overS, everyS] = [10, 1]

/** An exporter: gauges that all change with each round, some of which come and go, and counters that rise evenly, some of which reset. */
class Exporter {
  round = 0
  readonly #random = seededRandom(7)
  readonly #startedMs = performance.now()
  readonly #resetMs = new Map<number, number>()
  #loads: readonly (number | undefined)[] = []

  /** Each second host loses its counter now and then. */
  static resets(host: number): boolean {
    return host % 2 === 1
  }

  static perSecond(host: number): number {
    return 10 + host
  }

  next(): void {
    this.round++
    this.#loads = Array.from({ length: hosts }, (_, host) => {
      const load = Math.round(this.#random() * 1e6) / 1e3
      return host % 10 === 3 && this.#random() < 0.5 ? undefined : load
    })
    if (this.round % 6 !== 0) return
    for (let host = 0; host < hosts; host++) if (Exporter.resets(host)) this.#resetMs.set(host, performance.now())
  }

  text(): string {
    const label = (host: number): string => `{host="h${host}",region="${regions[host % regions.length] ?? ''}"}`
    const loads = this.#loads.flatMap((load, host) => (load === undefined ? [] : [`load${label(host)} ${load}`]))
    const now = performance.now()
    const counters = Array.from({ length: hosts }, (_, host) => {
      const value = (Exporter.perSecond(host) * (now - (this.#resetMs.get(host) ?? this.#startedMs))) / 1000
      return `requests_total${label(host)} ${value}`
    })
    const lines = ['# TYPE load gauge', ...loads, '# TYPE requests_total counter', ...counters, '# TYPE round gauge', `round ${this.round}`]
    return `${lines.join('\n')}\n`
  }
}

describe.skipIf(wanted === undefined)('one exporter, asked by the real Prometheus and by Millrace', () => {
  const exporter = new Exporter()
  const wait = { timeout: 10_000, interval: 20 }
  let folder: string
  let upstream: Upstream
  let server: MillraceServer
  let prometheus: Prometheus

  /** A column of a feed, by its key or another column. */
  function column(feed: string, name: string, by?: string): Map<string, number> {
    const rows = [...(server.graph.feed(feed)?.store.rows() ?? [])]
    return new Map(rows.map(([key, row]) => [by === undefined ? key : JSON.stringify(row[by]).slice(1, -1), Number(row[name])]))
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-exporter-'))
    upstream = await Upstream.start((_request, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4').end(exporter.text())
    })
    const loads = { where: "metric == 'load'" }
    const columns = {
      sum: 'sum(value)',
      most: 'max(value)',
      least: 'min(value)',
      avg: 'avg(value)',
      count: 'count()',
      p90: 'quantile(value, 0.9)',
      deviation: 'stddev(value)',
    }
    const rates = {
      from: 'exporter',
      steps: [{ where: "metric == 'requests_total'" }, { rate: { over: `${overS}s`, columns: { rate: 'value' } } }],
    }
    const loaded = configOf({
      server: { port: 0, drain: '1s' },
      sources: { exporter: { url: upstream.url, every: `${everyS}s`, staleAfter: '3s', demand: 'always', key: 'series' } },
      feeds: {
        round: {
          from: 'exporter',
          steps: [{ where: "metric == 'round'" }],
          export: { metrics: { name: 'millrace_round', value: 'value' } },
        },
        by_region: {
          from: 'exporter',
          steps: [loads, { group: { by: 'region', columns } }],
          export: { metrics: { name: 'region_load', value: 'sum', labels: { region: 'region' } } },
        },
        highest: { from: 'exporter', steps: [loads, { top: { by: '-value', limit: 5 } }] },
        rates: { demand: 'always', ...rates },
        total_rate: { from: 'rates', steps: [{ group: { columns: { rate: 'sum(rate)' } } }], demand: 'always' },
      },
    })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    server = new MillraceServer({ config: loaded.config })
    const url = await server.listen()
    prometheus = await Prometheus.start(folder, [
      { name: 'exporter', url: `${upstream.url}metrics` },
      { name: 'millrace', url: `${url}/metrics/feeds` },
    ])
  })

  afterAll(async () => {
    await prometheus.end()
    await server.close()
    await upstream.close()
    rmSync(folder, { recursive: true })
  })

  const scraped = async (name: string): Promise<number | undefined> => (await prometheus.valuesBy('', name)).get('')

  /** The next round, once both know of it, and what Millrace makes of it was scraped. */
  async function next(): Promise<void> {
    exporter.next()
    await vi.waitUntil(() => column('round', 'value').get('round') === exporter.round, wait)
    for (const name of ['round', 'millrace_round']) await vi.waitUntil(async () => (await scraped(name)) === exporter.round, wait)
  }

  const compared: readonly (readonly [column: string, expression: string])[] = [
    ['sum', 'sum by (region) (load)'],
    ['most', 'max by (region) (load)'],
    ['least', 'min by (region) (load)'],
    ['avg', 'avg by (region) (load)'],
    ['count', 'count by (region) (load)'],
    ['p90', 'quantile by (region) (0.9, load)'],
    ['deviation', 'stddev by (region) (load)'],
  ]

  /** How far values of tables were apart, as parts of them. */
  let farthest = 0

  function expectEqual(actual: ReadonlyMap<string, number>, expected: ReadonlyMap<string, number>): void {
    expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort())
    const apart = [...expected].map(([key, value]) => Math.abs((actual.get(key) ?? Number.NaN) - value) / Math.max(1e-9, Math.abs(value)))
    farthest = Math.max(farthest, ...apart)
    expect(farthest).toBeLessThan(1e-12)
  }

  async function compareTables(): Promise<void> {
    for (const [name, expression] of compared) expectEqual(column('by_region', name), await prometheus.valuesBy('region', expression))
    expectEqual(column('highest', 'value', 'host'), await prometheus.valuesBy('host', 'topk(5, load)'))
    expectEqual(await prometheus.valuesBy('region', 'region_load'), column('by_region', 'sum'))
  }

  /** The rate of each counter as a part of the true one: as Millrace has it, and as Prometheus does. */
  async function rates(): Promise<readonly { readonly resets: boolean; readonly own: number; readonly theirs: number }[]> {
    const theirs = await prometheus.valuesBy('host', `rate(requests_total[${overS}s])`)
    const own = column('rates', 'rate', 'host')
    return Array.from({ length: hosts }, (_, host) => {
      const part = (of: ReadonlyMap<string, number>): number => (of.get(`h${host}`) ?? Number.NaN) / Exporter.perSecond(host)
      return { resets: Exporter.resets(host), own: part(own), theirs: part(theirs) }
    })
  }

  test(
    'sums, extremes, quantiles and the highest are the same, value by value; what is scraped is what is shown',
    async ({ annotate }) => {
      for (let i = 0; i < rounds; i++) {
        await next()
        await compareTables()
      }
      await annotate(`${rounds} rounds, values apart by at most ${farthest}`)
    },
    roundsMs,
  )

  test(
    'rates are the same within the difference of method, with resets too',
    async ({ annotate }) => {
      const apart: number[] = []
      const lost: { own: number; theirs: number }[] = []
      for (let i = 0; i < rounds; i++) {
        await next()
        const parts = await rates()
        apart.push(...parts.filter(({ resets }) => !resets).map(({ own, theirs }) => Math.abs(own - theirs)))
        lost.push(...parts.filter(({ resets }) => resets).map(({ own, theirs }) => ({ own: 1 - own, theirs: 1 - theirs })))
        const sum = [...column('rates', 'rate').values()].reduce((a, b) => a + b, 0)
        expect(column('total_rate', 'rate').get('')).toBeCloseTo(sum, 6)
      }
      const median = (of: readonly number[]): number => [...of].sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? Number.NaN
      // When a sample was taken is known to either no better than how long it takes to ask: that tells where the machine is busy.
      expect(median(apart)).toBeLessThan(0.02)
      expect(Math.max(...apart)).toBeLessThan(0.2)
      // What was counted after the last look before a reset nobody saw: a part of an interval in a window.
      const mostLost = everyS / overS
      for (const of of ['own', 'theirs'] as const) {
        expect(median(lost.map(one => one[of]))).toBeLessThan(mostLost)
        expect(Math.max(...lost.map(one => one[of]))).toBeLessThan(mostLost + 0.2)
      }
      const said = (values: readonly number[]): string => `${median(values).toFixed(4)} (at most ${Math.max(...values).toFixed(4)})`
      const lostBy = (['own', 'theirs'] as const).map(of => said(lost.map(one => one[of])))
      await annotate(`steady rates apart by ${said(apart)}; of those with resets ${lostBy.join(' and by Prometheus ')} is not seen`)
    },
    roundsMs,
  )

  test('what the exporter leaves out is gone for both; once it has ended both have no value', async () => {
    await next()
    const shown = async (): Promise<[number, number]> => [
      (await prometheus.query('load')).length,
      [...(server.graph.feed('exporter')?.store.rows() ?? [])].filter(([, row]) => row['metric'] === 'load').length,
    ]
    const [theirs, own] = await shown()
    expect(own).toBe(theirs)
    await upstream.close()
    await vi.waitUntil(async () => (await shown())[0] === 0, wait)
    await vi.waitUntil(() => server.graph.feed('by_region')?.freshness.state === 'stale', wait)
    // The last good rows are still shown, as what they are; they are no numbers of now.
    expect((await shown())[1]).toBe(own)
    await vi.waitUntil(async () => (await prometheus.query('region_load')).length === 0, { timeout: 1500, interval: 20 })
  })
})
