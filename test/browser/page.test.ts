import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { PageServer } from '../support/page-server.ts'
import { startPrefixProxy } from '../support/prefix-proxy.ts'

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const assets = fileURLToPath(new URL('../../dist/public/assets/', import.meta.url))

const quotes = (price: number) => ['ACME', 'BOLT', 'CRUX', 'DYNE'].map((id, i) => ({ id, price: price + i, volume: 1000 * i }))
const stations = Array.from({ length: 1200 }, (_, i) => ({ id: String(1000 + i), name: `Station ${i}`, bikes: i % 17, docks: 20 }))
const others = ['sluice', 'tarn', 'upland', 'vale', 'wadi', 'weir', 'xeric', 'yard', 'zig', 'zz_last']

let browser: Browser
let server: PageServer
/** What no page may do: errors, breaches of the policy, requests to elsewhere. */
let faults: string[]

beforeAll(async () => {
  const answers = Object.fromEntries(others.map(name => [name, [{ id: name, depth: 3 }]]))
  const started = await Promise.all([launchBrowser(), PageServer.start({ quotes: quotes(100), stations, ...answers })])
  browser = started[0]
  server = started[1]
})
afterAll(async () => {
  await browser.close()
  await server.close()
})
afterEach(() => {
  server.answers.set('quotes', quotes(100))
})

async function open(hash = '', options: BrowserContextOptions & { readonly url?: string; readonly before?: string } = {}): Promise<Page> {
  const { url = server.url, before, ...rest } = options
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 }, ...rest })
  onTestFinished(() => context.close())
  faults = []
  const page = await context.newPage()
  page.setDefaultTimeout(8000)
  page.on('pageerror', error => faults.push(String(error)))
  page.on('request', request => {
    if (new URL(request.url()).host !== new URL(url).host) faults.push(`request to ${request.url()}`)
  })
  page.on('console', message => {
    // A server that is away is reported by the browser itself.
    if (message.type() === 'error' && !message.text().includes('WebSocket')) faults.push(message.text())
  })
  if (before !== undefined) await page.addInitScript(before)
  await page.goto(url + hash)
  return page
}

const card = (page: Page, feed: string) => page.locator('feed-card', { has: page.locator(`h3 a:text-is("${feed}")`) })

async function axe(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(axeFile, 'utf8'))
  return page.evaluate<readonly string[]>(
    'axe.run().then(({violations}) => violations.flatMap(({id, nodes}) => nodes.map(({html}) => id + ": " + html)))',
  )
}

describe('the overview', () => {
  test('shows each feed as a card with its freshness in words, its figures and its facts; nothing breaks the policy', async () => {
    const page = await open()
    await card(page, 'quotes').locator('.word:text-is("fresh")').waitFor()
    await card(page, 'quotes').locator('.figure', { hasText: 'ACME' }).locator('.value:text-is("100")').waitFor()
    expect(await card(page, 'quotes').locator('freshness-line').textContent()).toMatch(/updated (just now|[\d.]+ s ago), every 100 ms/)
    await card(page, 'best').locator('.figure').first().filter({ hasText: 'DYNE' }).waitFor()
    await page.locator('.connection .word:text-is("live")').waitFor()
    expect(await page.title()).toBe('Millrace')
    expect(faults).toEqual([])
  })

  test('follows the values without a reload', async () => {
    const page = await open()
    await card(page, 'quotes').locator('.value:text-is("100")').waitFor()
    server.answers.set('quotes', quotes(250))
    await card(page, 'quotes').locator('.value:text-is("250")').waitFor()
  })

  test('a card in view is a reader of its feed, one out of view is not', async () => {
    const page = await open('', { viewport: { width: 390, height: 600 } })
    await card(page, 'best').locator('.value').first().waitFor()
    expect(server.asked('zz_last')).toBe(0)
    await card(page, 'zz_last').scrollIntoViewIfNeeded()
    await card(page, 'zz_last').locator('.value:text-is("3")').waitFor()
    expect(server.asked('zz_last')).toBeGreaterThan(0)
  })

  test('finds feeds by name, with the keyboard alone', async () => {
    const page = await open()
    await card(page, 'stations').waitFor()
    await page.locator('input[type=search]').focus()
    await page.keyboard.type('stat')
    await card(page, 'quotes').waitFor({ state: 'detached' })
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.locator('h1:text-is("stations")').waitFor()
    expect(await page.title()).toBe('stations · Millrace')
    await page.goBack()
    await card(page, 'quotes').waitFor()
  })
})

