import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { tileText } from '../../src/dashboard/tile-text.ts'
import type { Tile } from '../../src/model/board.ts'
import { launchBrowser } from '../support/browser.ts'
import { PageServer } from '../support/page-server.ts'
import { startPrefixProxy } from '../support/prefix-proxy.ts'

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const places = ['ACME', 'BOLT', 'CRUX'].map((id, i) => ({ id, price: 100 + i, lat: 52 + i / 10, lon: 5 + i / 10 }))
const low = { from: 'places', steps: [{ alert: { when: 'price < 102', text: '{{id}} costs {{price}}' } }] }
const past = { from: 'places', steps: [{ series: { keep: '10m', columns: { cost: 'price' } } }] }
const tiles: readonly Tile[] = [
  { show: 'figure', feed: 'places', key: 'BOLT', column: 'price', title: 'Bolt' },
  { show: 'heartbeat', feed: 'places', title: 'Polls' },
  { show: 'map', feed: 'places', column: 'price', order: ['-price'], limit: 2, title: 'Where' },
  { show: 'chart', feed: 'places', column: 'price', title: 'Now' },
  { show: 'chart', feed: 'past', column: 'cost', title: 'Past' },
  { show: 'alerts', feed: 'low', title: 'Low' },
  { show: 'table', feed: 'places', columns: ['id', 'price'], order: ['-price'], title: 'Rows', width: 4 },
]

let browser: Browser
let server: PageServer
let faults: string[]

beforeAll(async () => {
  const auth = {
    tokens: [
      { name: 'all', token: 'a-token-that-opens-everything-of-it' },
      { name: 'some', token: 'a-token-that-opens-the-alerts-only', feeds: ['low'] },
    ],
  }
  ;[browser, server] = await Promise.all([
    launchBrowser(),
    PageServer.start({ places }, auth, { feeds: { low, past }, boards: { city: { title: 'The city', tiles } } }),
  ])
})
afterAll(async () => {
  await browser.close()
  await server.close()
})

async function open(path: string, { url = server.url, ...options }: BrowserContextOptions & { readonly url?: string } = {}): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 900 }, ...options })
  onTestFinished(() => context.close())
  await context.addInitScript(`sessionStorage.setItem('millrace.token', 'a-token-that-opens-everything-of-it')`)
  faults = []
  const page = await context.newPage()
  page.setDefaultTimeout(8000)
  page.on('pageerror', error => faults.push(String(error)))
  page.on('console', message => {
    if (message.type() === 'error') faults.push(message.text())
  })
  page.on('request', request => {
    if (new URL(request.url()).host !== new URL(url).host) faults.push(`request to ${request.url()}`)
  })
  await page.goto(url + path)
  return page
}

async function isWhole(page: Page): Promise<void> {
  await page.locator('millrace-value p.value:text-is("101")').waitFor()
  await page.locator('board-heartbeat .beat.unchanged').first().waitFor()
  // What is fresh there are the polls that are told of, and not the source.
  expect(await page.locator('board-heartbeat .freshness').count()).toBe(0)
  await page.locator('board-map .map-detail', { hasText: '2 places' }).waitFor()
  expect(await page.evaluate(`document.querySelector('board-map').rows.map(({ id }) => id)`)).toEqual(['CRUX', 'BOLT'])
  await page.locator('millrace-chart canvas').nth(1).waitFor()
  await page.locator('millrace-chart', { hasText: 'Past' }).locator('.legend', { hasText: 'CRUX' }).waitFor()
  await page.locator('millrace-alerts li', { hasText: 'ACME costs 100' }).waitFor()
  expect(await page.locator('millrace-table td:first-child').allInnerTexts()).toEqual(['CRUX', 'BOLT', 'ACME'])
}

test.each(['light', 'dark'] as const)(
  'a board of the config: found by its name in the header, all of its tiles live, nothing to blame, %s',
  async scheme => {
    const page = await open('', { colorScheme: scheme })
    await page.locator('nav.boards a:text-is("The city")').click()
    await isWhole(page)
    expect(await page.title()).toBe('city · Millrace')
    await page.evaluate(readFileSync(axeFile, 'utf8'))
    const blamed = 'axe.run().then(({violations}) => violations.flatMap(({id, nodes}) => nodes.map(({html}) => id + ": " + html)))'
    expect(await page.evaluate(blamed)).toEqual([])
    expect(faults).toEqual([])
  },
)

test('a board in the address itself, embedded under a path prefix, in the theme that is asked for: no header, no other request', async () => {
  const proxy = await startPrefixProxy(server.url, '/live/')
  onTestFinished(() => proxy.close())
  const written = new URLSearchParams(tiles.map((tile): [string, string] => ['tile', tileText(tile)]))
  const page = await open(`?embed=1&theme=dark#/board?${written.toString()}`, { url: proxy.url, colorScheme: 'light' })
  await isWhole(page)
  expect(await page.locator('header.top, .board-head').count()).toBe(0)
  expect(await page.evaluate('getComputedStyle(document.documentElement).colorScheme')).toBe('dark')
  expect(await page.evaluate(`localStorage.getItem('millrace.theme')`)).toBeNull()
  expect(faults).toEqual([])
})

