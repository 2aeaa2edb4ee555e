import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { Browser, CDPSession, Page } from 'playwright-core'
import type * as Package from '../src/index.ts'
import { launchBrowser } from '../test/support/browser.ts'
import { Upstream } from '../test/support/upstream.ts'
import { head, row, type Bench } from './harness/bench.ts'

const built = new URL('../dist/index.js', import.meta.url).href
const { configOf, MillraceServer } = (await import(built)) as typeof Package
const assets = new URL('../dist/public/assets/', import.meta.url)
const pageFolder = new URL('../dist/public', import.meta.url).pathname

/** Rows of which, with each answer, the next `changing` are other than before. */
function turning(count: number, changing: number): () => readonly object[] {
  const rows = Array.from({ length: count }, (_, i) => ({ id: i, name: `row ${i}`, a: i, b: i * 1.5, c: 7, d: 'steady', e: true, time: 0 }))
  let at = 0
  return () => {
    for (let i = 0; i < changing; i++, at = (at + 1) % count) {
      const one = rows[at]
      if (one !== undefined) rows[at] = { ...one, a: one.a + 1, b: one.b + 0.5, c: one.c + 1 }
    }
    return rows
  }
}

interface Site {
  readonly url: string
  close(): Promise<void>
}

/** A server over sources that answer once a second. */
async function serve(sources: Readonly<Record<string, () => readonly object[]>>): Promise<Site> {
  const upstream = await Upstream.start((request, response) => {
    const answer = sources[(request.url ?? '/').slice(1)] ?? (() => [])
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer()))
  })
  const loaded = configOf({
    server: { port: 0 },
    limits: { maxLoopDelay: 'off' },
    sources: Object.fromEntries(Object.keys(sources).map(name => [name, { url: upstream.url + name, every: '1s', key: 'id' }])),
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const server = new MillraceServer({ config: loaded.config, pageFolder })
  const url = await server.listen()
  return {
    url: `${url}/`,
    close: async () => {
      await server.close()
      await upstream.close()
    },
  }
}

interface Cost {
  /** Of scripts, in ms. */
  readonly script: number
  readonly heapMB: number
}

async function costOf(client: CDPSession): Promise<Cost> {
  const { metrics } = await client.send('Performance.getMetrics')
  const value = (name: string): number => metrics.find(metric => metric.name === name)?.value ?? 0
  return { script: value('ScriptDuration') * 1000, heapMB: value('JSHeapUsedSize') / 1e6 }
}

/** Script of the page for each second, once it stands, in ms. */
async function watch(page: Page, seconds: number): Promise<{ readonly perSecond: number; readonly heapMB: number }> {
  const client = await page.context().newCDPSession(page)
  await client.send('Performance.enable')
  await page.waitForTimeout(3000)
  const before = await costOf(client)
  await page.waitForTimeout(seconds * 1000)
  const after = await costOf(client)
  return { perSecond: (after.script - before.script) / seconds, heapMB: after.heapMB }
}

async function open(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  await page.goto(url)
  return page
}

/** From the navigation to the first value that is drawn, in ms; the median of five. */
async function firstValue(browser: Browser, url: string): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    await page.addInitScript(`{
      const look = () => {
        if (document.querySelector('feed-card .value')?.textContent) window.firstValueAt = performance.now()
        else requestAnimationFrame(look)
      }
      look()
    }`)
    await page.goto(url)
    await page.locator('feed-card .value').first().waitFor({ timeout: 30_000 })
    await page.waitForTimeout(100)
    times.push(Number(await page.evaluate('firstValueAt')))
    await page.close()
  }
  return times.toSorted((a, b) => a - b)[2] ?? 0
}

function scripts(): string {
  const sizes = readdirSync(assets)
    .filter(file => file.endsWith('.js'))
    .map(file => ({ file, kB: gzipSync(readFileSync(new URL(file, assets))).length / 1000 }))
  const sum = (of: typeof sizes): string => of.reduce((total, { kB }) => total + kB, 0).toFixed(1)
  return `${sum(sizes.filter(({ file }) => file.startsWith('index')))}; all that is fetched when it is wanted, too: ${sum(sizes)}`
}

async function measured(site: Site, measure: () => Promise<string>): Promise<string> {
  try {
    return await measure()
  } finally {
    await site.close()
  }
}