describe('honest when something fails', () => {
  test('an upstream that fails: stale with the cause, the last rows stay; then fresh again by itself', async () => {
    const page = await open('#/feed/quotes')
    await page.locator('td:text-is("ACME")').waitFor()
    server.answers.set('quotes', 503)
    await page.locator('header.feed .word', { hasText: 'stale: HTTP error' }).waitFor()
    expect(await page.locator('header.feed .reason').textContent()).toContain('503')
    expect(await page.locator('header.feed .age').textContent()).toContain('last good')
    expect(await page.locator('td:text-is("ACME")').count()).toBe(1)
    await page.locator('[role=status]', { hasText: 'quotes is stale' }).waitFor({ state: 'attached' })
    const later = await open('#/feed/quotes')
    await later.locator('feed-chart', { hasText: 'No current value since this page was opened.' }).waitFor()
    server.answers.set('quotes', quotes(300))
    await page.locator('header.feed .word:text-is("fresh")').waitFor()
    await page.locator('td:text-is("300")').waitFor()
    await later.locator('feed-chart .bare').waitFor({ state: 'detached' })
  })

  test('a server that restarts: disconnected at once, the last rows stay; then live without a reload', async () => {
    const own = await PageServer.start({ quotes: quotes(100) })
    onTestFinished(() => own.close())
    const page = await open('#/feed/quotes', { url: own.url })
    await page.locator('td:text-is("ACME")').waitFor()
    await page.evaluate('window.sameDocument = true')
    await own.stop()
    await page.locator('.connection .word', { hasText: 'disconnected' }).waitFor()
    await page.locator('header.feed .word:text-is("disconnected")').waitFor()
    expect(await page.locator('td:text-is("ACME")').count()).toBe(1)
    own.answers.set('quotes', quotes(400))
    await own.listen()
    await page
      .locator('.connection button:text("Try now")')
      .click({ timeout: 500 })
      .catch(() => undefined)
    await page.locator('td:text-is("400")').waitFor()
    await page.locator('header.feed .word:text-is("fresh")').waitFor()
    expect(await page.evaluate('window.sameDocument')).toBe(true)
  })

  test('a feed that does not exist is said, with the way back', async () => {
    const page = await open('#/feed/nope')
    await page.locator('text=There is no feed “nope” on this server.').waitFor()
    await page.locator('nav a:text-is("All feeds")').click()
    await card(page, 'quotes').waitFor()
  })
})

describe('a feed', () => {
  test('changed cells flash, and do not where less motion is wanted', async () => {
    const flashes = 'document.querySelectorAll("td").values().some(td => td.getAnimations().length > 0)'
    const page = await open('#/feed/quotes')
    const calm = await open('#/feed/quotes', { reducedMotion: 'reduce' })
    await page.locator('td:text-is("ACME")').waitFor()
    await calm.locator('td:text-is("ACME")').waitFor()
    server.answers.set('quotes', quotes(500))
    await expect.poll(() => page.evaluate(flashes), { interval: 20 }).toBe(true)
    await calm.locator('td:text-is("500")').waitFor()
    expect(await calm.evaluate(flashes)).toBe(false)
  })

  test('sorts by a column, by keyboard, and says so', async () => {
    const page = await open('#/feed/quotes')
    const head = page.locator('th', { hasText: 'price' })
    await head.locator('button').focus()
    await page.keyboard.press('Enter')
    await page.locator('th[aria-sort=descending]', { hasText: 'price' }).waitFor()
    expect(await page.locator('tbody tr[data-key]').first().getAttribute('data-key')).toBe('DYNE')
    await page.keyboard.press('Enter')
    await page.locator('th[aria-sort=ascending]', { hasText: 'price' }).waitFor()
    expect(await page.locator('tbody tr[data-key]').first().getAttribute('data-key')).toBe('ACME')
  })

  test('nothing moves under the pointer: the order is held, values go on', async () => {
    const page = await open('#/feed/quotes')
    await page.locator('th button', { hasText: 'price' }).click()
    await page.locator('tr[data-key]').first().filter({ hasText: 'DYNE' }).waitFor()
    await page.locator('td:text-is("BOLT")').hover()
    await page.locator('text=order held while you point').waitFor()
    server.answers.set(
      'quotes',
      quotes(100).map(quote => ({ ...quote, price: 1000 - quote.price })),
    )
    await page.locator('td:text-is("900")').waitFor()
    const keys = () =>
      page.locator('tr[data-key]').evaluateAll(rows => rows.map(row => (row as unknown as { dataset: { key: string } }).dataset.key))
    expect(await keys()).toEqual(['DYNE', 'CRUX', 'BOLT', 'ACME'])
    await page.mouse.move(5, 5)
    await page.locator('tr[data-key]').first().filter({ hasText: 'ACME' }).waitFor()
    expect(await keys()).toEqual(['ACME', 'BOLT', 'CRUX', 'DYNE'])
  })

  test('a large table: only a part is asked for and only what is in view is drawn; sorting is of the whole', async () => {
    const page = await open('#/feed/stations')
    await page.locator('text=showing the first 500 of 1,200 rows').waitFor()
    expect(await page.locator('tbody tr[data-key]').count()).toBeLessThan(60)
    await page.locator('th button', { hasText: 'id' }).first().click()
    await page.locator('tr[data-key="2199"]').waitFor()
    await page.locator('button:text("Show all")').click()
    await page.locator('text=/^1,200 rows$/').waitFor()
    expect(await page.locator('tbody tr[data-key]').count()).toBeLessThan(60)
  })

  test('draws numbers as lines over time, whose legend is made of buttons', async () => {
    const page = await open('#/feed/quotes')
    await page.locator('.plot canvas').waitFor()
    const line = page.locator('.legend button', { hasText: 'ACME' })
    await line.press('Enter')
    expect(await line.getAttribute('aria-pressed')).toBe('false')
    await page.locator('.panel select').selectOption('volume')
    await page.locator('.legend button', { hasText: 'DYNE' }).locator('.value:text-is("3,000")').waitFor()
  })
})

