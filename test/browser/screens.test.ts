import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newCity, ride } from '../../src/cli/demo/bike.ts'
import { newMarket, quotes, trade } from '../../src/cli/demo/market.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { FaultProxy } from '../convergence/fault-proxy.ts'
import { launchBrowser } from '../support/browser.ts'
import { PageServer } from '../support/page-server.ts'
import { Upstream } from '../support/upstream.ts'

/**
 * Every screen in every state, drawn into the folder that MILLRACE_SCREENS names, to be looked at. What a machine can see of them is
 * checked on the way: axe has nothing to blame, nothing is wider than the screen, no error. Minutes long, so only where it is asked for.
 */
const folder = process.env['MILLRACE_SCREENS'] ?? ''
const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const tokens = {
  admin: { name: 'admin', token: 'token-of-an-admin', feeds: ['*'], admin: true },
  some: { name: 'some', token: 'token-of-one-feed', feeds: ['quotes'], admin: false },
  none: { name: 'none', token: 'token-of-no-feed-at-all', feeds: [], admin: false },
}
const feeds = {
  regions: {
    from: 'stations',
    description: 'Bikes and docks by region',
    steps: [{ group: { by: ['region'], columns: { stations: 'count()', bikes: 'sum(bikes)', docks: 'sum(capacity - bikes)' } } }],
  },
  minutes: { from: 'regions', steps: [{ series: { keep: '10m', columns: { bikes: 'bikes' } } }] },
  shortage: { from: 'regions', steps: [{ alert: { when: 'bikes < 640', text: '{{region}} has {{bikes}} bikes left' } }] },
  moves: { from: 'quotes', steps: [{ events: { keep: 50 } }] },
}
const tiles = [
  { show: 'figure', feed: 'regions', key: 'Harbour', column: 'bikes', title: 'Bikes at the harbour' },
  { show: 'heartbeat', feed: 'stations', title: 'Polls of the stations' },
  { show: 'map', feed: 'stations', column: 'bikes', title: 'Stations', height: 3 },
  { show: 'chart', feed: 'regions', column: 'bikes', title: 'Bikes by region' },
  { show: 'chart', feed: 'minutes', column: 'bikes', title: 'Over time' },
  { show: 'alerts', feed: 'shortage', title: 'Short of bikes' },
  { show: 'figure', feed: 'tides', key: 'north', column: 'level', title: 'High water' },
  { show: 'table', feed: 'quotes', order: ['-change'], limit: 8, title: 'Quotes', width: 4 },
]
const random = seededRandom(7)
const city = newCity(random, Date.now())
const market = newMarket(random)
const stations = () =>
  city.map(({ station_id, region_id, capacity, ...rest }) => ({ id: station_id, region: region_id, ...rest, capacity }))
const prices = () => (quotes(market) as { symbol: string }[]).map(({ symbol, ...rest }) => ({ id: symbol, ...rest }))
const tides = [
  { id: 'north', level: 2.31, trend: 'rising' },
  { id: 'south', level: 1.87, trend: 'falling' },
]

let browser: Browser
let server: PageServer
let silent: Upstream
let proxy: FaultProxy
let moving: NodeJS.Timeout
let faults: string[]

beforeAll(async () => {
  if (folder === '') return
  mkdirSync(folder, { recursive: true })
  silent = await Upstream.start(() => undefined)
  ;[browser, server] = await Promise.all([
    launchBrowser(),
    PageServer.start(
      { stations: stations(), quotes: prices(), tides, buses: tides, ferries: tides, incidents: [] },
      { tokens: [tokens.admin] },
      {
        sources: { trams: { url: silent.url, every: '1s', timeout: '10m', key: 'id' } },
        feeds,
        boards: { city: { title: 'The city', tiles } },
      },
    ),
  ])
  server.answers.set('ferries', 503)
  server.replaceTokens(Object.values(tokens))
  proxy = await FaultProxy.start(server.url, () => 1)
  moving = setInterval(() => {
    ride(city, random, Date.now())
    trade(market, random)
    server.answers.set('stations', stations())
    server.answers.set('quotes', prices())
  }, 500)
})
afterAll(async () => {
  if (folder === '') return
  clearInterval(moving)
  await browser.close()
  proxy.close()
  await server.close()
  await silent.close()
})

async function openIn(context: BrowserContext, path: string, token: string, url = server.url): Promise<Page> {
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  page.on('pageerror', error => faults.push(String(error)))
  page.on('console', message => {
    // What is away, or refused, is reported by the browser itself.
    if (message.type() === 'error' && !/WebSocket|ERR_|40[13]/.test(message.text())) faults.push(message.text())
  })
  if (token !== '') await page.addInitScript(`sessionStorage.setItem('millrace.token', ${JSON.stringify(token)})`)
  await page.goto(url + path)
  return page
}