async function ofFeed(browser: Browser, seconds: number, rows: number, changing: number, all = false): Promise<string> {
  const site = await serve({ table: turning(rows, changing) })
  return measured(site, async () => {
    const page = await open(browser, `${site.url}#/feed/table`)
    await page.locator('feed-table td').first().waitFor({ timeout: 30_000 })
    if (all) {
      await page.locator('button:text("Show all")').click()
      await page.locator(`text=/^${rows.toLocaleString('en-US')} rows$/`).waitFor({ timeout: 60_000 })
    }
    await page.evaluate(`{
      window.draws = []
      const table = document.querySelector('feed-table')
      const draw = table.performUpdate
      table.performUpdate = () => {
        const began = performance.now()
        draw.call(table)
        draws.push(performance.now() - began)
      }
    }`)
    const { perSecond, heapMB } = await watch(page, seconds)
    const draws = await page.evaluate<readonly number[]>('draws')
    const drawing = draws.toSorted((a, b) => a - b)[draws.length >> 1] ?? 0
    await page.close()
    return `${drawing.toFixed(1)} ms to draw the table; all script ${perSecond.toFixed(1)} ms a second; heap ${heapMB.toFixed(0)} MB`
  })
}

async function ofCharts(browser: Browser, seconds: number): Promise<string> {
  const names = Array.from({ length: 12 }, (_, i) => `chart${i}`)
  const site = await serve(Object.fromEntries(names.map(name => [name, turning(6, 6)])))
  return measured(site, async () => {
    const page = await open(browser, `${site.url}#/none`)
    await page.evaluate(`import('./elements.js').then(() => {
      document.body.innerHTML = ${JSON.stringify(names.map(name => `<millrace-chart feed="${name}"></millrace-chart>`).join(''))}
    })`)
    await page.locator('millrace-chart').last().locator('canvas').waitFor({ timeout: 30_000 })
    const { perSecond } = await watch(page, seconds)
    await page.close()
    return `all script ${perSecond.toFixed(1)} ms a second`
  })
}

async function ofMany(browser: Browser, seconds: number): Promise<string> {
  const names = Array.from({ length: 1000 }, (_, i) => `many${i}`)
  const site = await serve(Object.fromEntries(names.map(name => [name, turning(4, 2)])))
  return measured(site, async () => {
    const page = await open(browser, site.url)
    await page.locator('feed-card .value').first().waitFor({ timeout: 30_000 })
    const { perSecond, heapMB } = await watch(page, seconds)
    const cards = await page.locator('feed-card').count()
    await page.close()
    return `all script ${perSecond.toFixed(1)} ms a second; heap ${heapMB.toFixed(0)} MB; ${cards} cards drawn`
  })
}

async function ofTwenty(browser: Browser): Promise<string> {
  const names = Array.from({ length: 20 }, (_, i) => `feed${i}`)
  const site = await serve(Object.fromEntries(names.map(name => [name, turning(8, 3)])))
  return measured(site, async () => `${(await firstValue(browser, site.url)).toFixed(0)} ms`)
}

/** By the word that chooses it. */
const parts: Readonly<Record<string, readonly [string, (browser: Browser, seconds: number) => string | Promise<string>]>> = {
  script: ['script of the overview, kB gzipped', scripts],
  first: ['first value drawn, 20 feeds', ofTwenty],
  overview: ['overview of 1 000 feeds', ofMany],
  feed: ['a feed of 500 rows, 25 change a second', (browser, seconds) => ofFeed(browser, seconds, 500, 25)],
  large: ['a feed of 100 000 rows, 1 % changes a second', (browser, seconds) => ofFeed(browser, seconds, 100_000, 1000, true)],
  charts: ['12 charts that change once a second', ofCharts],
}

/** Arguments: `[seconds] [part ..]`. */
export const page: Bench = {
  title: 'The page',
  about: 'what the page costs the browser that shows it: script of its main thread, in headless Chromium beside the server on one machine.',
  async run([seconds = '10', ...wanted], say) {
    const browser = await launchBrowser()
    try {
      say(head('what', 'cost'))
      for (const [word, [what, measure]] of Object.entries(parts))
        if (wanted.length === 0 || wanted.includes(word)) say(row(what, await measure(browser, Number(seconds))))
    } finally {
      await browser.close()
    }
  },
}
