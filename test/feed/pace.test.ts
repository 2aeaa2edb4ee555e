import { beforeEach, describe, expect, test } from 'vitest'
import { Pace } from '../../src/feed/pace.ts'
import { ManualClock } from '../support/manual-clock.ts'

let clock: ManualClock
let ticks: number[]

beforeEach(() => {
  clock = new ManualClock()
  ticks = []
})

/** A pace whose ticks take so many ms. */
function paceOf(costMs: number): Pace {
  return new Pace(clock, () => {
    ticks.push(clock.monotonic())
    clock.advance(costMs)
  })
}

describe('a tick', () => {
  test('runs at once at rest', () => {
    const pace = paceOf(0)
    pace.request()
    pace.request()
    expect(ticks).toEqual([0, 0])
    expect(clock.pending).toBe(0)
  })

  test('waits as long again as the last one took; asks meanwhile are one', () => {
    const pace = paceOf(8)
    pace.request()
    for (let i = 0; i < 5; i++) pace.request()
    expect(ticks).toEqual([0])
    clock.advance(7)
    expect(ticks).toEqual([0])
    clock.advance(1)
    expect(ticks).toEqual([0, 16])
  })

  test('waits 50 ms at most, however long the last one took', () => {
    const pace = paceOf(10_000)
    pace.request()
    pace.request()
    clock.advance(50)
    expect(ticks).toEqual([0, 10_050])
  })

  test('waits for further work of the last one too', () => {
    const pace = paceOf(0)
    pace.request()
    pace.spent(20)
    pace.request()
    clock.advance(19)
    expect(ticks).toEqual([0])
    clock.advance(1)
    expect(ticks).toEqual([0, 20])
  })

  test('waits for all of the work of the last one, also where it was asked for before that came', () => {
    const pace = paceOf(10)
    pace.request()
    pace.request()
    // At 10 it is asked for, to run at 20; three slices of a flush come first.
    for (let i = 0; i < 3; i++) {
      clock.advance(5)
      pace.spent(5)
    }
    clock.advance(24)
    expect(ticks).toEqual([0])
    clock.advance(1)
    expect(ticks).toEqual([0, 50])
  })

  test('that is asked for within a tick runs after it, not in it', () => {
    let depth = 0
    let deepest = 0
    const pace: Pace = new Pace(clock, () => {
      deepest = Math.max(deepest, ++depth)
      ticks.push(clock.monotonic())
      if (ticks.length < 3) pace.request()
      depth--
    })
    pace.request()
    expect(ticks).toHaveLength(1)
    clock.advance(0)
    expect({ deepest, ticks: ticks.length }).toEqual({ deepest: 1, ticks: 3 })
  })

  test('that throws does not end the ticks', () => {
    let times = 0
    const pace = new Pace(clock, () => {
      if (times++ === 0) throw new Error('a bug')
    })
    expect(() => pace.request()).toThrow('a bug')
    pace.request()
    expect(times).toBe(2)
  })

  test('that was asked for does not run once closed, nor does another', () => {
    const pace = paceOf(8)
    pace.request()
    pace.request()
    pace.close()
    expect(clock.pending).toBe(0)
    pace.request()
    clock.advance(100)
    expect(ticks).toEqual([0])
  })
})
