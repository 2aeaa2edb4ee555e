import * as os from 'node:os'
import type { SystemReader } from './system-part.ts'

/** One row: processes that run or wait to run, averaged over 1, 5 and 15 minutes (always 0 on Windows). */
export function loadReader(): SystemReader {
  return {
    key: 'host',
    read() {
      const [load1m = 0, load5m = 0, load15m = 0] = os.loadavg().map(load => Math.round(load * 100) / 100)
      const row = { host: os.hostname(), load1m, load5m, load15m, cores: os.cpus().length }
      return Promise.resolve([row])
    },
    close: () => undefined,
  }
}
