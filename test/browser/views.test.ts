import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { PageServer } from '../support/page-server.ts'

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const admin = 'token-of-an-admin'

const quotes = (price: number) =>
  ['ACME', 'BOLT', 'CRUX', 'DYNE'].map((id, i) => ({ id, price: price + i, lat: 52 + i / 10, lon: 4 + i / 10, sector: i < 2 ? 'a' : 'b' }))

let browser: Browser
let server: PageServer
/** What no page may do: errors, breaches of the policy, requests to elsewhere. */
let faults: string[]

beforeAll(async () => {
  const feeds = {
    sectors: { from: 'quotes', steps: [{ group: { by: ['sector'], columns: { price: 'avg(price)' } } }, { where: 'price > 0.0' }] },
    past: { from: 'sectors', steps: [{ series: { keep: '10m', columns: { price: 'price' } } }] },
    dear: { from: 'quotes', steps: [{ alert: { when: 'price > 200', text: '{{id}} is dear' } }] },
    happened: { from: 'quotes', steps: [{ events: { keep: 50 } }] },
  }
  const boards = { market: { tiles: [{ show: 'chart', feed: 'quotes', column: 'prise' }] } }
  const auth = { tokens: [{ name: 'admin', token: admin, feeds: ['*'], admin: true }] }
  const started = await Promise.all([launchBrowser(), PageServer.start({ quotes: quotes(100) }, auth, { feeds, boards })])
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

async function open(hash = '', options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({
    locale: 'en-GB',
    viewport: { width: 1280, height: 800 },
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  })
  onTestFinished(() => context.close())
  faults = []
  const page = await context.newPage()
  page.setDefaultTimeout(8000)
  page.on('pageerror', error => faults.push(String(error)))
  page.on('request', request => {
    if (new URL(request.url()).host !== new URL(server.url).host) faults.push(`request to ${request.url()}`)
  })
  page.on('console', message => {
    if (message.type() === 'error') faults.push(message.text())
  })
  await page.addInitScript(`sessionStorage.setItem('millrace.token', ${JSON.stringify(admin)})`)
  await page.goto(server.url + hash)
  return page
}

async function axe(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(axeFile, 'utf8'))
  return page.evaluate<readonly string[]>(
    'axe.run().then(({violations}) => violations.flatMap(({id, nodes}) => nodes.map(({html}) => id + ": " + html)))',
  )
}

describe('a source', () => {
  test('shows each of its last polls, on pointing and by the keyboard, and why the next is when it is', async () => {
    const page = await open('#/source/quotes')
    await page.locator('.beat').first().waitFor()
    // The first poll may have left the last 60 before a browser that begins has drawn any.
    server.answers.set('quotes', quotes(101))
    await page.locator('.beat.changed').first().waitFor()
    server.answers.set('quotes', 503)
    const failed = page.locator('.beat.failed').first()
    await failed.waitFor()
    await failed.hover()
    expect(await page.locator('.beat-detail').textContent()).toMatch(/failed\s+503 .*ms\s+127\.0\.0\.1:\d+ answered 503/s)
    await page.mouse.move(5, 5)
    await page.locator('.beat[tabindex="0"]').focus()
    await page.keyboard.press('Home')
    expect(await page.evaluate('document.activeElement.ariaLabel')).toMatch(/, (un)?changed, 200 · /)
    expect(await page.locator('.beat-detail').textContent()).toMatch(/changed\s+200 · .* B · 4 rows/)
    await page.locator('.lines dd', { hasText: 'back-off: ' }).waitFor()
    expect(faults).toEqual([])
  })

  test('is asked at once when an admin wants it', async () => {
    const page = await open('#/source/quotes')
    await page.locator('button:text("Poll now")').click()
    await page.locator('[role=status]', { hasText: /nudge|steady|asking/ }).waitFor()
  })

  test('that is not there is said, with the way back', async () => {
    const page = await open('#/source/none')
    await page.locator('text=There is no source “none” on this server').waitFor()
    await page.locator('nav a:text-is("All feeds")').click()
    await page.locator('feed-card').first().waitFor()
  })
})

describe('the overview', () => {
  test('has alerts that fire first, and each kind of feed as what it is', async () => {
    const page = await open()
    await page.locator('section[aria-label=Feeds] a:text-is("dear")').waitFor()
    await page.locator('feed-card', { hasText: 'dear' }).locator('text=All is calm.').waitFor()
    server.answers.set('quotes', quotes(300))
    const firing = page.locator('section[aria-label=Firing]')
    await firing.locator('.badge:text-is("4 firing")').waitFor()
    await firing.locator('li', { hasText: 'ACME is dear' }).waitFor()
    await page.locator('feed-card', { hasText: 'past' }).locator('svg polyline').first().waitFor()
    await page.locator('feed-card', { hasText: 'happened' }).locator('li', { hasText: 'changed' }).first().waitFor()
    expect(faults).toEqual([])
  })

  test('shows only feeds of a state, where one is chosen', async () => {
    const page = await open()
    await page.locator('.summary button', { hasText: 'fresh' }).click()
    await page.locator('feed-card').first().waitFor()
    server.answers.set('quotes', 503)
    await page.locator('.summary button', { hasText: 'stale' }).waitFor()
    await page.locator('text=No feed is fresh just now.').waitFor()
    await page.locator('button:text("Show all")').click()
    await page.locator('feed-card').first().waitFor()
  })
})

describe('the rows of a feed', () => {
  test('of what happened have no chart: each is there once', async () => {
    const page = await open('#/feed/happened')
    await page.locator('td').first().waitFor()
    expect(await page.locator('feed-chart').count()).toBe(0)
  })

  test('are filtered by the server; a filter that is none is said, and what was shown stays', async () => {
    const page = await open('#/feed/quotes')
    const field = page.locator('input[aria-label="Only rows where"]')
    await page.locator('td:text-is("DYNE")').waitFor()
    await field.fill('price > 101')
    await page.locator('td:text-is("ACME")').waitFor({ state: 'detached' })
    await page.locator('text=2 rows of 4').waitFor()
    await field.fill('price >')
    await page.locator('#filter-error', { hasText: 'where' }).waitFor()
    expect(await page.locator('td:text-is("DYNE")').count()).toBe(1)
    await field.fill('ru')
    await page.locator('text=1 row of 4').waitFor()
    await page.locator('td:text-is("CRUX")').waitFor()
    await field.fill('id == CRUX')
    await page.locator('text=There is no column “CRUX”; a text stands in quotes').waitFor()
    await page.locator('button:text-is("Show all")').click()
    await page.locator('td:text-is("ACME")').waitFor()
    expect(await field.inputValue()).toBe('')
  })

  test('are copied as they are shown: with the columns that were chosen', async () => {
    const page = await open('#/feed/quotes')
    await page.locator('summary:text-is("Columns")').click()
    for (const column of ['lat', 'lon', 'sector']) await page.locator('.menu label', { hasText: column }).click()
    await page.locator('th', { hasText: 'sector' }).waitFor({ state: 'detached' })
    await page.locator('button:text("Copy CSV")').click()
    await page.locator('[role=status]', { hasText: '4 rows copied as CSV' }).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('id,price\r\nACME,100\r\nBOLT,101\r\nCRUX,102\r\nDYNE,103\r\n')
  })

  test('are on a map where they have places, and what is pointed at is told', async () => {
    const page = await open('#/feed/quotes')
    const canvas = page.locator('row-map canvas')
    await canvas.scrollIntoViewIfNeeded()
    const box = await canvas.boundingBox()
    await page.locator('.map-detail', { hasText: '4 places' }).waitFor()
    // The most southern, in the corner that the margin leaves.
    const y = (box?.height ?? 0) - 22
    for (let x = 22; x < (box?.width ?? 0); x += 8) {
      await canvas.hover({ position: { x, y } })
      if ((await page.locator('.map-detail b').count()) > 0) break
    }
    expect(await page.locator('.map-detail b').textContent()).toBe('ACME')
  })
})

describe('how the rows came to be', () => {
  test('a row tells, by the keyboard alone, what it is made of, further and further in', async () => {
    const page = await open('#/feed/sectors')
    await page.locator('tr[data-key="a"] .opener').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    const sheet = page.locator('dialog.sheet')
    await sheet.locator('h2', { hasText: /^b\s+sectors/ }).waitFor()
    await sheet.locator('h4:text-is("2 rows of quotes")').waitFor()
    await sheet.locator('dt a:text-is("quotes")').waitFor()
    await sheet.locator('button:text-is("CRUX")').press('Enter')
    await sheet.locator('dd:text-is("102")').waitFor()
    server.answers.set('quotes', quotes(400))
    await sheet.locator('dd:text-is("402")').waitFor()
    await sheet.locator('nav button').press('Enter')
    await sheet.locator('h2', { hasText: /^b/ }).waitFor()
    expect(await axe(page)).toEqual([])
    await page.keyboard.press('Escape')
    await sheet.waitFor({ state: 'hidden' })
    expect(await page.evaluate('document.activeElement.className')).toBe('opener')
    expect(faults).toEqual([])
  })

  test('steps from the source on, frames, snippets and the schema are there once they are unfolded', async () => {
    const page = await open('#/feed/past')
    await page.locator('summary', { hasText: 'Steps' }).click()
    await page.locator('.stage', { hasText: 'sectors' }).locator('.steps li', { hasText: 'group' }).filter({ hasText: /4.*2/ }).waitFor()
    expect(await page.locator('.stage p').allTextContents()).toEqual([
      expect.stringMatching(
        /quotes\s+4 rows\s+polls\s+boards\.market\.tiles\[0\]\.column: no row has a column 'prise'; did you mean 'price'\?/,
      ),
      expect.stringMatching(/sectors\s+2 rows/),
      expect.stringMatching(/past\s+\d+ rows/),
    ])
    await page.locator('summary', { hasText: 'Frames' }).click()
    server.answers.set('quotes', quotes(170))
    await page.locator('feed-frames tr', { hasText: 'delta' }).first().waitFor()
    await page.locator('summary', { hasText: 'program' }).click()
    await page.locator('feed-snippets button:text-is("curl")').click()
    expect(await page.locator('feed-snippets pre').textContent()).toContain(`${server.url}feeds/past`)
    await page.locator('summary', { hasText: 'Schema' }).click()
    await page.locator('feed-schema td', { hasText: 'price' }).waitFor()
    expect(faults).toEqual([])
  })

  test('a chart is zoomed and paused by the keyboard', async () => {
    const page = await open('#/feed/past')
    await page.locator('.plot canvas').waitFor()
    await page.locator('button[aria-label=Nearer]').press('Enter')
    await page.locator('button:text("Reset zoom")').press('Enter')
    await page.locator('button:text("Reset zoom")').waitFor({ state: 'detached' })
    await page.locator('button:text-is("Pause")').press('Enter')
    await page.locator('button[aria-pressed=true]:text-is("Play")').waitFor()
  })

  test('a chart that is paused tells what it shows: lines, values and legend are those of then', async () => {
    const page = await open('#/feed/quotes')
    const value = page.locator('.legend button', { hasText: 'ACME' }).locator('.value')
    await value.filter({ hasText: /^100$/ }).waitFor()
    await page.locator('button:text-is("Pause")').click()
    server.answers.set('quotes', quotes(170))
    await page.locator('td:text-is("170")').waitFor()
    await page.locator('.legend button', { hasText: 'BOLT' }).click()
    expect(await value.textContent()).toBe('100')
    const plot = await page.locator('.plot .u-over').boundingBox()
    await page.mouse.move((plot?.x ?? 0) + (plot?.width ?? 0) - 2, (plot?.y ?? 0) + 20)
    expect(await value.textContent()).toBe('100')
    await page.locator('button:text-is("Play")').click()
    await page.mouse.move(5, 5)
    await value.filter({ hasText: /^170$/ }).waitFor()
    expect(faults).toEqual([])
  })
})

describe('for everyone', () => {
  test.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)('axe finds nothing to blame, and nothing is wider than the screen: %s, %i px', async (colorScheme, width) => {
    const page = await open('', { colorScheme, viewport: { width, height: 900 } })
    server.answers.set('quotes', quotes(300))
    await page.locator('section[aria-label=Firing] .badge').waitFor()
    const wide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    expect([await axe(page), await page.evaluate(wide)]).toEqual([[], 0])
    await page.goto(`${server.url}#/source/quotes`)
    await page.locator('.beat[tabindex="0"]').waitFor()
    await page.locator('summary').first().click()
    expect([await axe(page), await page.evaluate(wide)]).toEqual([[], 0])
    await page.goto(`${server.url}#/feed/quotes`)
    await page.locator('row-map canvas').waitFor()
    for (const name of ['Steps', 'Frames', 'program', 'Schema', 'Columns']) await page.locator('summary', { hasText: name }).click()
    await page.locator('feed-schema td').first().waitFor()
    await page.locator('.way li').first().waitFor()
    expect([await axe(page), await page.evaluate(wide)]).toEqual([[], 0])
  })
})