test('share copies the address; full screen fills the screen with the tiles alone; a phone shows one below the other', async () => {
  const page = await open('#/board/city', { permissions: ['clipboard-read', 'clipboard-write'] })
  await isWhole(page)
  await page.locator('button:text-is("Share")').click()
  await page.locator('.board-head [role=status]:text-is("address copied")').waitFor()
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(`${server.url}#/board/city`)
  await page.locator('button:text-is("Full screen")').click()
  await page.locator('button:text-is("Leave full screen")').waitFor()
  expect(await page.evaluate('document.fullscreenElement.localName')).toBe('board-page')
  await page.locator('button:text-is("Leave full screen")').click()
  await page.locator('button:text-is("Full screen")').waitFor()
  await page.setViewportSize({ width: 390, height: 800 })
  expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBeLessThanOrEqual(0)
})

test('the boards are asked for once a connection; where they are not answered it is said, and they are asked for again', async () => {
  const page = await open('', { permissions: [] })
  await page.locator('nav.boards a:text-is("The city")').waitFor()
  let asked = 0
  await page.route('**/boards', route => (asked++ === 0 ? route.fulfill({ status: 503 }) : route.continue()))
  await page.evaluate(`location.hash = '#/board/city'`)
  await page.reload()
  await page.locator('text=could not be fetched. They are asked for again.').waitFor()
  expect(asked).toBe(1)
  await isWhole(page)
  expect(asked).toBe(2)
})

test.each([
  ['light', 1280],
  ['dark', 390],
] as const)('a board is made with what the page says alone, and its address shared: %s, %i px', async (colorScheme, width) => {
  const page = await open('#/feed/places', { colorScheme, viewport: { width, height: 900 } })
  await page.locator('a:text-is("Put it on a board")').click()
  await page.locator('millrace-table td:text-is("ACME")').waitFor()
  await page.locator('button:text-is("Edit")').click()
  await page.locator('select[name=show]').selectOption('a figure')
  await page.locator('select[name=feed]').selectOption('places')
  await page.locator('input[name=title]').fill('Bolt')
  await page.locator('input[name=title]').press('Enter')
  await page.locator('millrace-value .label:text-is("Bolt")').waitFor()
  await page.locator('select[name=show]').selectOption('the alerts')
  expect(await page.locator('select[name=feed] option').allTextContents()).toEqual(['low'])
  await page.locator('button:text-is("Add tile")').click()
  await page.locator('millrace-alerts li', { hasText: 'ACME costs 100' }).waitFor()
  await page.locator('button[aria-label="Earlier: a figure of places"]').click()
  await page.locator('.editor li').first().filter({ hasText: 'a figure of places' }).waitFor()
  await page.locator('input[name=board]').fill('My own')
  await page.locator('input[name=board]').press('Tab')
  await page.locator('h1:text-is("My own")').waitFor()
  await page.locator('button[aria-label="Remove: a table of places"]').click()
  await page.locator('millrace-table').waitFor({ state: 'detached' })
  await page.evaluate(readFileSync(axeFile, 'utf8'))
  const blamed = 'axe.run().then(({violations}) => violations.flatMap(({id, nodes}) => nodes.map(({html}) => id + ": " + html)))'
  const wide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
  expect([await page.evaluate(blamed), await page.evaluate(wide)]).toEqual([[], 0])
  const shared = await open(new URL(page.url()).hash)
  await shared.locator('millrace-value .label:text-is("Bolt")').waitFor()
  await shared.locator('millrace-alerts li').first().waitFor()
  await shared.locator('h1:text-is("My own")').waitFor()
  expect(await shared.locator('board-editor').count()).toBe(0)
  await page.goBack()
  await page.locator('millrace-table').waitFor()
  expect(faults).toEqual([])
})

test('what is not there is said: no such board, nothing in the address', async () => {
  const page = await open('#/board/town')
  await page.locator('text=There is no board “town” on this server.').waitFor()
  await page.evaluate(`location.hash = '#/board?tile=show%3Dgauge'`)
  await page.locator('text=There is no tile in this address.').waitFor()
})

test('a board names feeds: each of its tiles is for those who may read its feed', async () => {
  const boards = async (headers: Record<string, string>) => {
    const response = await fetch(`${server.url}boards`, { headers })
    return response.ok
      ? ((await response.json()) as { readonly boards: readonly { readonly tiles: readonly object[] }[] }).boards
      : response.status
  }
  expect(await boards({})).toBe(401)
  expect(await boards({ Authorization: 'Bearer a-token-that-opens-the-alerts-only' })).toMatchObject([
    { name: 'city', tiles: [{ feed: 'low' }] },
  ])
})
