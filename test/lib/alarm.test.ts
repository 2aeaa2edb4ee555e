import { array, assert, constantFrom, integer, oneof, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { Alarm } from '../../src/lib/alarm.ts'
import { longestDelayMs } from '../../src/lib/clock.ts'
import { ManualClock } from '../support/manual-clock.ts'

test('an alarm rings once, when it was last set to, however it was moved before', () => {
  const steps = array(
    record({ afterMs: integer({ min: 0, max: 50 }), dueInMs: oneof(integer({ min: -10, max: 100 }), constantFrom(undefined)) }),
  )
  assert(
    property(steps, moves => {
      const clock = new ManualClock()
      const rung: number[] = []
      const alarm = new Alarm(clock, () => rung.push(clock.monotonic()))
      const expected: number[] = []
      let dueAt: number | undefined
      const pass = (ms: number): void => {
        clock.advance(ms)
        if (dueAt !== undefined && dueAt <= clock.monotonic()) {
          expected.push(dueAt)
          dueAt = undefined
        }
      }
      for (const { afterMs, dueInMs } of moves) {
        pass(afterMs)
        const now = clock.monotonic()
        alarm.set(dueInMs === undefined ? undefined : now + dueInMs)
        dueAt = dueInMs === undefined ? undefined : now + Math.max(0, dueInMs)
        expect(clock.pending).toBe(dueAt === undefined ? 0 : 1)
      }
      pass(1000)
      expect([rung, clock.pending]).toEqual([expected, 0])
    }),
  )
})

test('to move an alarm on touches no timer, and one beyond the longest delay of a timer rings in its time', () => {
  const clock = new ManualClock()
  let timers = 0
  let rung = 0
  const counting = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (delayMs: number, run: () => void) => {
      timers++
      return clock.after(delayMs, run)
    },
  }
  const alarm = new Alarm(counting, () => rung++)
  for (let i = 0; i < 10; i++) {
    alarm.set(clock.monotonic() + 30)
    clock.advance(10)
  }
  expect([timers, rung]).toEqual([5, 0])
  alarm.set(clock.monotonic() + 2 * longestDelayMs)
  clock.advance(2 * longestDelayMs - 1)
  expect(rung).toBe(0)
  clock.advance(1)
  expect(rung).toBe(1)
})