describe('for everyone', () => {
  test.each(['light', 'dark'] as const)('axe finds nothing to blame, %s', async colorScheme => {
    const page = await open('', { colorScheme })
    await card(page, 'quotes').locator('.value').first().waitFor()
    expect(await axe(page)).toEqual([])
    await page.locator('h3 a:text-is("quotes")').click()
    await page.locator('.plot canvas').waitFor()
    expect(await axe(page)).toEqual([])
  })

  test('the chosen theme is kept, and is not needed to be', async () => {
    const page = await open('', { colorScheme: 'light' })
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const light = await background()
    await page.locator('button[aria-label="Theme: auto"]').click()
    await page.locator('button[aria-label="Theme: light"]').click()
    expect(await background()).not.toBe(light)
    await page.reload()
    await page.locator('button[aria-label="Theme: dark"]').waitFor()
    expect(await background()).not.toBe(light)
  })

  test('works where storage is refused and Intl knows no such language', async () => {
    const before = `Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused') } })
      Object.defineProperty(navigator, 'languages', { value: ['en-US@posix'] })`
    const page = await open('', { before })
    await card(page, 'quotes').locator('.value').first().waitFor()
    await page.locator('button[aria-label="Theme: auto"]').click()
    await page.locator('button[aria-label="Theme: light"]').waitFor()
    expect(faults).toEqual([])
  })

  test('fits a phone: nothing is wider than the screen', async () => {
    const page = await open('', { viewport: { width: 390, height: 800 } })
    await card(page, 'quotes').locator('.value').first().waitFor()
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    expect(await page.evaluate(overflow)).toBeLessThanOrEqual(0)
    await page.locator('h3 a:text-is("quotes")').click()
    await page.locator('.plot canvas').waitFor()
    expect(await page.evaluate(overflow)).toBeLessThanOrEqual(0)
  })

  test('works under a path prefix behind a proxy', async () => {
    const proxy = await startPrefixProxy(server.url, '/live/')
    onTestFinished(() => proxy.close())
    const page = await open('', { url: proxy.url })
    await card(page, 'quotes').locator('.value:text-is("100")').waitFor()
    expect(faults).toEqual([])
  })

  test('the script of the overview is under 60 kB gzipped; what only one feed needs is fetched when it is looked at', async () => {
    const size = (files: readonly string[]) => files.reduce((sum, file) => sum + gzipSync(readFileSync(assets + file)).length, 0)
    const page = await open()
    await card(page, 'quotes').locator('.value').first().waitFor()
    const fetched = await page.evaluate<readonly string[]>(
      'performance.getEntriesByType("resource").map(({name}) => name.split("/").pop()).filter(name => name.endsWith(".js"))',
    )
    expect(size(fetched)).toBeGreaterThan(10_000)
    expect(size(fetched)).toBeLessThan(60_000)
    expect(fetched.length).toBeLessThan(readdirSync(assets).filter(file => file.endsWith('.js')).length)
  })
})
