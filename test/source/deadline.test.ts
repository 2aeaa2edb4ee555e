import { expect, test } from 'vitest'
import { Deadline, readingMs } from '../../src/source/deadline.ts'
import { ManualClock } from '../support/manual-clock.ts'

test('an answer has the time of its source, and reading it a time of its own: a large one is no slow upstream', () => {
  const clock = new ManualClock()
  const deadline = new Deadline(clock, 1000)
  clock.advance(999)
  deadline.whole()
  clock.advance(readingMs - 1)
  expect([deadline.isOver, deadline.isWhole]).toEqual([false, true])
  clock.advance(2)
  expect(deadline.signal.aborted).toBe(true)
})

test('an answer that is late stays late; what is lifted or given up leaves no timer', () => {
  const clock = new ManualClock()
  const late = new Deadline(clock, 1000)
  clock.advance(1001)
  late.whole()
  expect([late.isOver, late.isWhole]).toEqual([true, false])
  new Deadline(clock, 1000).lift()
  const given = new Deadline(clock, 1000)
  given.abort()
  expect([given.isOver, clock.pending]).toEqual([true, 0])
})

test('who waits hears once that it is over, at once where it is, and not where that was cancelled; so does a signal', () => {
  const clock = new ManualClock()
  const deadline = new Deadline(clock, 1000)
  const heard: string[] = []
  deadline.whenOver(() => heard.push('early'))
  deadline.whenOver(() => heard.push('cancelled'))()
  deadline.whenOver(() => stay())
  const stay = deadline.whenOver(() => heard.push('cancelled by who heard before'))
  const { signal } = deadline
  expect([heard, signal.aborted, deadline.reason]).toEqual([[], false, undefined])
  clock.advance(1000)
  deadline.abort()
  deadline.whenOver(() => heard.push('late'))
  expect([heard, signal.aborted, deadline.isGivenUp]).toEqual([['early', 'late'], true, false])
  expect(signal.reason).toBe(deadline.reason)
  const given = new Deadline(clock, 1000)
  given.abort()
  expect([given.isGivenUp, given.signal.aborted]).toEqual([true, true])
})
