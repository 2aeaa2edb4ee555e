import { expect, test } from 'vitest'
import type { Cancel } from '../../src/lib/clock.ts'
import { fastForward } from '../../src/lib/fast-forward.ts'
import { outside } from '../../src/lib/outside-work.ts'
import { inWholeMs, pace, shownBy } from '../../src/lib/paced-clock.ts'
import { VirtualClock } from '../../src/lib/virtual-clock.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

test('a clock at a pace goes so many times faster, timer by timer, and ends', async () => {
  const real = new ManualClock(0)
  const paced = new VirtualClock(1000)
  const ran: string[] = []
  const at = (name: string, ms: number): Cancel => paced.after(ms, () => void ran.push(`${name} at ${paced.monotonic()}`))
  at('b', 60_000)
  at('a', 90)
  at('last', 600_000)
  at('never', 600_001)
  const stop = pace(paced, real, { speed: 60, lengthMs: 600_000 })
  await passes(real, 1)
  expect(ran).toEqual([])
  // Late by as long as it takes to look again, and yet each at its own time.
  await passes(real, 30)
  expect(ran).toEqual(['a at 90'])
  expect(paced.now()).toBeGreaterThanOrEqual(1000 + 20 * 60)
  expect(paced.now()).toBeLessThanOrEqual(1000 + 31 * 60)
  await passes(real, 980)
  expect(ran).toEqual(['a at 90', 'b at 60000'])
  await passes(real, 9100)
  expect(paced.monotonic()).toBe(600_000)
  expect(ran).toEqual(['a at 90', 'b at 60000', 'last at 600000'])
  // Time stands still, and what is to be done at once is done.
  at('now', 0)
  await passes(real, 20)
  expect(ran.at(-1)).toBe('now at 600000')
  stop()
  await passes(real, 20)
  expect(real.pending).toBe(0)
})

test('what cannot keep up is not overtaken by its own deadline', async () => {
  const real = new ManualClock(0)
  const paced = new VirtualClock(0)
  const stop = pace(paced, real, { speed: 1e6, lengthMs: 1e9 })
  const ended: string[] = []
  paced.after(10_000, () => ended.push('deadline'))
  paced.after(1000, () => void Promise.resolve().then(() => paced.after(500, () => ended.push('answer'))))
  await passes(real, 50)
  expect(ended).toEqual(['answer', 'deadline'])
  stop()
})

/** Time passes, and all is done that this leads to. */
async function passes(real: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed++) {
    await real.advanceAsync(1)
    for (let turns = 0; turns < 6; turns++) await settle()
  }
}

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