/** A screen, and how one comes to see it. */
interface Screen {
  readonly name: string
  readonly path: string
  /** Default: of an admin; empty: none. */
  readonly token?: string
  /** Only what is in view, where the page is longer. */
  readonly isPart?: boolean
  /** Before the page is opened. */
  readonly before?: (context: BrowserContext) => Promise<unknown>
  readonly ready: (page: Page) => Promise<unknown>
}

const word = (page: Page, text: string) => page.locator('header.feed .word', { hasText: text }).waitFor()

const screens: readonly Screen[] = [
  {
    name: 'overview',
    path: '',
    isPart: true,
    ready: async page => {
      await page.locator('section[aria-label=Firing] .badge').waitFor()
      await page.locator('feed-card .spark polyline').first().waitFor({ state: 'attached' })
      await haveLived(page)
    },
  },
  {
    name: 'overview-end',
    path: '',
    isPart: true,
    ready: async page => {
      await page.locator('feed-card').first().waitFor()
      await page.keyboard.press('Control+End')
      await page.locator('feed-card', { hasText: 'ferries' }).scrollIntoViewIfNeeded()
      await page.locator('feed-card', { hasText: 'ferries' }).locator('.word', { hasText: 'down' }).waitFor()
      await page.locator('feed-card', { hasText: 'trams' }).scrollIntoViewIfNeeded()
      await page.locator('feed-card', { hasText: 'tides' }).locator('.value').first().waitFor()
    },
  },
  { name: 'source', path: '#/source/stations', ready: page => page.locator('.beat.changed').last().waitFor() },
  { name: 'source-failing', path: '#/source/tides', ready: page => page.locator('.beat.failed').nth(2).waitFor() },
  {
    name: 'feed',
    path: '#/feed/stations',
    ready: page =>
      page
        .locator('.map-detail', { hasText: 'places' })
        .waitFor()
        .then(() => isDrawn(page)),
  },
  { name: 'feed-chart', path: '#/feed/minutes', ready: page => page.locator('.legend .value').first().waitFor() },
  {
    name: 'feed-alerts',
    path: '#/feed/shortage',
    ready: page =>
      page
        .locator('td')
        .first()
        .waitFor()
        .then(() => isDrawn(page)),
  },
  { name: 'feed-events', path: '#/feed/moves', ready: page => page.locator('td').first().waitFor() },
  {
    name: 'feed-columns',
    path: '#/feed/quotes',
    isPart: true,
    ready: async page => {
      await page.locator('td').first().waitFor()
      await page.locator('summary:text-is("Columns")').click()
    },
  },
  {
    name: 'feed-unfolded',
    path: '#/feed/minutes',
    ready: async page => {
      await page.locator('td').first().waitFor()
      for (const name of ['Steps', 'Frames', 'program', 'Schema']) await page.locator('summary', { hasText: name }).click()
      await page.locator('feed-frames tr', { hasText: 'delta' }).first().waitFor()
      await page.locator('feed-schema td').first().waitFor()
      await page.locator('.stage .steps li').first().waitFor()
    },
  },
  {
    name: 'feed-why',
    path: '#/feed/regions',
    isPart: true,
    ready: async page => {
      await page.locator('tr[data-key="Harbour"] .opener').click()
      await page.locator('dialog.sheet h4').first().waitFor()
    },
  },
  {
    name: 'feed-filtered-wrong',
    path: '#/feed/quotes',
    isPart: true,
    ready: async page => {
      await page.locator('input[aria-label="Only rows where"]').fill('price >')
      await page.locator('#filter-error', { hasText: 'where' }).waitFor()
      await page.locator('section.rows').scrollIntoViewIfNeeded()
    },
  },
  { name: 'board', path: '#/board/city', ready: isWhole },
  {
    name: 'board-wall',
    path: '#/board/city',
    isPart: true,
    ready: async page => {
      await isWhole(page)
      await page.locator('button:text-is("Full screen")').click()
      await page.locator('button:text-is("Leave full screen")').waitFor()
      await isDrawn(page)
    },
  },
  {
    name: 'board-editor',
    path: '#/board/city',
    ready: async page => {
      await isWhole(page)
      await page.locator('button:text-is("Edit")').click()
      await page.locator('board-editor li').first().waitFor()
    },
  },
  { name: 'board-new', path: '#/board', ready: page => page.locator('board-editor option').nth(8).waitFor({ state: 'attached' }) },
  { name: 'embed', path: '?embed=1#/board?tile=show%3Dchart%26feed%3Dregions', ready: isDrawn },
  { name: 'sign-in', path: '', token: '', ready: page => page.locator('#sign-in-token').waitFor() },
  {
    name: 'sign-in-refused',
    path: '',
    token: 'nobody-has-this-token',
    ready: page => page.locator('[role=alert]', { hasText: 'not known' }).waitFor(),
  },
  { name: 'state-empty-server', path: '', token: tokens.none.token, ready: page => page.locator('text=no feeds yet').waitFor() },
  { name: 'state-empty', path: '#/feed/incidents', ready: page => page.locator('.empty').first().waitFor() },
  {
    name: 'state-loading',
    path: '',
    before: context => context.routeWebSocket(/./, () => undefined),
    ready: page => page.locator('.ghost').first().waitFor(),
  },
  { name: 'state-waiting', path: '#/feed/trams', ready: page => word(page, 'waiting') },
  { name: 'state-degraded', path: '#/feed/buses', ready: page => word(page, 'degraded') },
  { name: 'state-stale', path: '#/feed/tides', ready: page => word(page, 'stale') },
  { name: 'state-down', path: '#/feed/ferries', ready: page => word(page, 'down') },
  {
    name: 'state-forbidden',
    path: '#/feed/stations',
    token: tokens.some.token,
    ready: page => page.locator('text=your token does not open it').waitFor(),
  },
  {
    name: 'state-error',
    path: '#/feed/stations',
    before: context => context.route(/define-feed-page/, route => route.abort()),
    ready: page => page.locator('text=could not be fetched').waitFor(),
  },
]

