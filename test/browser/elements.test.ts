import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { HostPage } from '../support/host-page.ts'
import { PageServer } from '../support/page-server.ts'
import { startPrefixProxy } from '../support/prefix-proxy.ts'

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const quotes = (price: number) => ['ACME', 'BOLT', 'CRUX'].map((id, i) => ({ id, price: price + i, memoryBytes: 1000 * (i + 1) }))
const low = { from: 'quotes', steps: [{ alert: { when: 'price < 200', severity: 'warning', text: '{{id}} costs {{price}}' } }] }

/** The same rows, shown as the config says. */
const shown = {
  from: 'quotes',
  columns: {
    id: { label: 'Name' },
    price: { label: 'Price', unit: 'EUR', decimals: 2, thresholds: { warning: 101, critical: 102 } },
    memoryBytes: { hidden: true },
  },
}

let browser: Browser
let host: HostPage
/** Allows pages of `host`, which is another origin. */
let server: PageServer
/** Allows no other. */
let closed: PageServer
let faults: string[]
/** Addresses of the WebSockets that were opened. */
let sockets: string[]

beforeAll(async () => {
  host = await HostPage.start()
  ;[browser, server, closed] = await Promise.all([
    launchBrowser(),
    PageServer.start({ quotes: quotes(100) }, undefined, { server: { origins: [host.origin] }, feeds: { low, shown } }),
    PageServer.start({ quotes: quotes(100) }),
  ])
})
afterAll(async () => {
  await browser.close()
  await Promise.all([server.close(), closed.close(), host.close()])
})
afterEach(() => {
  server.answers.set('quotes', quotes(100))
})

/** A page of the other origin with `markup` in it, and the script of `url`. */
async function open(
  markup: string,
  { url = server.url, ...options }: BrowserContextOptions & { readonly url?: string } = {},
): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 900, height: 900 }, ...options })
  onTestFinished(() => context.close())
  faults = []
  sockets = []
  const page = await context.newPage()
  page.setDefaultTimeout(8000)
  page.on('websocket', socket => sockets.push(socket.url()))
  page.on('pageerror', error => faults.push(String(error)))
  page.on('console', message => {
    // A server that is away is reported by the browser itself.
    if (message.type() === 'error' && !/WebSocket|favicon/.test(`${message.text()} ${message.location().url}`)) faults.push(message.text())
  })
  page.on('request', request => {
    if (![host.origin, new URL(url).origin].includes(new URL(request.url()).origin)) faults.push(`request to ${request.url()}`)
  })
  await page.goto(host.serve('/', url, `<script type="module" src="${url}elements.js"></script><main><h1>Prices</h1>${markup}</main>`))
  return page
}

async function axe(page: Page): Promise<readonly string[]> {
  // The page's own policy lets no script of a test in.
  const session = await page.context().newCDPSession(page)
  await session.send('Runtime.evaluate', { expression: readFileSync(axeFile, 'utf8') })
  return page.evaluate<readonly string[]>(
    'axe.run().then(({violations}) => violations.flatMap(({id, nodes}) => nodes.map(({html}) => id + ": " + html)))',
  )
}

const all = `<millrace-value feed="quotes" key="BOLT" column="price" label="Bolt" spark></millrace-value>
  <millrace-freshness feed="quotes"></millrace-freshness>
  <millrace-alerts feed="low"><h2 slot="title">Low prices</h2></millrace-alerts>
  <millrace-chart feed="quotes" column="price"><h2 slot="title">Chart</h2></millrace-chart>
  <millrace-table feed="quotes" sortable><h2 slot="title">All</h2></millrace-table>`

test.each(['light', 'dark'] as const)(
  'on another origin that is allowed: all of them live by one connection, nothing to blame, %s',
  async scheme => {
    const page = await open(all, { colorScheme: scheme })
    await page.locator('millrace-value p.value:text-is("101")').waitFor()
    await page.locator('millrace-value .label:text-is("Bolt")').waitFor()
    await page.locator('millrace-freshness .word:text-is("fresh")').waitFor()
    await page.locator('millrace-alerts li', { hasText: 'firing' }).filter({ hasText: 'ACME costs 100' }).waitFor()
    await page.locator('millrace-chart .legend', { hasText: 'CRUX' }).waitFor()
    await page.locator('millrace-chart canvas').waitFor()
    await page.locator('millrace-table td:text-is("2.0 kB")').waitFor()
    server.answers.set('quotes', quotes(300))
    await page.locator('millrace-value p.value:text-is("301")').waitFor()
    await page.locator('millrace-alerts li', { hasText: 'resolved' }).first().waitFor()
    expect(sockets).toEqual([server.url.replace('http', 'ws') + 'ws'])
    expect(faults).toEqual([])
    expect(await axe(page)).toEqual([])
  },
)

