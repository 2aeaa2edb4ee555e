import { isOutsideAtWork } from './outside-work.ts'
import type { VirtualClock } from './virtual-clock.ts'

/**
 * Runs a clock on for so long, as fast as it can: one timer after the other, each once all is done that the one before led to, on other
 * threads too. What happens is then the same in every run.
 */
export async function fastForward(clock: VirtualClock, ms: number): Promise<void> {
  const endMs = clock.monotonic() + ms
  do await settled()
  while (clock.step(endMs - clock.monotonic()))
  clock.advance(endMs - clock.monotonic())
  await settled()
}

/** All is done that does not wait for the clock. */
async function settled(): Promise<void> {
  do await turn()
  while (isOutsideAtWork())
}

/** A turn of the loop: promises and ticks that are due run before it ends. */
function turn(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}
