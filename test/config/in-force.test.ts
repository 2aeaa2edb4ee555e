import { describe, expect, test } from 'vitest'
import { ConfigInForce } from '../../src/config/in-force.ts'
import { limitsSchema } from '../../src/config/limits.options.ts'
import { serverSchema } from '../../src/config/server.options.ts'
import { good } from '../support/config.ts'

const sources = 'sources: {a: http://x}'

/** The keys that wait for a restart once the second config is taken over in place of the first. */
function waiting(before: string, after: string): readonly string[] {
  const inForce = new ConfigInForce(good(before), 0)
  inForce.take(good(after), 1)
  return inForce.needsRestart
}

describe('what waits for a restart', () => {
  test('is named by the keys of the config', () => {
    const other =
      'server: {port: 1, host: localhost, heartbeat: 5s}\nlimits: {maxMessage: 1KiB, upgradeTimeout: 1s}\nlog: {format: json}\nauth: none'
    expect(waiting(sources, `${sources}\n${other}`)).toEqual([
      'auth',
      'limits.maxMessage',
      'limits.upgradeTimeout',
      'log.format',
      'server.heartbeat',
      'server.host',
      'server.port',
    ])
  })

  test('is nothing of what is taken over: feeds, the log level, drain, and the limits that are looked at each time', () => {
    const other = 'server: {drain: 1s}\nlimits: {maxConnections: 5, maxHeap: off, checkEvery: 1s, sendWindow: 1MiB}\nlog: {level: debug}'
    expect(waiting(sources, `sources: {b: http://y}\nfeeds: {f: {from: b}}\n${other}`)).toEqual([])
  })

  test('is measured against the start: what is set back waits no more', () => {
    const inForce = new ConfigInForce(good(sources), 0)
    expect(inForce.take(good(`${sources}\nserver: {port: 1}`), 1)).toEqual({ outcome: 'accepted', settings: [] })
    expect(inForce.take(good('sources: {b: http://x}\nserver: {port: 1}\nlog: {level: warn}'), 2)).toEqual({
      outcome: 'accepted',
      settings: ['log.level'],
    })
    expect(inForce.needsRestart).toEqual(['server.port'])
    inForce.take(good(sources), 3)
    expect(inForce.needsRestart).toEqual([])
  })

  test('of each limit and key of the server has the name that the config knows', () => {
    const renamed = (section: object): string[] => Object.keys(section).map(key => key.replace(/(Ms|Bytes|Part)$/, ''))
    const { limits, server } = good(sources)
    expect(renamed(limits).sort()).toEqual(Object.keys(limitsSchema.shape).sort())
    expect(renamed(server).sort()).toEqual(Object.keys(serverSchema.shape).sort())
  })
})

describe('what became of configs', () => {
  test('is counted, and the last good one is in force', () => {
    const inForce = new ConfigInForce(good(sources), 10)
    expect(inForce).toMatchObject({ loadedAt: 10, error: undefined })
    inForce.refuse('two problems')
    expect(inForce).toMatchObject({ loadedAt: 10, error: 'two problems', counts: { accepted: 0, refused: 1, unchanged: 0 } })
    const other = good(`${sources}\nlog: {level: warn}`)
    inForce.take(other, 20)
    expect(inForce).toMatchObject({ current: other, loadedAt: 20, error: undefined, counts: { accepted: 1, refused: 1, unchanged: 0 } })
  })

  test('one that says the same in other words is unchanged, and ends a refusal', () => {
    const inForce = new ConfigInForce(good(sources), 10)
    inForce.refuse('two problems')
    inForce.take(good('# nothing new\nsources:\n  a: {url: "http://x", every: 10s}'), 20)
    expect(inForce).toMatchObject({ loadedAt: 20, error: undefined, counts: { accepted: 0, refused: 1, unchanged: 1 } })
  })
})
