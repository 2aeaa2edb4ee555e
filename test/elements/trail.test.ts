import { describe, expect, test } from 'vitest'
import { Trail, Trails } from '../../src/elements/trail.ts'

const options = { windowMs: 10_000, stepMs: 100 }
const one = (value: number) => new Map([['a', value]])

describe('a trail', () => {
  test('what stands still moves its last point along, so that a jump is a jump and no slope', () => {
    const trail = new Trail(options)
    for (const time of [0, 1000, 2000, 3000]) trail.record(time, one(5))
    trail.record(4000, one(9))
    expect(trail.times).toEqual([0, 3000, 4000])
    expect(trail.line('a')).toEqual([5, 5, 9])
  })

  test('values that come faster than the step replace the last point', () => {
    const trail = new Trail(options)
    trail.record(0, one(1))
    for (const time of [200, 230, 290]) trail.record(time, one(time))
    expect(trail.times).toEqual([0, 290])
    trail.record(310, one(310))
    expect(trail.line('a')).toEqual([1, 290, 310])
  })

  test('a clock that is set back moves what is held along: lines go on, and nothing stands in a time to come', () => {
    const trail = new Trail(options)
    for (const [time, value] of [
      [3_600_000, 1],
      [3_601_000, 2],
      [3_602_000, 3],
    ] as const)
      trail.record(time, one(value))
    trail.record(3_601_900, one(9))
    expect(trail.line('a')).toEqual([1, 2, 3])
    trail.record(2000, one(4))
    trail.record(3000, one(5))
    expect([trail.times, trail.line('a')]).toEqual([
      [0, 1000, 2000, 3000],
      [1, 2, 4, 5],
    ])
  })

  test('a gap is a null, once, and no line is drawn over it', () => {
    const trail = new Trail(options)
    trail.record(0, one(1))
    for (const time of [1000, 2000]) trail.gap(time)
    trail.record(5000, one(1))
    expect(trail.times).toEqual([0, 1000, 5000])
    expect(trail.line('a')).toEqual([1, null, 1])
  })

  test('nothing known yet is no gap', () => {
    const trail = new Trail(options)
    trail.gap(0)
    expect(trail.times).toEqual([])
  })

  test('a line that begins later is as long as the others; one that ends goes on as null', () => {
    const trail = new Trail(options)
    trail.record(0, one(1))
    trail.record(1000, new Map([['b', 2]]))
    expect(trail.line('a')).toEqual([1, null])
    expect(trail.line('b')).toEqual([null, 2])
    expect(trail.line('never')).toEqual([null, null])
  })

  test('is bounded by its window, keeping the point that leads into it', () => {
    const trail = new Trail(options)
    for (let time = 0; time <= 60_000; time += 1000) trail.record(time, one(time))
    expect(trail.times[0]).toBe(49_000)
    expect(trail.times.length).toBe(12)
    expect(trail.line('a').length).toBe(12)
  })

  test('a clock that goes back adds nothing', () => {
    const trail = new Trail(options)
    trail.record(1000, one(1))
    trail.record(500, one(2))
    expect(trail.times).toEqual([1000])
  })
})

test('only the trails looked at last are kept', () => {
  const trails = new Trails(options, 2)
  const a = trails.of('a')
  trails.of('b')
  expect(trails.of('a')).toBe(a)
  trails.of('c')
  expect(trails.of('a')).toBe(a)
})
