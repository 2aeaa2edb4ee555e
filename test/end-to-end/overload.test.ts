import { afterEach, expect, test, vi } from 'vitest'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import { createLogger } from '../../src/lib/log.ts'
import { GoodReaders } from '../support/good-readers.ts'
import { limitsMet } from '../support/metric.ts'
import { rawRequest, requestText, upgradeHeaders } from '../support/raw-request.ts'
import { RawReader } from '../support/raw-reader.ts'

/** Judges the load of the last 5 s after 1.5 s. */
const hurried: Clock = { ...systemClock(), after: (ms, run) => systemClock().after(ms === 5000 ? 1500 : ms, run) }

let good: GoodReaders
let blocking: NodeJS.Timeout | undefined

afterEach(async () => {
  clearInterval(blocking)
  await good.close()
})

/** The event loop is blocked for 400 ms, time after time, as by work that is too much for it. */
function block(): void {
  blocking = setInterval(() => {
    const until = performance.now() + 400
    while (performance.now() < until);
  }, 500)
}

test('overload: a loop that is blocked sheds longer throttles, then new views, then new connections; says so; and takes it back', async () => {
  const lines: string[] = []
  const log = createLogger({ level: 'info', destination: { write: line => void lines.push(line) } })
  const said = (): string[] => lines.map(line => (JSON.parse(line) as { shedding?: string }).shedding ?? '').filter(Boolean)
  good = await GoodReaders.start({ maxLoopDelay: '200ms' }, { clock: hurried, log })
  const held = await new RawReader(good.socketUrl('?feed=rows?limit=1')).open()
  await held.next('snapshot')
  block()
  await vi.waitUntil(() => good.server.health().shedding === 'no new connections', { timeout: 15_000 })
  expect(said()).toEqual(['longer throttles', 'no new views', 'no new connections'])
  const health = (await (await fetch(`${good.url}/health`)).json()) as object
  expect([health, await good.metric('millrace_shedding')]).toMatchObject([{ status: 'ok', shedding: 'no new connections' }, 3])

  const refused = await rawRequest(good.url, requestText('/ws', upgradeHeaders))
  expect([refused.status, refused.headers.get('retry-after'), refused.body]).toEqual([503, '5', 'maxLoopDelay: the server is overloaded'])
  held.send({ type: 'subscribe', id: 'new', feed: 'rows?limit=2' })
  expect(await held.next('error')).toMatchObject({
    id: 'new',
    code: 'too_many',
    retry: true,
    details: [{ limit: 'maxLoopDelay', value: 200 }],
  })
  expect(await limitsMet(good.url, 'maxLoopDelay')).toBe(2)
  // Who is in stays in, and is sent what is new about once a second.
  held.messages.length = 0
  const [first, second] = [await held.next('delta'), await held.next('delta')]
  expect(second.at - first.at).toBeGreaterThan(700)
  await good.areUndisturbed()

  clearInterval(blocking)
  await vi.waitUntil(() => good.server.health().shedding === 'none', { timeout: 30_000 })
  expect(said().slice(-3)).toEqual(['no new views', 'longer throttles', 'none'])
  held.send({ type: 'subscribe', id: 'again', feed: 'rows?limit=2' })
  expect(await held.next('subscribed')).toMatchObject({ id: 'again' })
  const guest = await new RawReader(good.socketUrl()).open()
  for (const { socket } of [held, guest]) socket.terminate()
}, 90_000)
