import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FaultProxy } from '../convergence/fault-proxy.ts'
import { launchBrowser } from '../support/browser.ts'
import { PageServer } from '../support/page-server.ts'

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const quotes = (price: number) => ['ACME', 'BOLT', 'CRUX'].map((id, i) => ({ id, price: price + i, lat: 52 + i / 10, lon: 4 + i / 10 }))
const tiles = [
  { show: 'figure', feed: 'quotes', key: 'ACME', column: 'price' },
  { show: 'chart', feed: 'quotes', column: 'price' },
  { show: 'table', feed: 'quotes' },
  { show: 'map', feed: 'quotes' },
]

/** A view of the page, and what of it must be there in each frame from the first rows on. */
interface View {
  readonly hash: string
  readonly always: readonly string[]
  /** Where its state is told. */
  readonly state: string
}

const overview: View = { hash: '', always: ['.card .value'], state: '.card:has(a[href="#/feed/quotes"]) freshness-line' }
const feed: View = {
  hash: '#/feed/quotes',
  always: ['feed-table td', '.plot canvas', 'row-map canvas'],
  state: 'header.feed freshness-line',
}
const board: View = { hash: '#/board/all', always: ['millrace-value', 'millrace-chart', 'board-map'], state: 'millrace-table .freshness' }
const views = [overview, feed, board]

let browser: Browser
let server: PageServer
let proxy: FaultProxy
let pages: readonly (readonly [Page, View])[]
const faults: string[] = []

/** Counts the frames in which something of it is missing; elements look into their own roots. */
const watching = `window.blank = 0
  window.jumpMs = 0
  const dateNow = Date.now
  Date.now = () => dateNow() + jumpMs
  window.watchFor = selectors => {
    window.isSameDocument = true
    const isThere = selector => {
      const found = document.querySelector(selector)
      return found !== null && (found.shadowRoot === null || found.shadowRoot.querySelector('p.value, canvas, td') !== null)
    }
    const look = () => {
      if (!selectors.every(isThere)) blank++
      requestAnimationFrame(look)
    }
    look()
  }`

async function open(view: View, i: number): Promise<readonly [Page, View]> {
  const colorScheme = i % 2 === 0 ? 'light' : 'dark'
  const page = await browser.newPage({ locale: 'en-GB', viewport: { width: 1280, height: 900 }, colorScheme })
  page.setDefaultTimeout(15_000)
  page.on('pageerror', error => faults.push(String(error)))
  page.on('console', message => {
    // A server that is away is reported by the browser itself.
    if (message.type() === 'error' && !/WebSocket|ERR_/.test(message.text())) faults.push(message.text())
  })
  await page.addInitScript(watching)
  await page.goto(`${proxy.url}/${view.hash}`)
  await shows(page, '100')
  for (const selector of view.always) await page.locator(selector).first().waitFor()
  await page.evaluate(`watchFor(${JSON.stringify(view.always)})`)
  return [page, view]
}

/** The price of ACME, wherever it stands. */
async function shows(page: Page, price: string): Promise<void> {
  await page.locator(`.value:text-is("${price}"), td:text-is("${price}")`).first().waitFor()
}

async function says(page: Page, { state }: View, text: RegExp): Promise<void> {
  await page.locator(state).filter({ hasText: text }).first().waitFor()
}

async function onAll(check: (page: Page, view: View) => Promise<void>): Promise<void> {
  await Promise.all(pages.map(([page, view]) => check(page, view)))
}

beforeAll(async () => {
  ;[browser, server] = await Promise.all([
    launchBrowser(),
    PageServer.start({ quotes: quotes(100) }, undefined, { server: { heartbeat: '1s' }, boards: { all: { title: 'All', tiles } } }),
  ])
  proxy = await FaultProxy.start(server.url, () => 1)
  pages = await Promise.all(views.map(open))
})
afterAll(async () => {
  await browser.close()
  proxy.close()
  await server.close()
})
/** Nothing was blank in any frame, nothing was loaded again, nothing went wrong. */
async function stayedWhole(): Promise<void> {
  await onAll(async page => {
    expect(await page.evaluate('[isSameDocument, blank]')).toEqual([true, 0])
  })
  expect(faults).toEqual([])
}

async function axe(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(axeFile, 'utf8'))
  return page.evaluate<readonly string[]>(
    'axe.run().then(({violations}) => violations.flatMap(({id, nodes}) => nodes.map(({html}) => id + ": " + html)))',
  )
}

/** Says at once that it is without a connection and keeps what it had; then, by itself, shows what is so. */
async function isCutOff(price: number, cut: () => void | Promise<void>, mend: () => void | Promise<void>, atOnceMs: number): Promise<void> {
  await onAll((page, view) => says(page, view, /^fresh/))
  const began = performance.now()
  await cut()
  await onAll(async (page, view) => {
    await page.locator('.connection .word', { hasText: /disconnected|no connection/ }).waitFor()
    await says(page, view, /^disconnected/)
  })
  expect(performance.now() - began).toBeLessThan(atOnceMs)
  server.answers.set('quotes', quotes(price))
  await mend()
  await onAll(async (page, view) => {
    await shows(page, String(price))
    await says(page, view, /^fresh/)
    await page.locator('.connection .word:text-is("live")').waitFor()
  })
  await stayedWhole()
}

test('the network is cut: said at once, the last rows stay, and it goes on by itself', async () => {
  await isCutOff(
    150,
    () => proxy.cutAll(),
    () => proxy.settle(),
    2000,
  )
})

test('the network falls silent without an end: said after two heartbeats, the last rows stay, and it goes on by itself', async () => {
  await isCutOff(
    200,
    () => proxy.fallSilent(),
    () => proxy.settle(),
    8000,
  )
})

test('the server ends and another one starts: said at once, the last rows stay, and it goes on by itself', async () => {
  await isCutOff(
    250,
    () => server.stop(),
    () => server.listen(),
    3000,
  )
})

test('the upstream is killed: the cause and the last good rows with their age; then fresh by itself', async () => {
  await server.upstream.close()
  await onAll((page, view) => says(page, view, /^stale: connection refused.*last good/))
  await onAll(async page => {
    await shows(page, '250')
    expect(await axe(page)).toEqual([])
  })
  server.answers.set('quotes', quotes(300))
  await server.upstream.reopen()
  await onAll(async (page, view) => {
    await shows(page, '300')
    await says(page, view, /^fresh/)
  })
  await stayedWhole()
})

test.each([3_600_000, -3_600_000])(
  "the machine's clock is set by %i ms: ages are true again with the next message, charts go on",
  async byMs => {
    await onAll(page => page.evaluate<void>(`void (jumpMs += ${byMs})`))
    server.answers.set('quotes', quotes(400 + byMs / 3_600_000))
    await onAll(async (page, view) => {
      await shows(page, String(400 + byMs / 3_600_000))
      await says(page, view, /^freshupdated (just now|\d\.\d s ago)/)
    })
    const [page] = pages[1] ?? []
    await expect
      .poll(() => page?.evaluate(`Math.abs(document.querySelector('feed-chart').trail.times.at(-1) - Date.now())`), { timeout: 8000 })
      .toBeLessThan(2000)
  },
)

test.each([3_600_000, -3_600_000])("the server's clock is set by %i ms: still fresh, and no older than it is", async byMs => {
  server.clockAheadMs += byMs
  server.answers.set('quotes', quotes(500 + byMs / 3_600_000))
  await onAll(async (page, view) => {
    await shows(page, String(500 + byMs / 3_600_000))
    await says(page, view, /^freshupdated (just now|\d\.\d s ago)/)
  })
  await stayedWhole()
})
