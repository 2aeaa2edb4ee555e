import { z } from 'zod'
import { oneOf } from '../lib/option.ts'

export const systemParts = ['cpu', 'memory', 'load', 'network', 'disks', 'self'] as const

/** What of this machine is asked. */
export type SystemPart = (typeof systemParts)[number]

/** The columns of each part, the key first. */
export const systemColumns: Readonly<Record<SystemPart, readonly [key: string, ...others: string[]]>> = {
  cpu: ['core', 'busyPercent', 'userPercent', 'systemPercent', 'waitPercent', 'stolenPercent'],
  memory: ['kind', 'totalBytes', 'usedBytes', 'availableBytes', 'usedPercent'],
  load: ['host', 'load1m', 'load5m', 'load15m', 'cores'],
  network: ['interface', 'receivedBytesPerSecond', 'sentBytesPerSecond', 'receivedBytes', 'sentBytes', 'errors', 'addresses'],
  disks: ['mount', 'device', 'type', 'totalBytes', 'usedBytes', 'availableBytes', 'usedPercent'],
  self: ['pid', 'busyPercent', 'rssBytes', 'heapUsedBytes', 'heapTotalBytes', 'externalBytes', 'loopDelayMs', 'uptimeSeconds'],
}

/** The key of a source that asks this machine, beside `sourceKeys`. */
export const systemKeys = {
  system: oneOf(systemParts).meta({
    description:
      'What of this machine: cpu (a row per core), memory (a row each for RAM and swap), load, network (a row per interface), ' +
      'disks (a row per mount), self (this process).',
  }),
}

const systemSchema = z.strictObject(systemKeys)

export interface SystemOptions {
  readonly part: SystemPart
}

/** `written` is the output of `systemKeys` (further members are not looked at). */
export function systemOptions(written: z.output<typeof systemSchema>): SystemOptions {
  return { part: written.system }
}
