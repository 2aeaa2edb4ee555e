import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { demoConfig } from '../../src/cli/demo/config.ts'
import { startUpstream, type Upstream } from '../../src/cli/demo/upstream.ts'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { MillraceServer } from '../../src/server.ts'
import { launchBrowser } from '../support/browser.ts'
import { good } from '../support/config.ts'

const machine = systemClock()
/** How far the upstream's clock is ahead: what it replays can be wound on. */
let aheadMs = 0
const clock: Clock = { ...machine, now: () => machine.now() + aheadMs }

let browser: Browser
let upstream: Upstream
let server: MillraceServer
let url: string

beforeAll(async () => {
  upstream = await startUpstream({ clock, random: seededRandom(7) })
  const config = good(demoConfig(upstream.url))
  server = new MillraceServer({ config: { ...config, server: { ...config.server, port: 0 } } })
  url = await server.listen()
  upstream.showUnplug(url)
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await server.close()
  await upstream.close()
})

async function open(address: string): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 1000 } })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const faults: string[] = []
  page.on('pageerror', error => faults.push(String(error)))
  onTestFinished(() => expect(faults).toEqual([]))
  await page.goto(address)
  return page
}

test('unplug it: whatever the upstream does, the loop says that it is live; Millrace says what is so, and keeps what it had', async () => {
  const page = await open(`${upstream.url}/unplug`)
  const [loop, live] = [page.locator('.loop'), page.locator('millrace-table')]
  const unplug = (what: string) => page.locator(`button:text-is("${what}")`).click()
  const says = (text: string) => live.locator('.word', { hasText: text }).waitFor()
  await says('fresh')
  await loop.locator('td').first().waitFor()

  await unplug('hangs')
  await says('no answer in time')
  const stood = await loop.locator('tbody').innerText()
  expect(await live.locator('tbody tr[data-key]').count()).toBe(8)
  expect(await loop.locator('header span').innerText()).toBe('live')

  await unplug('answers []')
  await says('degraded: rows gone')
  await expect.poll(() => loop.locator('td').count(), { timeout: 8000 }).toBe(0)
  expect(await live.locator('tbody tr[data-key]').count()).toBe(8)
  expect(await loop.locator('header span').innerText()).toBe('live')

  await unplug('dies')
  await says('connection reset')
  expect(await live.locator('tbody tr[data-key]').count()).toBe(8)
  expect(await loop.locator('header span').innerText()).toBe('live')

  await unplug('runs')
  await says('fresh')
  await expect.poll(() => loop.locator('tbody').innerText(), { timeout: 8000 }).not.toBe(stood)
})

test('the switch obeys its own page alone', async () => {
  const turn = async (headers: Record<string, string>, what = 'hang') =>
    (await fetch(`${upstream.url}/switch/${what}`, { method: 'POST', headers })).status
  expect([await turn({}), await turn({ Origin: 'http://evil.example' }), await turn({ Origin: upstream.url }, 'explode')]).toEqual([
    403, 403, 404,
  ])
})

test('the storm: map, counties and a firing alert move together', async () => {
  const page = await open(`${url}/#/board/storm`)
  await page.locator('board-map .map-detail', { hasText: '160 places' }).waitFor()
  await page.locator('millrace-alerts', { hasText: 'No alerts.' }).waitFor()
  const counties = page.locator('millrace-table tbody tr[data-key]')
  expect(await counties.locator('td:nth-child(2)').allInnerTexts()).toEqual(Array.from({ length: 8 }, () => '0'))

  // To the third hour of the day: the front has come in from the coast.
  aheadMs = 180_000
  await page.locator('millrace-alerts li.alert-firing', { hasText: 'Coast' }).waitFor()
  await page.locator('millrace-table .alarm', { hasText: '%' }).first().waitFor()
  const struck = await counties.first().locator('td').allInnerTexts()
  expect(['Coast', 'Delta', 'Lowland']).toContain(struck[0])
  expect(await page.locator('millrace-table td', { hasText: 'Forest' }).count()).toBe(1)
  const dark = 'document.querySelector("board-map").rows.filter(({ out }) => out > 0).map(({ county }) => county)'
  const onMap = new Set(await page.evaluate<readonly string[]>(dark))
  expect(onMap.has('Coast') && !onMap.has('Forest')).toBe(true)

  // To the end of the day: all is repaired.
  aheadMs = 1_390_000
  await page.locator('millrace-alerts li.alert-resolved', { hasText: 'Coast' }).waitFor()
  expect(await page.locator('millrace-alerts li.alert-firing').count()).toBe(0)
  await expect.poll(() => page.evaluate(`${dark}.length`), { timeout: 8000 }).toBe(0)
})
