import * as os from 'node:os'
import type { Row } from '../model/row.ts'
import { percent, type Machine, type SystemReader } from './system-part.ts'

function usage(kind: string, totalBytes: number, availableBytes: number): Row {
  const usedBytes = totalBytes - availableBytes
  return { kind, totalBytes, usedBytes, availableBytes, usedPercent: percent(usedBytes, totalBytes) }
}

/** /proc/meminfo in bytes by name; it counts in units of 1024 bytes, which it calls kB. */
export function memoryOfProc(text: string): Map<string, number> {
  return new Map([...text.matchAll(/^(\w+):\s+(\d+) kB$/gm)].map(([, name = '', kibibytes]) => [name, Number(kibibytes) * 1024]))
}

/** A row for RAM and, where there is any, one for swap. Available: what programs can get without swapping. */
export function memoryReader({ readText }: Pick<Machine, 'readText'>): SystemReader {
  return {
    key: 'kind',
    async read() {
      const text = await readText('/proc/meminfo')
      const bytes = memoryOfProc(text ?? '')
      const ram = usage('ram', bytes.get('MemTotal') ?? os.totalmem(), bytes.get('MemAvailable') ?? bytes.get('MemFree') ?? os.freemem())
      const swapBytes = bytes.get('SwapTotal') ?? 0
      return swapBytes === 0 ? [ram] : [ram, usage('swap', swapBytes, bytes.get('SwapFree') ?? 0)]
    },
    close: () => undefined,
  }
}
