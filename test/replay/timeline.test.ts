import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Timeline, type Kept } from '../../src/replay/timeline.ts'

function kept(at: number, record: number, more: Partial<Kept> = {}): Kept {
  return { at, record, status: 200, etag: undefined, modified: undefined, ...more }
}

function timeline(...all: Kept[]): Timeline {
  const made = new Timeline()
  for (const one of all) made.add(one)
  return made
}

test('the nearest in time is found, whatever the order in which they ended', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1 }), fc.integer({ min: -10, max: 1100 }), (times, at) => {
      const found = timeline(...times.map((time, i) => kept(time, i))).find({ at })
      const least = Math.min(...times.map(time => Math.abs(time - at)))
      expect(Math.abs((found?.at ?? Number.NaN) - at)).toBe(least)
    }),
  )
  expect(new Timeline().find({ at: 0 })).toBeUndefined()
  expect(timeline(kept(0, 0), kept(10, 1)).find({ at: 5 })?.record).toBe(0)
})

test('what confirms a body is for who holds that body; anybody else is given the body', () => {
  const answers = timeline(
    kept(0, 0, { etag: '"a"', modified: 'Mon' }),
    kept(10, 1, { status: 304, etag: '"a"' }),
    kept(20, 2, { etag: '"b"' }),
    kept(30, 3, { status: 304 }),
  )
  expect(answers.find({ at: 10, ifNoneMatch: '"a"' })?.record).toBe(1)
  expect(answers.find({ at: 10, ifModifiedSince: 'Mon' })?.record).toBe(1)
  expect(answers.find({ at: 10 })?.record).toBe(0)
  expect(answers.find({ at: 30, ifNoneMatch: '"a"' })?.record).toBe(2)
  expect(answers.find({ at: 30, ifNoneMatch: '"b"' })?.record).toBe(3)
  // It began in the midst of things.
  expect(timeline(kept(0, 0, { status: 304 }), kept(10, 1)).find({ at: 0 })?.record).toBe(1)
  expect(timeline(kept(0, 0, { status: 304 })).find({ at: 0 })).toBeUndefined()
})