test('what is written is followed when it changes, by script and by keyboard; events tell of rows, freshness and refusals', async () => {
  const page = await open(`<millrace-table feed="quotes" where="price > 100" columns="id,price" sortable></millrace-table>`)
  await page.locator('td:text-is("CRUX")').waitFor()
  expect(await page.locator('th').allTextContents()).toEqual(['id', 'price'].map(name => expect.stringContaining(name)))
  expect(await page.locator('td:text-is("ACME")').count()).toBe(0)
  await page.evaluate(`window.told = []
    for (const name of ['rows', 'freshness', 'error'])
      document.addEventListener('millrace-' + name, ({ detail }) => told.push([name, detail.rows?.length ?? detail.state ?? detail.code]))
    document.querySelector('millrace-table').where = ''`)
  await page.locator('td:text-is("ACME")').waitFor()
  await page.locator('th button', { hasText: 'price' }).focus()
  await page.keyboard.press('Enter')
  await page.locator('th[aria-sort=descending]', { hasText: 'price' }).waitFor()
  expect(await page.locator('td:first-child').allTextContents()).toEqual(['CRUX', 'BOLT', 'ACME'])
  await page.evaluate(`document.querySelector('millrace-table').setAttribute('feed', 'quote')`)
  // The page's own policy forbids what Playwright would wait with.
  await vi.waitFor(async () => expect(await page.evaluate('told')).toContainEqual(['error', 'not_found']), { timeout: 10_000 })
  expect(await page.evaluate('told')).toContainEqual(['rows', 3])
  expect(await page.locator('td:text-is("ACME")').count()).toBe(1)
})

test('what is written while the page is hidden is followed once it is shown; an attribute that is taken away is none', async () => {
  const page = await open(`<millrace-table feed="quotes" where="price > 100" order="-price" limit="2" columns="id,price"></millrace-table>`)
  await page.locator('td:text-is("CRUX")').waitFor()
  await page.evaluate(`window.isHidden = true
    Object.defineProperty(document, 'hidden', { get: () => isHidden, configurable: true })
    for (const name of ['where', 'limit', 'columns', 'order']) document.querySelector('millrace-table').removeAttribute(name)`)
  await page.evaluate('new Promise(requestAnimationFrame)')
  expect(await page.locator('td:text-is("ACME")').count()).toBe(0)
  await page.evaluate(`isHidden = false; document.dispatchEvent(new Event('visibilitychange'))`)
  await page.locator('td:text-is("ACME")').waitFor()
  expect(await page.locator('th').count()).toBe(3)
  expect(faults).toEqual([])
})

test('columns are shown as the config of the server says', async () => {
  const page = await open('<millrace-table feed="shown"></millrace-table><millrace-value feed="shown" key="ACME"></millrace-value>')
  await page.locator('td:text-is("100.00")').waitFor()
  expect((await page.locator('th').allInnerTexts()).map(text => text.replace(/\s+/g, ' '))).toEqual(['Name', 'Price EUR'])
  expect(await page.locator('td .alarm.tone-down').allInnerTexts()).toEqual(['102.00'])
  expect(await page.locator('td .alarm.tone-degraded').allInnerTexts()).toEqual(['101.00'])
  await page.locator('p.value:text-is("100.00 EUR")').waitFor()
  await page.locator('.label:text-is("ACME · Price")').waitFor()
  // Hidden is what nobody asks for by name.
  await page.evaluate(`document.querySelector('millrace-value').column = 'memoryBytes'`)
  await page.locator('p.value:text-is("1.0 kB")').waitFor()
  expect(faults).toEqual([])
})

test('theme and bare are properties, too', async () => {
  const page = await open('<millrace-value feed="quotes" column="price"></millrace-value>', { colorScheme: 'light' })
  await page.locator('p.value').waitFor()
  const look = () =>
    page.evaluate<readonly unknown[]>(`(element => [getComputedStyle(element).colorScheme, element.getAttribute('theme'),
    getComputedStyle(element.shadowRoot.querySelector('.frame')).borderTopWidth])(document.querySelector('millrace-value'))`)
  expect(await look()).toEqual(['light dark', null, '1px'])
  await page.evaluate(`Object.assign(document.querySelector('millrace-value'), { theme: 'dark', bare: true })`)
  await expect.poll(look).toEqual(['dark', 'dark', '0px'])
  await page.evaluate(`Object.assign(document.querySelector('millrace-value'), { theme: '', bare: false })`)
  await expect.poll(look).toEqual(['light dark', null, '1px'])
  expect(faults).toEqual([])
})

