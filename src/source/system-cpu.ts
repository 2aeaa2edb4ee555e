import * as os from 'node:os'
import type { Row } from '../model/row.ts'
import { percent, type Machine, type SystemReader } from './system-part.ts'

/** Time a core has spent since boot, in any one unit. */
export interface CoreTimes {
  readonly user: number
  readonly system: number
  /** Waiting for disks; null where the system does not tell. */
  readonly wait: number | null
  readonly idle: number
  /** Taken by the host of a virtual machine; null where the system does not tell. */
  readonly stolen: number | null
}

/** /proc/stat: a line per core, `cpu0 user nice system idle iowait irq softirq steal ..` (proc(5)). */
export function coresOfProcStat(text: string): Map<number, CoreTimes> {
  const cores = new Map<number, CoreTimes>()
  for (const match of text.matchAll(/^cpu(\d+) (.*)$/gm)) {
    const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, stolen = 0] = (match[2] ?? '')
      .trim()
      .split(/\s+/)
      .map(Number)
    cores.set(Number(match[1]), { user: user + nice, system: system + irq + softirq, wait, idle, stolen })
  }
  return cores
}

function coresOfNode(): Map<number, CoreTimes> {
  return new Map(
    os
      .cpus()
      .map(({ times }, core) => [
        core,
        { user: times.user + times.nice, system: times.sys + times.irq, wait: null, idle: times.idle, stolen: null },
      ]),
  )
}

function shares(core: number, now: CoreTimes, before: CoreTimes | undefined): Row {
  const spent = (name: keyof CoreTimes): number => Math.max(0, (now[name] ?? 0) - (before?.[name] ?? 0))
  const busy = spent('user') + spent('system') + spent('stolen')
  const whole = before === undefined ? 0 : busy + spent('wait') + spent('idle')
  return {
    core,
    busyPercent: percent(busy, whole),
    userPercent: percent(spent('user'), whole),
    systemPercent: percent(spent('system'), whole),
    waitPercent: now.wait === null ? null : percent(spent('wait'), whole),
    stolenPercent: now.stolen === null ? null : percent(spent('stolen'), whole),
  }
}

/** A row per core: where its time went since the previous poll; null at the first, which has none. */
export function cpuReader({ readText }: Pick<Machine, 'readText'>): SystemReader {
  let before: ReadonlyMap<number, CoreTimes> = new Map()
  return {
    key: 'core',
    async read() {
      const text = await readText('/proc/stat')
      const now = text === undefined ? coresOfNode() : coresOfProcStat(text)
      const rows = [...now].map(([core, times]) => shares(core, times, before.get(core)))
      before = now
      return rows
    },
    close: () => undefined,
  }
}
