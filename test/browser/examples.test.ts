import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { HostPage } from '../support/host-page.ts'
import { PageServer } from '../support/page-server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const movers = { from: 'quotes', steps: [{ top: { by: '-change', limit: 10 } }] }
const quotes = (change: number) =>
  ['ACME', 'BOLT'].map((id, i) => ({ id, symbol: id, name: `${id} Works`, price: 10 + i, change: change + i }))

let browser: Browser
let host: HostPage
let server: PageServer

beforeAll(async () => {
  host = await HostPage.start()
  ;[browser, server] = await Promise.all([
    launchBrowser(),
    PageServer.start({ quotes: quotes(1) }, undefined, { server: { origins: [host.origin] }, feeds: { movers } }),
  ])
})
afterAll(async () => {
  await browser.close()
  await Promise.all([server.close(), host.close()])
})

/** An example, with the address of the test's server in place of its own. */
function example(name: string): string {
  const text = readFileSync(file(`examples/${name}`), 'utf8')
  expect(text).toContain('http://127.0.0.1:8080')
  return text.replaceAll('http://127.0.0.1:8080/', server.url).replaceAll('http://127.0.0.1:8080', server.url)
}

async function open(body: string): Promise<{ readonly page: Page; readonly faults: string[] }> {
  const context = await browser.newContext({ locale: 'en-GB' })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(8000)
  const faults: string[] = []
  page.on('pageerror', error => faults.push(String(error)))
  host.pages.set('/', { policy: `default-src 'self' ${server.url} ${server.url.replace('http', 'ws')}`, body })
  await page.goto(`${host.origin}/`)
  return { page, faults }
}

test('elements.html: the elements in a page without a build', async () => {
  server.answers.set('quotes', quotes(1))
  const { page, faults } = await open(example('elements.html'))
  await page.locator('millrace-value .label:text-is("Best of the day, %")').waitFor()
  await page.locator('millrace-value p.value:text-is("2")').waitFor()
  await page.locator('millrace-chart canvas').waitFor()
  expect(await page.locator('millrace-table th').allInnerTexts()).toEqual(['symbol', 'name', 'price', 'change'])
  server.answers.set('quotes', quotes(7))
  await page.locator('millrace-value p.value:text-is("8")').waitFor()
  expect(faults).toEqual([])
})

test('react.jsx: useFeed', async () => {
  server.answers.set('quotes', quotes(1))
  const source = 'virtual-example.jsx'
  const built = await build({
    root,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    oxc: { jsx: { runtime: 'automatic', development: false } },
    define: { 'process.env.NODE_ENV': '"production"' },
    resolve: { alias: { 'millrace/client': file('dist/client/client.js'), 'millrace/react': file('dist/elements/react.js') } },
    plugins: [
      {
        name: 'example',
        resolveId: id => (id.endsWith(source) ? file(`examples/${source}`) : undefined),
        load: id => (id.endsWith(source) ? example('react.jsx') : undefined),
      },
    ],
    build: { write: false, lib: { entry: file(`examples/${source}`), formats: ['es'], fileName: () => 'react.js' } },
  })
  const [result] = [built].flat()
  const code = result !== undefined && 'output' in result ? result.output[0].code : ''
  host.pages.set('/react.js', { policy: '', body: code, type: 'text/javascript' })
  const { page, faults } = await open('<!doctype html><div id="movers"></div><script type="module" src="react.js"></script>')
  await page.locator('li', { hasText: 'BOLT Works 2 %' }).waitFor()
  await page.locator('h1:text-is("Movers (fresh)")').waitFor()
  server.answers.set('quotes', quotes(7))
  await page.locator('li', { hasText: 'BOLT Works 8 %' }).waitFor()
  server.answers.set('quotes', 503)
  await page.locator('h1:text-is("Movers (stale)")').waitFor()
  expect(await page.locator('li').count()).toBe(2)
  expect(faults).toEqual([])
})