test('what cannot be shown is said: no such feed, no alerts, no such row', async () => {
  const page = await open(`<millrace-table feed="quote"></millrace-table><millrace-alerts feed="quotes"></millrace-alerts>
    <millrace-value feed="quotes" key="NONE" column="price"></millrace-value>`)
  await page.locator('millrace-table [role=alert]', { hasText: "did you mean 'quotes'?" }).waitFor()
  await page.locator('millrace-alerts', { hasText: 'it is a feed of kind table' }).waitFor()
  await page.locator('millrace-value', { hasText: 'No rows just now.' }).waitFor()
})

test('a server that is away: the last rows stay, marked; then fresh again without a reload', async () => {
  const own = await PageServer.start({ quotes: quotes(100) }, undefined, { server: { origins: [host.origin] } })
  onTestFinished(() => own.close())
  const page = await open('<millrace-table feed="quotes"></millrace-table>', { url: own.url })
  await page.locator('td:text-is("ACME")').waitFor()
  // As if it had been open for long.
  own.clockAheadMs = 30_000
  own.answers.set('quotes', quotes(350))
  await page.locator('td:text-is("350")').waitFor()
  await own.stop()
  await page.locator('.freshness .word:text-is("disconnected")').waitFor()
  expect(await page.locator('td:text-is("ACME")').count()).toBe(1)
  // Their age is that of the last change, and not of when the element began to read.
  expect(await page.locator('.freshness .age').textContent()).toMatch(/last updated (just now|[12]\.\d s ago)/)
  own.answers.set('quotes', quotes(400))
  await own.listen()
  await page.locator('td:text-is("400")').waitFor()
  await page.locator('.freshness .word:text-is("fresh")').waitFor()
})

test('a server that asks for a token: said until a script gives one, which is tried at once', async () => {
  const token = 'a-token-that-opens-everything-of-it'
  const asking = await PageServer.start(
    { quotes: quotes(100) },
    { tokens: [{ name: 'all', token }] },
    { server: { origins: [host.origin] } },
  )
  onTestFinished(() => asking.close())
  const page = await open('<millrace-table feed="quotes"></millrace-table>', { url: asking.url })
  await page.locator('millrace-table [role=alert]', { hasText: 'token' }).waitFor()
  await page.evaluate(`import('${asking.url}elements.js').then(({ shareConnection }) => void shareConnection('', { token: '${token}' }))`)
  await page.locator('td:text-is("ACME")').waitFor()
  await page.locator('.freshness .word:text-is("fresh")').waitFor()
  expect(faults).toEqual([])
})

test('under a path prefix the server is where the script came from; removed elements are readers no longer', async () => {
  const proxy = await startPrefixProxy(server.url, '/live/')
  onTestFinished(() => proxy.close())
  const page = await open('<millrace-value feed="quotes" column="price"></millrace-value>', { url: proxy.url })
  await page.locator('p.value:text-is("100")').waitFor()
  const readers = async () => {
    const response = await fetch(`${server.url}feeds/$feeds?where=feed=="quotes"&fields=readers`)
    return ((await response.json()) as { readonly rows: readonly { readonly readers: number }[] }).rows[0]?.readers
  }
  await expect.poll(readers, { timeout: 8000 }).toBe(1)
  await page.evaluate(`document.querySelector('millrace-value').remove()`)
  await expect.poll(readers, { timeout: 8000 }).toBe(0)
  expect(faults).toEqual([])
})

test('an origin that is not allowed gets no script and no frame; one that is gets both', async () => {
  const allowed = await open(`<iframe title="live" src="${server.url}"></iframe>`)
  await allowed.frameLocator('iframe').locator('feed-card').first().waitFor()
  expect(faults).toEqual([])
  const refused = await open(`<iframe title="live" src="${closed.url}"></iframe><millrace-value feed="quotes"></millrace-value>`, {
    url: closed.url,
  })
  await expect.poll(() => faults.join('\n'), { timeout: 8000 }).toMatch(/CORS policy[^]*frame-ancestors|frame-ancestors[^]*CORS policy/)
  expect(await refused.evaluate(`customElements.get('millrace-value') === undefined`)).toBe(true)
})
