import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How late this process' event loop runs. */
export interface LoopDelay {
  /** The 99th percentile since the last reading, in ms; undefined when nothing was measured since. */
  read(): number | undefined
  stop(): void
}

/** Sampled every `resolutionMs`, which a waiting loop takes anyway and is no delay. */
export function measureLoopDelay(resolutionMs = 50): LoopDelay {
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
