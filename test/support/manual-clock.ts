import { VirtualClock } from '../../src/lib/virtual-clock.ts'

/** A clock that stands still until it is moved; timers run inside `advance`, in the order of their due times. */
export class ManualClock extends VirtualClock {
  constructor(nowMs = 1_769_090_000_000) {
    super(nowMs)
  }

  /** Like `advance`, but lets promises settle before each timer and after the last one. */
  async advanceAsync(ms: number): Promise<void> {
    const endMs = this.monotonic() + ms
    await settle()
    for (let { nextMs } = this; nextMs !== undefined && this.monotonic() + nextMs <= endMs; { nextMs } = this) {
      this.advance(Math.max(0, nextMs))
      await settle()
    }
    this.advance(endMs - this.monotonic())
    await settle()
  }
}

/** Lets what is already resolved run on. */
export async function settle(): Promise<void> {
  await new Promise(resolve => {
    setImmediate(resolve)
  })
}
