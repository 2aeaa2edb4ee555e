import { measureLoopDelay, type LoopDelay } from '../lib/loop-delay.ts'
import { percent, type Machine, type SystemReader } from './system-part.ts'

/** One row: this process. CPU as a share of one core and the event loop's delay since the previous poll. */
export function selfReader({ clock }: Pick<Machine, 'clock'>): SystemReader {
  let delay: LoopDelay | undefined
  let before = process.cpuUsage()
  let beforeMono = clock.monotonic()
  return {
    key: 'pid',
    read() {
      // Measuring wakes the process, so it begins when somebody first asks.
      delay ??= measureLoopDelay()
      const mono = clock.monotonic()
      const now = process.cpuUsage()
      const spentMs = (now.user + now.system - before.user - before.system) / 1000
      const busyPercent = percent(spentMs, mono - beforeMono)
      before = now
      beforeMono = mono
      const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
      const loopDelayMs = delay.read()
      const row = {
        pid: process.pid,
        busyPercent,
        rssBytes: rss,
        heapUsedBytes: heapUsed,
        heapTotalBytes: heapTotal,
        externalBytes: external,
        loopDelayMs: loopDelayMs === undefined ? null : Math.round(loopDelayMs * 10) / 10,
        uptimeSeconds: Math.round(process.uptime()),
      }
      return Promise.resolve([row])
    },
    close: () => delay?.stop(),
  }
}
