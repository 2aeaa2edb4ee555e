import { setTimeout as pause } from 'node:timers/promises'
import type { CDPSession, Page } from 'playwright-core'
import { launchBrowser } from '../test/support/browser.ts'
import { Upstream } from '../test/support/upstream.ts'
import { head, row, type Bench } from './harness/bench.ts'
import { Worker } from './harness/worker.ts'

const kinds = ['table', 'chart', 'figure', 'heartbeat', 'map'] as const
const tiles = 20
/** Script of a page that is shown and of one that is hidden is measured for so long. */
const comparedMs = 120_000

const nameOf = (i: number): string => `feed${i}`

/** Rows with a place, of which three change with each answer. */
function moving(count: number): () => readonly object[] {
  const rows = Array.from({ length: count }, (_, i) => ({ id: i, name: `row ${i}`, lat: 52 + i / 50, lon: 13 + i / 30, a: i, b: i * 1.5 }))
  let at = 0
  return () => {
    for (let i = 0; i < 3; i++, at = (at + 1) % count) {
      const one = rows[at]
      if (one !== undefined) rows[at] = { ...one, a: one.a + 1, b: one.b + 0.5 }
    }
    return rows
  }
}

function configOf(upstream: Upstream): object {
  const names = Array.from({ length: tiles }, (_, i) => nameOf(i))
  const tile = (name: string, i: number): object => ({ show: kinds[i % kinds.length], feed: name, width: 1, height: 1 })
  return {
    limits: { maxLoopDelay: 'off' },
    sources: Object.fromEntries(names.map(name => [name, { url: upstream.url + name, every: '1s', key: 'id' }])),
    boards: { wall: { title: 'Wall', tiles: names.map(tile) } },
  }
}

/** What the page holds once garbage is collected. */
interface Held {
  readonly heapMB: number
  readonly nodes: number
  readonly listeners: number
  readonly documents: number
}

async function heldBy(client: CDPSession): Promise<Held> {
  // Twice: what the first one lets go of may hold something in turn.
  await client.send('HeapProfiler.collectGarbage')
  await client.send('HeapProfiler.collectGarbage')
  const { usedSize } = await client.send('Runtime.getHeapUsage')
  const { nodes, jsEventListeners, documents } = await client.send('Memory.getDOMCounters')
  return { heapMB: usedSize / 1e6, nodes, listeners: jsEventListeners, documents }
}

/** Of the main thread, in ms since the page began. */
async function spent(client: CDPSession): Promise<{ readonly script: number; readonly all: number }> {
  const { metrics } = await client.send('Performance.getMetrics')
  const value = (name: string): number => (metrics.find(metric => metric.name === name)?.value ?? 0) * 1000
  return { script: value('ScriptDuration'), all: value('TaskDuration') }
}

async function perSecond(client: CDPSession, ms: number): Promise<string> {
  const before = await spent(client)
  await pause(ms)
  const after = await spent(client)
  const each = (a: number, b: number): string => ((b - a) / (ms / 1000)).toFixed(2)
  return `${each(before.script, after.script)} ms of script, ${each(before.all, after.all)} ms in all a second`
}

/** What a browser says of a tab that nobody sees; the timers of a real one are slowed as well. */
async function hide(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(`
    isHidden = ${hidden}
    document.dispatchEvent(new Event('visibilitychange'))
  `)
}

/** Least squares: by how much a minute adds, in the unit of `values`. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  let over = 0
  let under = 0
  values.forEach((value, i) => {
    over += (i - middle) * (value - mean)
    under += (i - middle) ** 2
  })
  return over / under
}

/** Arguments: `[minutes]`. */
export const pageHour: Bench = {
  title: 'The page for an hour',
  about:
    'a board of 20 tiles that change once a second stays open: what the page holds without garbage, minute by minute, and what it costs once hidden.',
  async run([minutes = '60'], say) {
    const answers = new Map(Array.from({ length: tiles }, (_, i) => [`/${nameOf(i)}`, moving(8)]))
    const upstream = await Upstream.start((request, response) => {
      const rows = answers.get(request.url ?? '')?.() ?? []
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(rows))
    })
    const server = new Worker('millrace-server.ts')
    const browser = await launchBrowser()
    try {
      const url = await server.ask<string>('listen', configOf(upstream))
      const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } })
      await page.addInitScript(`
        isHidden = false
        Object.defineProperty(document, 'hidden', { get: () => isHidden })
      `)
      const faults: string[] = []
      page.on('pageerror', error => faults.push(String(error)))
      await page.goto(`${url}/#/board/wall`)
      await page.locator('millrace-chart canvas').last().waitFor({ timeout: 60_000 })
      const client = await page.context().newCDPSession(page)
      await client.send('Performance.enable')
      const history: Held[] = []
      const servers: number[] = []
      say(head('minute', 'heap, MB', 'nodes', 'listeners', 'documents', 'server: heap, MB', 'resident, MB'))
      for (let minute = 1; minute <= Number(minutes); minute++) {
        await pause(60_000)
        const held = await heldBy(client)
        history.push(held)
        const { heap, rss } = await server.ask<{ readonly heap: number; readonly rss: number }>('memory')
        servers.push(heap / 1e6)
        say(
          row(minute, held.heapMB.toFixed(2), held.nodes, held.listeners, held.documents, (heap / 1e6).toFixed(2), (rss / 1e6).toFixed(0)),
        )
      }
      // Trails hold the last five minutes: until then what is held may grow.
      const settled = history.slice(6)
      if (settled.length > 2)
        say(
          `Per hour, from the seventh minute: ${(slopeOf(settled.map(({ heapMB }) => heapMB)) * 60).toFixed(3)} MB of heap, ` +
            `${(slopeOf(settled.map(({ nodes }) => nodes)) * 60).toFixed(1)} nodes, ` +
            `${(slopeOf(settled.map(({ listeners }) => listeners)) * 60).toFixed(1)} listeners, ` +
            `${(slopeOf(servers.slice(6)) * 60).toFixed(3)} MB of the server's heap.`,
        )
      const comparing = Math.min(comparedMs, Number(minutes) * 60_000)
      say(`Shown: ${await perSecond(client, comparing)}`)
      await hide(page, true)
      await pause(2000)
      say(`Hidden: ${await perSecond(client, comparing)}`)
      await hide(page, false)
      await page.waitForTimeout(2000)
      say(
        `Shown again: ${await page.locator('.frame.state-fresh').count()} of ${tiles} tiles are fresh; faults on the page: ${faults.length}`,
      )
      for (const fault of faults) say(fault)
    } finally {
      await browser.close()
      server.end()
      await upstream.close()
    }
  },
}
