import { expect, test } from 'vitest'
import { fastForward } from '../../src/lib/fast-forward.ts'
import { outside } from '../../src/lib/outside-work.ts'
import { inWholeMs, pacedClock, shownBy } from '../../src/lib/paced-clock.ts'
import { VirtualClock } from '../../src/lib/virtual-clock.ts'

test('a paced clock goes so many times faster, runs timers when they are due on it, and ends', () => {
  const real = new VirtualClock(0)
  const paced = pacedClock(real, { startMs: 1000, speed: 60, endMs: 600_000 })
  const ran: number[] = []
  for (const delay of [90, 60_000, 599_999, 600_001]) paced.after(delay, () => ran.push(paced.monotonic()))
  const cancel = paced.after(30_000, () => ran.push(-1))
  cancel()
  real.advance(1)
  expect(paced.now()).toBe(1060)
  expect(ran).toEqual([])
  real.advance(1)
  expect(ran).toEqual([120])
  real.advance(998)
  expect(paced.monotonic()).toBe(60_000)
  expect(ran).toEqual([120, 60_000])
  real.advance(20_000)
  expect(paced.monotonic()).toBe(600_000)
  expect(ran).toEqual([120, 60_000, 600_000])
  // Time stands still, and what is to be done at once is done.
  paced.after(0, () => ran.push(0))
  real.advance(1)
  expect(ran.at(-1)).toBe(0)
  expect(paced.now()).toBe(601_000)
})

test('a timer of a paced clock that comes early by a part of a ms waits for the rest', () => {
  let nowMs = 0
  const waits: number[] = []
  const pending: (() => void)[] = []
  const real = {
    now: () => nowMs,
    monotonic: () => nowMs,
    after: (delayMs: number, run: () => void) => {
      waits.push(delayMs)
      pending.push(run)
      return () => undefined
    },
  }
  const paced = pacedClock(real, { startMs: 0, speed: 100, endMs: 1e6 })
  let ran = false
  paced.after(1000, () => (ran = true))
  nowMs = 9.5
  pending.shift()?.()
  expect({ ran, waits }).toEqual({ ran: false, waits: [10, 1] })
  nowMs = 10.5
  pending.shift()?.()
  expect(ran).toBe(true)
})

test('one clock shows, another measures', () => {
  const [shown, measured] = [new VirtualClock(5000.7), new VirtualClock(0)]
  const both = shownBy(inWholeMs(shown), measured)
  measured.advance(10)
  expect([both.now(), both.monotonic()]).toEqual([5000, 10])
})

test('fast forward runs one timer after the other, each when all is done that the one before led to, on other threads too', async () => {
  const clock = new VirtualClock(0)
  const done: string[] = []
  const work = (): Promise<void> =>
    outside(
      new Promise(resolve => {
        // As a thread does: after some turns of the loop, whatever the clock says.
        let turns = 5
        const turn = (): void => void (turns-- === 0 ? resolve() : setImmediate(turn))
        turn()
      }),
    )
  for (const name of ['a', 'b'])
    clock.after(10, () => {
      done.push(`${name} begins`)
      void work().then(() => done.push(`${name} ends at ${clock.monotonic()}`))
    })
  clock.after(11, () => done.push('never'))
  await fastForward(clock, 10)
  expect(done).toEqual(['a begins', 'a ends at 10', 'b begins', 'b ends at 10'])
  expect(clock.monotonic()).toBe(10)
})
