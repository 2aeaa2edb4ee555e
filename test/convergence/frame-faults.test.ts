import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { connect } from '../../src/client-node.ts'
import type { Feed, Millrace } from '../../src/client/face.ts'
import { configOf } from '../../src/config/load.ts'
import type { Row } from '../../src/model/row.ts'
import { MillraceServer } from '../../src/server.ts'
import { FrameProxy, type Tamper } from '../support/frame-proxy.ts'
import { json, Upstream } from '../support/upstream.ts'
import { stateText } from './truth.ts'

let upstream: Upstream
let server: MillraceServer
let proxy: FrameProxy
let millrace: Millrace
let feed: Feed
let isStill: boolean
let polls: number
/** Tables that the upstream answered. */
let truth: Set<string>
/** Tables that the client showed. */
let shown: string[]

beforeEach(async () => {
  polls = 0
  isStill = false
  truth = new Set()
  shown = []
  upstream = await Upstream.start((request, response) => {
    if (!isStill) polls++
    const rows = Array.from({ length: 9 }, (_, i): Row => ({ id: `r${i}`, n: Math.floor((polls + i) / 9), m: polls % 7, still: 0 }))
    truth.add(stateText(rows))
    json(rows)(request, response)
  })
  const config = configOf({
    server: { port: 0, drain: '100ms' },
    limits: { checkEvery: '1s' },
    sources: { rows: { url: upstream.url, every: '20ms', key: 'id' } },
  })
  if (!config.ok) throw new Error(JSON.stringify(config.problems))
  server = new MillraceServer({ config: config.config })
  proxy = await FrameProxy.start(`${(await server.listen()).replace('http', 'ws')}/ws`)
  millrace = connect(proxy.url)
  feed = millrace.feed('rows')
  feed.subscribe(rows => void shown.push(stateText(rows)))
  await vi.waitUntil(() => shown.length > 5, { timeout: 5000 })
})

afterEach(async () => {
  millrace.close()
  proxy.close()
  await server.close()
  await upstream.close()
})

function isDelta(message: string): boolean {
  return message.startsWith('{"type":"delta"')
}

/** The first delta that comes goes through `how`; all else as it is. */
function once(how: (delta: string, next: (message: string) => boolean) => readonly string[] | undefined): Tamper {
  let isDone = false
  return message => {
    if (isDone || !isDelta(message)) return [message]
    const instead = how(message, isDelta)
    if (instead === undefined) return [message]
    isDone = true
    return instead
  }
}

/** Goes on for as many further tables, then everything stands still and the client must have the end. */
async function convergence(): Promise<void> {
  const before = shown.length
  await expect.poll(() => shown.length, { timeout: 10_000 }).toBeGreaterThan(before + 40)
  isStill = true
  await expect.poll(() => [feed.freshness.state, stateText(feed.rows ?? [])], { timeout: 10_000 }).toEqual(['fresh', [...truth].at(-1)])
}

describe('a message that TCP would never', () => {
  test('drop: the next one shows the gap; one resync, no loop, and nothing untrue was shown', async () => {
    proxy.tamper = once(() => [])
    await convergence()
    expect(feed.stats.resyncs).toBe(1)
    expect(shown.filter(state => !truth.has(state))).toEqual([])
  })

  test('reorder: one resync, no loop, and nothing untrue was shown', async () => {
    let held: string | undefined
    let isDone = false
    proxy.tamper = message => {
      if (isDone || !isDelta(message)) return [message]
      if (held === undefined) {
        held = message
        return []
      }
      isDone = true
      return [message, held]
    }
    await convergence()
    expect(feed.stats.resyncs).toBe(1)
    expect(shown.filter(state => !truth.has(state))).toEqual([])
  })

  test('alter without a sign: the next checksum shows it; one resync, no loop, and what comes after is true', async () => {
    proxy.tamper = once(delta => {
      const altered = delta.replace(/"m":(\d)/, '"m":$1,"still":1')
      return altered === delta ? undefined : [altered]
    })
    await expect.poll(() => feed.stats.resyncs, { timeout: 10_000 }).toBe(1)
    await expect.poll(() => truth.has(shown.at(-1) ?? ''), { timeout: 5000 }).toBe(true)
    const healed = shown.length
    await convergence()
    expect(feed.stats.resyncs).toBe(1)
    expect(shown.slice(healed).filter(state => !truth.has(state))).toEqual([])
  })

  test('repeat: it is ignored', async () => {
    proxy.tamper = once(delta => [delta, delta])
    await convergence()
    expect(feed.stats.resyncs).toBe(0)
    expect(shown.filter(state => !truth.has(state))).toEqual([])
  })
})