/** The chart has been there for some seconds, so that there is something to see. */
async function isDrawn(page: Page): Promise<void> {
  const chart = `(document.querySelector('feed-chart') ?? document.querySelector('millrace-chart')?.shadowRoot.querySelector('millrace-plot'))`
  const times = `(${chart}?.trail?.times ?? [0])`
  await expect.poll(() => page.evaluate(`${times}.at(-1) - ${times}[0]`), { timeout: 15_000 }).toBeGreaterThan(3000)
}

/** Those in view have been there for some seconds: their rows came, and something moved. */
async function haveLived(page: Page): Promise<void> {
  const begins = `parseFloat(document.querySelector('feed-card .spark polyline')?.getAttribute('points') ?? '72')`
  await expect.poll(() => page.evaluate(begins), { timeout: 15_000 }).toBeLessThan(60)
}

async function isWhole(page: Page): Promise<void> {
  await page.locator('millrace-value p.value').first().waitFor()
  await page.locator('board-map .map-detail', { hasText: 'places' }).waitFor()
  await page.locator('millrace-chart canvas').nth(1).waitFor()
  await page.locator('millrace-table td').first().waitFor()
  await isDrawn(page)
}

/** Draws the screen, and lets a machine look at it first. */
async function look(page: Page, name: string, isPart: boolean): Promise<readonly string[]> {
  // Whatever still fades in.
  await page.evaluate('Promise.allSettled(document.getAnimations().map(({ finished }) => finished))')
  if (!isPart) await page.evaluate('scrollTo(0, 0)')
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: !isPart })
  await page.evaluate(readFileSync(axeFile, 'utf8'))
  const blamed = await page.evaluate<readonly string[]>(
    'axe.run().then(({violations}) => violations.flatMap(({id, nodes}) => nodes.map(({html}) => id + ": " + html)))',
  )
  const wider = await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  return [...blamed, ...(wider > 0 ? [`${wider} px wider than the screen`] : []), ...faults.splice(0)].map(fault => `${name}: ${fault}`)
}

const sizes = { phone: { width: 390, height: 844 }, laptop: { width: 1280, height: 800 }, wall: { width: 1920, height: 1080 } }
const ways = (['phone', 'laptop', 'wall'] as const).flatMap(size => (['light', 'dark'] as const).map(scheme => [size, scheme] as const))

/** Goes on by the keyboard until it is at `target`; each stop on the way must be seen to have the focus. */
async function tabTo(page: Page, target: string, key = 'Tab'): Promise<void> {
  // Beyond the last stop is the browser itself.
  const look = `(() => {
    let at = document.activeElement
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
    const isSeen = at === document.body || [at, at.closest('.card')].some(box => box !== null && getComputedStyle(box).outlineStyle !== 'none')
    const [selector, text] = ${JSON.stringify(target.split('|'))}
    return { isThere: at.matches(selector) && at.textContent.includes(text ?? ''), isSeen, html: at.outerHTML.slice(0, 120) }
  })()`
  const unseen: string[] = []
  for (let stop = 0; stop < 120; stop++) {
    await page.keyboard.press(key)
    const { isThere, isSeen, html } = await page.evaluate<{ isThere: boolean; isSeen: boolean; html: string }>(look)
    if (!isSeen) unseen.push(html)
    if (!isThere) continue
    expect(unseen).toEqual([])
    return
  }
  throw new Error(`${target} is not to be had by the keyboard`)
}

