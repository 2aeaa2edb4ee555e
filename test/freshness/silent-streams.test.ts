import { afterEach, expect, test } from 'vitest'
import { compileConfig } from '../../src/compile.ts'
import { configOf } from '../../src/config/load.ts'
import { Graph } from '../../src/feed/graph.ts'
import { fastForward } from '../../src/lib/fast-forward.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { VirtualClock } from '../../src/lib/virtual-clock.ts'
import type { Freshness } from '../../src/model/freshness.ts'
import type { Tap } from '../../src/source/link.ts'
import { Exchange } from './faulty-upstream.ts'

let graph: Graph | undefined

afterEach(() => graph?.close())

/** What becomes of a connection of a stream, by its number from 0, once it was let in. */
type Talk = (connection: Exchange, number: number) => void

/** A source of a stream on virtual time, and how far it is believed. */
function streaming(clock: VirtualClock, talk: Talk): { readonly freshness: () => Freshness | undefined } {
  const s = { url: 'http://upstream.example/events', every: '1s', key: 'id', demand: 'always', maxBackoff: '8s' }
  const loaded = configOf({ sources: { s } })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  let connections = 0
  const tap: Tap = link => () => (_, handler) => {
    const connection = new Exchange(handler, clock)
    link.connecting = false
    connection.after(5, () => {
      connection.begin(200, { 'content-type': 'text/event-stream' }, '')
      talk(connection, connections++)
    })
    return true
  }
  const deps = { clock, random: seededRandom(1), log: silentLogger, limited: () => undefined }
  const { sources, feeds } = compileConfig(loaded.config, { ...deps, taps: { link: () => tap, origin: (_, origin) => origin } })
  const made = (graph = new Graph({ ...deps, sources, feeds }))
  made.start()
  return { freshness: () => made.feed('s')?.freshness }
}

/** 10 x `every`, at least 60 s, then `staleAfter`, of 3 x `every`. */
const promisedMs = 60_000 + 3000

test.each<[string, (connection: Exchange) => void, string]>([
  [
    'is let in again and again, and ends',
    connection => connection.after(600, () => connection.end()),
    'upstream.example:80: the connection ended before anything was said',
  ],
  ['stays open', () => undefined, 'upstream.example:80: connected, but nothing was said within 1s'],
])(
  'a stream that falls silent and %s is fresh for no longer than was promised, and again with the first byte',
  async (_, silent, reason) => {
    const clock = new VirtualClock(1_769_090_000_000)
    let isSilent = true
    let last: Exchange | undefined
    const { freshness } = streaming(clock, (connection, number) => {
      last = connection
      if (number === 0) connection.say('id: 7\ndata: [{"id":1,"v":1}]\n\n')
      if (isSilent) silent(connection)
      else connection.say(': still here\n')
    })
    await fastForward(clock, 1000)
    expect(freshness()?.state).toBe('fresh')
    await fastForward(clock, promisedMs)
    for (let seconds = 0; seconds < 500; seconds++) {
      expect(freshness()?.state).not.toBe('fresh')
      await fastForward(clock, 1000)
    }
    expect(freshness()?.reason).toBe(reason)
    isSilent = false
    last?.say(': still here\n')
    await fastForward(clock, 10_000)
    expect(freshness()?.state).toBe('fresh')
  },
)
