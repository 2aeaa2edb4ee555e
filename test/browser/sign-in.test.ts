import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { PageServer } from '../support/page-server.ts'

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const tokens = { all: 'token-of-all-feeds', some: 'token-of-one-feed' }
const known = [
  { name: 'all', token: tokens.all, feeds: ['*'], admin: false },
  { name: 'some', token: tokens.some, feeds: ['quotes'], admin: false },
]
const rows = (price: number): object[] => [{ id: 'ACME', price }]

let browser: Browser
let server: PageServer
/** Every URL that was asked for. */
let urls: string[]

beforeAll(async () => {
  browser = await launchBrowser()
  server = await PageServer.start(
    { quotes: rows(100), wages: rows(5) },
    {
      tokens: known,
    },
  )
})
afterAll(async () => {
  await browser.close()
  await server.close()
})

async function open(hash = ''): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 } })
  onTestFinished(() => context.close())
  urls = []
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  page.on('request', request => urls.push(request.url()))
  page.on('websocket', socket => urls.push(socket.url()))
  await page.goto(server.url + hash)
  return page
}

const card = (page: Page, feed: string) => page.locator('feed-card', { has: page.locator(`h3 a:text-is("${feed}")`) })
const input = (page: Page) => page.getByRole('textbox', { name: 'Token' })

/** By the keyboard alone. */
async function signIn(page: Page, token: string): Promise<void> {
  await input(page).waitFor()
  await expect.poll(() => page.evaluate('document.activeElement?.id')).toBe('sign-in-token')
  await page.keyboard.type(token)
  await page.keyboard.press('Enter')
}

test('asks for a token before anything else, says when it is no good, and then shows what it opens', async () => {
  const page = await open()
  await page.locator('.connection .word:text-is("not signed in")').waitFor()
  await signIn(page, 'nobody-has-this-token')
  await page.locator('[role=alert]', { hasText: 'This token is not known to the server, or has ended.' }).waitFor()
  expect(await page.locator('feed-card').count()).toBe(0)
  expect(await input(page).getAttribute('aria-invalid')).toBe('true')
  await input(page).fill('')
  await page.keyboard.type(tokens.all)
  await page.keyboard.press('Enter')
  await card(page, 'wages').locator('.value:text-is("5")').waitFor()
  await page.locator('.connection .word:text-is("live")').waitFor()
  expect(await input(page).count()).toBe(0)
  expect(urls.join()).not.toContain('token')
})

test('the token is kept in the tab, not in a cookie or another tab, until one signs out', async () => {
  const page = await open('#/feed/quotes')
  await signIn(page, tokens.all)
  await page.locator('td:text-is("ACME")').waitFor()
  await page.reload()
  await page.locator('td:text-is("ACME")').waitFor()
  expect(await page.context().cookies()).toEqual([])
  const other = await page.context().newPage()
  await other.goto(server.url)
  await input(other).waitFor()
  await page.locator('button:text("Sign out")').click()
  await input(page).waitFor()
  expect(await page.evaluate('sessionStorage.length')).toBe(0)
})

test('a token that opens one feed shows that one, live, and no word of the others', async () => {
  const page = await open()
  await signIn(page, tokens.some)
  await card(page, 'quotes').locator('.value:text-is("100")').waitFor()
  await card(page, 'quotes').locator('.word:text-is("fresh")').waitFor()
  expect(await page.locator('feed-card').count()).toBe(1)
  expect(await page.content()).not.toContain('wages')
  await page.goto(`${server.url}#/feed/wages`)
  await page.locator('text=There is no feed “wages” on this server, or your token does not open it.').waitFor()
})

test('rights that are withdrawn while it is open: the rows go, with the reason; a token that is no more asks for another', async () => {
  onTestFinished(() => server.replaceTokens(known))
  const page = await open('#/feed/wages')
  await signIn(page, tokens.all)
  await page.locator('td:text-is("ACME")').waitFor()
  server.replaceTokens([{ name: 'all', token: tokens.all, feeds: ['quotes'], admin: false }])
  await page.locator('text=You may no longer read this feed: your token does not open it.').waitFor()
  expect(await page.locator('td:text-is("ACME")').count()).toBe(0)
  await page.locator('nav a:text-is("All feeds")').click()
  await card(page, 'wages').waitFor({ state: 'detached' })
  await card(page, 'quotes').locator('.value:text-is("100")').waitFor()
  server.replaceTokens([])
  await input(page).waitFor()
  await page.locator('[role=alert]', { hasText: 'has ended' }).waitFor()
  expect(await page.content()).not.toContain('quotes')
})

test.each(['light', 'dark'] as const)('axe finds nothing to blame, %s', async colorScheme => {
  const page = await open()
  await page.emulateMedia({ colorScheme })
  await signIn(page, 'nobody-has-this-token')
  await page.locator('[role=alert]', { hasText: 'not known' }).waitFor()
  await page.evaluate(readFileSync(axeFile, 'utf8'))
  const violations = await page.evaluate(
    'axe.run().then(({violations}) => violations.flatMap(({id, nodes}) => nodes.map(({html}) => id + ": " + html)))',
  )
  expect(violations).toEqual([])
})
