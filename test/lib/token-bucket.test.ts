import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { TokenBucket } from '../../src/lib/token-bucket.ts'
import { ManualClock } from '../support/manual-clock.ts'

test('a burst at once, then as many a second as it says', () => {
  const clock = new ManualClock()
  const bucket = new TokenBucket(2, 3, clock)
  const take = (): boolean => bucket.take()
  expect([take(), take(), take(), take()]).toEqual([true, true, true, false])
  clock.advance(499)
  expect(take()).toBe(false)
  clock.advance(1)
  expect([take(), take()]).toEqual([true, false])
})

test('whatever is taken when: never more than the burst and what time has brought', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2000), { maxLength: 60 }), pauses => {
      const clock = new ManualClock()
      const bucket = new TokenBucket(5, 4, clock)
      let [taken, passedMs] = [0, 0]
      for (const pauseMs of pauses) {
        clock.advance(pauseMs)
        passedMs += pauseMs
        if (bucket.take()) taken++
        expect(taken).toBeLessThanOrEqual(4 + (passedMs / 1000) * 5 + 1e-6)
      }
    }),
  )
})

test('who uses more than there is owes it, a burst at most, and waits that much longer', () => {
  const clock = new ManualClock()
  const bucket = new TokenBucket(10, 5, clock)
  expect(bucket.waitMs).toBe(0)
  bucket.use(7)
  expect(bucket.waitMs).toBe(300)
  bucket.use(25)
  expect(bucket.waitMs).toBe(600)
  clock.advance(599)
  expect(bucket.take()).toBe(false)
  clock.advance(1)
  expect([bucket.waitMs, bucket.take(), Math.round(bucket.waitMs)]).toEqual([0, true, 100])
})
