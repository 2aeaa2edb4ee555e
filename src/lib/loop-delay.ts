import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How late this process' event loop runs. */
export interface LoopDelay {
  /** The 99th percentile since the last reading, in ms; undefined when nothing was measured since. */
  read(): number | undefined
  stop(): void
}

/** How often the delay is sampled, in ms: what a waiting loop takes anyway, which is no delay. */
const resolutionMs = 50

export function measureLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  return {
    read() {
      const delayMs = histogram.count === 0 ? undefined : Math.max(0, histogram.percentile(99) / 1e6 - resolutionMs)
      histogram.reset()
      return delayMs
    },
    stop: () => void histogram.disable(),
  }
}
