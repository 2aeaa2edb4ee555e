import * as os from 'node:os'
import type { Row } from '../model/row.ts'
import type { Machine, SystemReader } from './system-part.ts'

/** Of an interface, since it came up. */
export interface Traffic {
  readonly receivedBytes: number
  readonly sentBytes: number
  readonly receivedErrors: number
  readonly sentErrors: number
}

/** /proc/net/dev: `eth0: bytes packets errs drop fifo frame compressed multicast bytes packets errs ..` (proc(5)). */
export function trafficOfProc(text: string): Map<string, Traffic> {
  const found = new Map<string, Traffic>()
  for (const match of text.matchAll(/^\s*(\S+?):\s*(\d[\d\s]*)$/gm)) {
    const counters = (match[2] ?? '').trim().split(/\s+/).map(Number)
    const [receivedBytes = 0, , receivedErrors = 0, , , , , , sentBytes = 0, , sentErrors = 0] = counters
    found.set(match[1] ?? '', { receivedBytes, sentBytes, receivedErrors, sentErrors })
  }
  return found
}

/** Node alone knows addresses but no counters. */
function withoutCounters(): Map<string, Traffic | undefined> {
  return new Map(Object.keys(os.networkInterfaces()).map(name => [name, undefined]))
}

function rate(now: number | undefined, before: number | undefined, seconds: number): number | null {
  // A counter that fell was set back: how far it had come before that is not known.
  return now === undefined || before === undefined || seconds <= 0 || now < before ? null : Math.round((now - before) / seconds)
}

/** A row per interface: its addresses, bytes since it came up, and bytes a second since the previous poll. */
export function networkReader({ readText, clock }: Machine): SystemReader {
  let before: ReadonlyMap<string, Traffic | undefined> = new Map()
  let beforeMono = clock.monotonic()
  return {
    key: 'interface',
    async read() {
      const text = await readText('/proc/net/dev')
      const now = text === undefined ? withoutCounters() : trafficOfProc(text)
      const mono = clock.monotonic()
      const seconds = (mono - beforeMono) / 1000
      const addresses = os.networkInterfaces()
      const rows = [...now].map(([name, traffic]): Row => ({
        interface: name,
        receivedBytesPerSecond: rate(traffic?.receivedBytes, before.get(name)?.receivedBytes, seconds),
        sentBytesPerSecond: rate(traffic?.sentBytes, before.get(name)?.sentBytes, seconds),
        receivedBytes: traffic?.receivedBytes ?? null,
        sentBytes: traffic?.sentBytes ?? null,
        errors: traffic === undefined ? null : traffic.receivedErrors + traffic.sentErrors,
        addresses: (addresses[name] ?? []).map(({ address }) => address),
      }))
      before = now
      beforeMono = mono
      return rows
    },
    close: () => undefined,
  }
}
