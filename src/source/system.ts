import { readFile, statfs } from 'node:fs/promises'
import * as os from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from '../lib/clock.ts'
import type { Row } from '../model/row.ts'
import type { Table } from '../model/table.ts'
import type { Ask, Poll } from './ask.ts'
import { countersOf, type Counters } from './system-counters.ts'
import type { SystemOptions, SystemPart } from './system.options.ts'
import { unifyRows } from './unify.ts'

interface Part {
  readonly key: string
  rows(): Promise<readonly Row[]>
  close?(): void
}

/** A source that asks this machine: /proc where it exists, node:os elsewhere. Never fails but by a fault of the system. */
export function systemAsk(options: SystemOptions, deps: { readonly clock: Clock }): Ask {
  const { clock } = deps
  const part = partOf(options.part, clock)
  let table: Table | undefined
  return {
    async poll(): Promise<Poll> {
      const began = clock.monotonic()
      const facts = () => ({ at: clock.now(), durationMs: clock.monotonic() - began, bytes: 0 })
      try {
        const unified = unifyRows(table, part.key, await part.rows())
        table = unified.table
        const kind = unified.changes === 'all' || unified.changes.size > 0 ? 'changed' : 'unchanged'
        return { kind, ...unified, ...facts() }
      } catch (error) {
        return { kind: 'failed', cause: 'internal', reason: `this machine: ${(error as Error).message}`.slice(0, 200), ...facts() }
      }
    },
    close: () => Promise.resolve(part.close?.()),
  }
}

function partOf(part: SystemPart, clock: Clock): Part {
  switch (part) {
    case 'cpu':
      return cpu()
    case 'memory':
      return { key: 'kind', rows: memory }
    case 'load':
      return { key: 'host', rows: () => Promise.resolve([load()]) }
    case 'network':
      return network(clock)
    case 'disks':
      return { key: 'mount', rows: disks }
    case 'self':
      return self(clock)
  }
}

function percent(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.round((part / whole) * 1000) / 10
}

/** A row per core: shares of the time since the previous poll. */
function cpu(): Part {
  let before: os.CpuInfo[] = []
  const row = ({ times, model }: os.CpuInfo, core: number): Row => {
    const old = before[core]?.times ?? { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 }
    const user = times.user + times.nice - old.user - old.nice
    const system = times.sys + times.irq - old.sys - old.irq
    const whole = user + system + times.idle - old.idle
    return {
      core,
      busyPercent: percent(user + system, whole),
      userPercent: percent(user, whole),
      systemPercent: percent(system, whole),
      model,
    }
  }
  return {
    key: 'core',
    rows() {
      const now = os.cpus()
      const rows = now.map(row)
      before = now
      return Promise.resolve(rows)
    },
  }
}

async function textOr(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function memory(): Promise<Row[]> {
  const text = await textOr('/proc/meminfo')
  const read = (name: string): number | undefined => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text ?? '')
    return match === null ? undefined : Number(match[1]) * 1024
  }
  const totalBytes = read('MemTotal') ?? os.totalmem()
  const availableBytes = read('MemAvailable') ?? os.freemem()
  const ram = usage('ram', totalBytes, availableBytes)
  const swapBytes = read('SwapTotal')
  return swapBytes === undefined || swapBytes === 0 ? [ram] : [ram, usage('swap', swapBytes, read('SwapFree') ?? 0)]
}

function usage(kind: string, totalBytes: number, availableBytes: number): Row {
  const usedBytes = totalBytes - availableBytes
  return { kind, totalBytes, usedBytes, availableBytes, usedPercent: percent(usedBytes, totalBytes) }
}

function load(): Row {
  const [load1 = 0, load5 = 0, load15 = 0] = os.loadavg()
  return { host: os.hostname(), load1, load5, load15, cores: os.cpus().length, uptimeHours: Math.round(os.uptime() / 36) / 100 }
}

/** A row per interface: bytes since it came up, and a second since the previous poll. */
function network(clock: Clock): Part {
  let before: ReadonlyMap<string, Counters> = new Map()
  let beforeMono = clock.monotonic()
  return {
    key: 'interface',
    async rows() {
      const text = await textOr('/proc/net/dev')
      const mono = clock.monotonic()
      const seconds = (mono - beforeMono) / 1000
      const now = countersOf(text ?? '')
      const rows = text === undefined ? addresses() : [...now].map(([name, counters]) => traffic(name, counters, before.get(name), seconds))
      before = now
      beforeMono = mono
      return rows
    },
  }
}

function traffic(name: string, now: Counters, before: Counters | undefined, seconds: number): Row {
  const perSecond = (a: number, b: number | undefined): number =>
    b === undefined || seconds <= 0 ? 0 : Math.max(0, Math.round((a - b) / seconds))
  return {
    interface: name,
    receivedBytesPerSecond: perSecond(now.receivedBytes, before?.receivedBytes),
    sentBytesPerSecond: perSecond(now.sentBytes, before?.sentBytes),
    ...now,
  }
}

/** Where there is no /proc Node knows addresses but no counters. */
function addresses(): Row[] {
  return Object.entries(os.networkInterfaces()).map(([name, found]) => ({
    interface: name,
    addresses: (found ?? []).map(({ address }) => address),
  }))
}

const realFileSystems = /^(ext[234]|xfs|btrfs|zfs|vfat|exfat|ntfs3?|f2fs|overlay|apfs|hfs)$/

async function disks(): Promise<Row[]> {
  const text = await textOr('/proc/mounts')
  const mounts =
    text === undefined
      ? ['/']
      : text
          .split('\n')
          .map(line => line.split(' '))
          .filter(([, , type = '']) => realFileSystems.test(type))
          .map(([, mount = '/']) => mount.replaceAll('\\040', ' '))
  return Promise.all([...new Set(mounts)].map(disk))
}

async function disk(mount: string): Promise<Row> {
  const { bsize, blocks, bavail, bfree } = await statfs(mount)
  const usedBytes = (blocks - bfree) * bsize
  return {
    mount,
    totalBytes: blocks * bsize,
    usedBytes,
    availableBytes: bavail * bsize,
    usedPercent: percent(usedBytes, usedBytes + bavail * bsize),
  }
}

/** This process. */
function self(clock: Clock): Part {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  let before = process.cpuUsage()
  let beforeMono = clock.monotonic()
  return {
    key: 'pid',
    rows() {
      const mono = clock.monotonic()
      const { user, system } = process.cpuUsage(before)
      const busyPercent = percent((user + system) / 1000, mono - beforeMono)
      before = process.cpuUsage()
      beforeMono = mono
      const { rss, heapUsed } = process.memoryUsage()
      const loopDelayMs = Math.round(delay.percentile(99) / 1e4) / 100
      delay.reset()
      return Promise.resolve([
        { pid: process.pid, busyPercent, rssBytes: rss, heapUsedBytes: heapUsed, loopDelayMs, uptimeSeconds: Math.round(process.uptime()) },
      ])
    },
    close: () => void delay.disable(),
  }
}
