import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { clampDelay, longestDelayMs, systemClock } from '../../src/lib/clock.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test.each([
  [Number.NaN, 0],
  [-5, 0],
  [Number.NEGATIVE_INFINITY, 0],
  [250, 250],
  [Number.POSITIVE_INFINITY, longestDelayMs],
  [2 ** 31, longestDelayMs],
])('a delay of %d ms is one of %d', (asked, held) => {
  expect(clampDelay(asked)).toBe(held)
})

test('runs once after the delay, and not when cancelled', () => {
  const clock = systemClock()
  const ran: string[] = []
  clock.after(100, () => ran.push('kept'))
  const cancel = clock.after(100, () => ran.push('cancelled'))
  cancel()
  cancel()
  vi.advanceTimersByTime(99)
  expect(ran).toEqual([])
  vi.advanceTimersByTime(1000)
  expect(ran).toEqual(['kept'])
})

test('a delay longer than a timer holds does not fire at once', () => {
  const clock = systemClock()
  let ran = false
  clock.after(30 * 86_400_000, () => (ran = true))
  vi.advanceTimersByTime(1000)
  expect(ran).toBe(false)
})

test('monotonic time does not follow a step of the wall clock', () => {
  const clock = systemClock()
  const [wall, monotonic] = [clock.now(), clock.monotonic()]
  vi.setSystemTime(wall - 3_600_000)
  expect(clock.now()).toBe(wall - 3_600_000)
  expect(clock.monotonic() - monotonic).toBeLessThan(1000)
  expect(clock.monotonic()).toBeGreaterThanOrEqual(monotonic)
})