describe.skipIf(folder === '')('every screen, drawn and looked at', () => {
  test('the main ways, by the keyboard alone', { timeout: 60_000 }, async () => {
    faults = []
    const context = await browser.newContext({ locale: 'en-GB', viewport: sizes.laptop })
    const page = await openIn(context, '', '')
    const { keyboard } = page
    await page.locator('#sign-in-token').waitFor()
    await keyboard.type(tokens.admin.token)
    await keyboard.press('Enter')
    await page.locator('feed-card').first().waitFor()
    await tabTo(page, 'input[type=search]')
    await keyboard.type('quotes')
    await page.locator('feed-card').nth(1).waitFor({ state: 'detached' })
    await tabTo(page, 'feed-card a')
    await keyboard.press('Enter')
    await page.locator('td:text-is("Health")').first().waitFor()
    await tabTo(page, 'input[aria-label="Only rows where"]')
    await keyboard.type('sector == "Health"')
    await keyboard.press('Enter')
    await page.locator('text=10 rows of 60').waitFor()
    await tabTo(page, 'th button|price')
    await keyboard.press('Enter')
    await page.locator('th[aria-sort=descending]', { hasText: 'price' }).waitFor()
    await tabTo(page, '.opener')
    await keyboard.press('ArrowDown')
    await keyboard.press('Enter')
    await page.locator('dialog.sheet h2').waitFor()
    await keyboard.press('Escape')
    await page.locator('dialog.sheet h2').waitFor({ state: 'hidden' })
    await tabTo(page, 'summary|program')
    await keyboard.press('Enter')
    await tabTo(page, 'feed-snippets button|curl')
    await keyboard.press('Enter')
    await page.locator('feed-snippets pre', { hasText: 'feeds/quotes' }).waitFor()
    await tabTo(page, 'nav.boards a|The city', 'Shift+Tab')
    await keyboard.press('Enter')
    await isWhole(page)
    await tabTo(page, 'button|Edit')
    await keyboard.press('Enter')
    await tabTo(page, 'board-editor button|Later')
    await keyboard.press('Enter')
    await page.locator('board-editor li').first().filter({ hasText: 'the last polls' }).waitFor()
    await tabTo(page, 'board-editor input[name=title]')
    await keyboard.type('Mine')
    await keyboard.press('Enter')
    await page.locator('board-editor li').nth(8).filter({ hasText: 'Mine' }).waitFor()
    await tabTo(page, 'board-editor button[aria-label*="Remove: a chart of best"]', 'Shift+Tab')
    await keyboard.press('Enter')
    await page.locator('board-editor li').nth(8).waitFor({ state: 'detached' })
    expect(await page.evaluate('document.activeElement !== document.body')).toBe(true)
    expect(faults).toEqual([])
    await context.close()
  })

  test.each(ways)('%s, %s', { timeout: 280_000 }, async (size, colorScheme) => {
    faults = []
    const blamed: string[] = []
    const options = { locale: 'en-GB', viewport: sizes[size], colorScheme, deviceScaleFactor: 1 }
    for (const { name, path, token = tokens.admin.token, isPart = false, before, ready } of screens) {
      server.answers.set('buses', tides)
      server.answers.set('tides', tides)
      const context = await browser.newContext(options)
      await before?.(context)
      const page = await openIn(context, path, token)
      if (/tides|buses/.test(path)) {
        await page
          .locator(path.includes('source') ? 'button.beat' : 'td')
          .last()
          .waitFor()
        server.answers.set('tides', 503)
        server.answers.set('buses', [...tides, { level: 3.02, trend: 'rising' }])
      }
      await ready(page).catch((error: unknown) => faults.push(`is not there: ${String(error)}`))
      blamed.push(...(await look(page, `${size}-${colorScheme}-${name}`, isPart)))
      await context.close()
    }
    const context = await browser.newContext(options)
    const page = await openIn(context, '/#/feed/regions', tokens.admin.token, proxy.url)
    await page.locator('td').first().waitFor()
    proxy.cutAll()
    await word(page, 'disconnected')
    blamed.push(...(await look(page, `${size}-${colorScheme}-state-disconnected`, false)))
    proxy.settle()
    await context.close()
    expect(blamed).toEqual([])
  })
})
