import type { Clock } from '../lib/clock.ts'
import { heapPart } from '../lib/heap.ts'
import { measureLoopDelay } from '../lib/loop-delay.ts'
import type { Overload } from './overload.ts'

/** Whether the process is overloaded is judged every so many ms, by samples of its loop so many ms apart. */
const windowMs = 5000
const sampleMs = 20

/** Lets the load of this process be judged until the returned function is called. */
export function watchOverload(overload: Overload, clock: Clock): () => void {
  const loopDelay = measureLoopDelay(sampleMs)
  const read = (): void => {
    overload.judge({ loopDelayMs: loopDelay.read(), heapPart: heapPart() })
    cancel = clock.after(windowMs, read)
  }
  let cancel = clock.after(windowMs, read)
  return () => {
    cancel()
    loopDelay.stop()
  }
}
