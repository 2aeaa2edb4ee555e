import { describe, expect, test } from 'vitest'
import type { FeedFreshness } from '../../src/client/face.ts'
import { createFormat } from '../../src/elements/format.ts'
import { isOfNow, knownFreshness, viewFreshness } from '../../src/elements/freshness-view.ts'
import type { Freshness } from '../../src/model/freshness.ts'

const format = createFormat(['en-GB'])
const now = 1_769_090_000_000
const view = (freshness: FeedFreshness) => viewFreshness(freshness, now, format)

describe('what is said of a feed', () => {
  test('its values are of now while it is fresh, or a part of it is left out; not while all of it is kept from before', () => {
    const given = [
      { state: 'fresh' },
      { state: 'degraded', cause: 'key' },
      { state: 'degraded', cause: 'cardinality' },
      { state: 'degraded', cause: 'rows' },
      { state: 'degraded', cause: 'shape' },
      { state: 'stale', cause: 'http' },
      { state: 'waiting' },
    ] as const
    expect(given.map(isOfNow)).toEqual([true, true, true, false, false, false, false])
  })

  test('fresh: the age and the interval', () => {
    const seen = view({ state: 'fresh', since: 0, validatedAt: now - 1234, every: 5000 })
    expect(seen).toEqual({ tone: 'fresh', word: 'fresh', detail: 'updated 1.2 s ago, every 5 s', reason: '' })
  })

  test('an age below a second does not flicker', () => {
    expect(view({ state: 'fresh', since: 0, validatedAt: now - 300 }).detail).toBe('updated just now')
  })

  test('a clock that is behind shows no negative age', () => {
    expect(view({ state: 'fresh', since: 0, validatedAt: now + 9000 }).detail).toBe('updated just now')
  })

  test('stale: the cause in words, the last good answer, the next try, and why', () => {
    const seen = view({
      state: 'stale',
      cause: 'http',
      reason: 'upstream answered 503',
      since: 0,
      validatedAt: now - 44_000,
      next: now + 3000,
    })
    expect(seen.word).toBe('stale: HTTP error')
    expect(seen.detail).toBe('last good 44 s ago, next try in 3.0 s')
    expect(seen.reason).toBe('upstream answered 503')
  })

  test('paused is calm: no fault, no cause', () => {
    const seen = view({ state: 'stale', cause: 'paused', reason: 'nobody reads it', since: 0, validatedAt: now - 60_000 })
    expect(seen).toEqual({ tone: 'paused', word: 'paused', detail: 'last updated 1 min ago', reason: '' })
  })

  test('down without ever having had data says so', () => {
    expect(view({ state: 'down', cause: 'refused', since: 0 }).detail).toBe('no data yet')
  })

  test('a cause this page does not know is shown by its own word', () => {
    expect(view({ state: 'down', cause: 'gremlins' as never, since: 0 }).word).toBe('down: gremlins')
  })
})

describe('what is known best', () => {
  const facts: Freshness = { state: 'fresh', since: 0, validatedAt: now - 500, every: 5000 }
  const server = (connected: boolean) => ({ connected, now: () => now })

  test('without a connection nothing is called fresh, and the last proof stays', () => {
    const known = knownFreshness(facts, { state: 'fresh', since: 0 }, server(false))
    expect(known.state).toBe('disconnected')
    expect(view(known).detail).toBe('last updated just now')
  })

  test("the reader's own word goes before the board's, with the younger proof of both", () => {
    const known = knownFreshness(facts, { state: 'stale', cause: 'timeout', since: 0, validatedAt: now - 9000 }, server(true))
    expect(known).toMatchObject({ state: 'stale', cause: 'timeout', validatedAt: now - 500, every: 5000 })
  })

  test('a proof of a time to come is of a clock that was set back since: another one is believed', () => {
    const ahead = { state: 'stale', cause: 'timeout', since: 0, validatedAt: now + 3_600_000 } as const
    expect(knownFreshness(facts, ahead, server(true)).validatedAt).toBe(now - 500)
    expect(view(knownFreshness(undefined, ahead, server(true))).detail).toBe('last good just now')
  })

  test('before the reader has a word the board is believed', () => {
    expect(knownFreshness(facts, { state: 'disconnected', since: 0 }, server(true)).state).toBe('fresh')
    expect(knownFreshness(undefined, undefined, server(true)).state).toBe('waiting')
  })
})
