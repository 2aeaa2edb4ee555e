import * as os from 'node:os'
import { describe, expect, test } from 'vitest'
import type { Row } from '../../src/model/row.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemAsk } from '../../src/source/system.ts'
import { coresOfProcStat, cpuReader } from '../../src/source/system-cpu.ts'
import { disksReader, mountsOfProc } from '../../src/source/system-disks.ts'
import { memoryOfProc, memoryReader } from '../../src/source/system-memory.ts'
import { networkReader, trafficOfProc } from '../../src/source/system-network.ts'
import { systemColumns, systemParts, type SystemPart } from '../../src/source/system.options.ts'
import { answered, failed, rowsOf } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'

type ReadText = (path: string) => Promise<string | undefined>

/** A machine without /proc. */
const noProc: ReadText = () => Promise.resolve(undefined)

/** Files of /proc that a test changes. */
function files(texts: Record<string, string | undefined>): ReadText {
  return path => Promise.resolve(texts[path])
}

/** Counters of the kernel move in hundredths of a second. */
function work(ms: number): void {
  const began = performance.now()
  while (performance.now() - began < ms);
}

async function twice(part: SystemPart, readText?: ReadText): Promise<Row[]> {
  const ask = systemAsk({ part }, { clock: systemClock(), ...(readText === undefined ? {} : { readText }) })
  try {
    await ask.poll()
    work(40)
    return rowsOf(await ask.poll())
  } finally {
    await ask.close()
  }
}

function isShare(value: unknown): boolean {
  return value === null || (typeof value === 'number' && value >= 0 && value <= 100)
}

describe.each<[string, ReadText | undefined]>([
  ['this machine', undefined],
  ['a machine without /proc', noProc],
])('%s', (_, readText) => {
  test.each(systemParts)('%s has the columns that a config knows of', async part => {
    const ask = systemAsk({ part }, { clock: systemClock(), ...(readText === undefined ? {} : { readText }) })
    const { table } = answered(await ask.poll())
    await ask.close()
    expect([table.key, [...table.columns]]).toEqual([systemColumns[part][0], systemColumns[part]])
  })

  test('cpu: a row per core, whose shares are shares and sum up', async () => {
    const rows = await twice('cpu', readText)
    expect(rows.map(row => row['core'])).toEqual(os.cpus().map((__, core) => core))
    for (const row of rows) {
      const shares = ['busyPercent', 'userPercent', 'systemPercent', 'waitPercent', 'stolenPercent'].map(name => row[name])
      expect(shares.every(isShare)).toBe(true)
      const [busy = 0, user = 0, system = 0, , stolen = 0] = shares.map(Number)
      expect(Math.abs(busy - user - system - stolen)).toBeLessThan(0.5)
    }
  })

  test('memory: as node:os has it', async () => {
    const [ram] = await twice('memory', readText)
    expect(ram).toMatchObject({ kind: 'ram', totalBytes: os.totalmem() })
    const { totalBytes, usedBytes, availableBytes, usedPercent } = ram as Record<string, number>
    expect((usedBytes ?? 0) + (availableBytes ?? 0)).toBe(totalBytes)
    expect(isShare(usedPercent) && (usedBytes ?? 0) > 0).toBe(true)
  })

  test('load: as node:os has it', async () => {
    expect(await twice('load', readText)).toMatchObject([{ host: os.hostname(), cores: os.cpus().length }])
    const [row] = await twice('load', readText)
    expect(Math.abs(Number(row?.['load15m']) - (os.loadavg()[2] ?? 0))).toBeLessThan(0.5)
  })

  test('network: the loopback is there, with its address', async () => {
    const rows = await twice('network', readText)
    const loopback = rows.find(row => (row['addresses'] as string[]).includes('127.0.0.1'))
    expect(loopback?.['interface']).toBe(
      Object.entries(os.networkInterfaces()).find(([, all]) => all?.some(({ address }) => address === '127.0.0.1'))?.[0],
    )
  })

  test('disks: space that adds up', async () => {
    for (const { totalBytes, usedBytes, availableBytes, usedPercent } of await twice('disks', readText)) {
      expect(Number(usedBytes) + Number(availableBytes)).toBeLessThanOrEqual(Number(totalBytes))
      expect(isShare(usedPercent)).toBe(true)
    }
  })

  test('self: this process', async () => {
    const [row] = await twice('self', readText)
    expect(row).toMatchObject({ pid: process.pid })
    const { rssBytes, heapUsedBytes, uptimeSeconds, busyPercent } = row as Record<string, number>
    expect(rssBytes).toBeGreaterThan(1e7)
    expect(rssBytes).toBeGreaterThan((heapUsedBytes ?? 0) / 2)
    expect(Math.abs((uptimeSeconds ?? 0) - process.uptime())).toBeLessThan(2)
    expect(busyPercent).toBeGreaterThanOrEqual(0)
  })
})

test.runIf(process.platform === 'linux')('memory and network here say what /proc says', async () => {
  const [ram] = await twice('memory')
  expect(Math.abs(Number(ram?.['availableBytes']) - os.freemem())).toBeLessThan(os.totalmem())
  const rows = await twice('network')
  const loopback = rows.find(row => row['interface'] === 'lo')
  expect(loopback?.['receivedBytes']).toBe(loopback?.['sentBytes'])
  expect(Number(loopback?.['receivedBytes'])).toBeGreaterThanOrEqual(0)
})

describe('cpu', () => {
  const stat = (...cores: string[]): string => `cpu  1 2 3\n${cores.map((times, i) => `cpu${i} ${times}`).join('\n')}\nintr 5\n`

  test('of /proc/stat: nice counts as user, interrupts as system', () => {
    expect(coresOfProcStat(stat('10 1 20 100 5 2 3 4 0 0')).get(0)).toEqual({ user: 11, system: 25, wait: 5, idle: 100, stolen: 4 })
  })

  test('null at first, then where the time went since; a core that comes is null, one that goes is gone', async () => {
    const texts: Record<string, string> = { '/proc/stat': stat('100 0 0 100 0 0 0 0') }
    const reader = cpuReader({ readText: files(texts) })
    expect(await reader.read()).toMatchObject([{ core: 0, busyPercent: null, userPercent: null }])
    texts['/proc/stat'] = stat('130 0 10 150 10 0 0 0', '5 0 0 5 0 0 0 0')
    expect(await reader.read()).toMatchObject([
      { core: 0, busyPercent: 40, userPercent: 30, systemPercent: 10, waitPercent: 10, stolenPercent: 0 },
      { core: 1, busyPercent: null },
    ])
    texts['/proc/stat'] = stat('140 0 10 150 10 0 0 0')
    expect(await reader.read()).toMatchObject([{ core: 0, busyPercent: 100 }])
  })

  test('counters that fall are never a negative share', async () => {
    const texts: Record<string, string> = { '/proc/stat': stat('100 0 50 100 20 0 0 0') }
    const reader = cpuReader({ readText: files(texts) })
    await reader.read()
    texts['/proc/stat'] = stat('10 0 60 90 5 0 0 0')
    const [row] = await reader.read()
    expect(['busyPercent', 'userPercent', 'systemPercent', 'waitPercent'].map(name => isShare(row?.[name]))).toEqual([
      true,
      true,
      true,
      true,
    ])
  })

  test('/proc/stat that disappears: node:os from then on, without an absurd share', async () => {
    const texts: Record<string, string | undefined> = { '/proc/stat': stat('100 0 50 100 20 0 0 0') }
    const reader = cpuReader({ readText: files(texts) })
    await reader.read()
    texts['/proc/stat'] = undefined
    for (let i = 0; i < 2; i++) for (const row of await reader.read()) expect(isShare(row['busyPercent'])).toBe(true)
  })
})

describe('network', () => {
  const dev = (received: number, sent: number): string =>
    `Inter-|   Receive |  Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes\n  eth0: ${received} 9 1 0 0 0 0 0 ${sent} 9 2 0 0 0 0 0\n`

  test('of /proc/net/dev, also where no blank follows the colon', () => {
    expect(trafficOfProc(dev(10, 20)).get('eth0')).toEqual({ receivedBytes: 10, sentBytes: 20, receivedErrors: 1, sentErrors: 2 })
    expect(trafficOfProc('eth0:123456 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n').get('eth0')).toMatchObject({ receivedBytes: 123456, sentBytes: 7 })
  })

  test('rates per second; none at first, none over a counter that was set back, then again', async () => {
    const clock = new ManualClock()
    const texts: Record<string, string | undefined> = { '/proc/net/dev': dev(1000, 0) }
    const reader = networkReader({ clock, readText: files(texts) })
    const rates = async (): Promise<unknown[]> => {
      const [row] = await reader.read()
      return [row?.['receivedBytesPerSecond'], row?.['sentBytesPerSecond'], row?.['receivedBytes']]
    }
    expect(await rates()).toEqual([null, null, 1000])
    clock.advance(2000)
    texts['/proc/net/dev'] = dev(5000, 100)
    expect(await rates()).toEqual([2000, 50, 5000])
    clock.advance(2000)
    texts['/proc/net/dev'] = dev(300, 200)
    expect(await rates()).toEqual([null, 50, 300])
    clock.advance(1000)
    texts['/proc/net/dev'] = dev(400, 200)
    expect(await rates()).toEqual([100, 0, 400])
    texts['/proc/net/dev'] = dev(500, 300)
    expect(await rates()).toEqual([null, null, 500])
  })
})

describe('memory', () => {
  test('of /proc/meminfo, in bytes; an old kernel tells no MemAvailable', async () => {
    expect(memoryOfProc('MemTotal:       100 kB\nHugePages_Total:       0\n')).toEqual(new Map([['MemTotal', 102_400]]))
    const reader = memoryReader({
      readText: files({ '/proc/meminfo': 'MemTotal: 100 kB\nMemFree: 25 kB\nSwapTotal: 10 kB\nSwapFree: 10 kB\n' }),
    })
    expect(await reader.read()).toEqual([
      { kind: 'ram', totalBytes: 102_400, usedBytes: 76_800, availableBytes: 25_600, usedPercent: 75 },
      { kind: 'swap', totalBytes: 10_240, usedBytes: 0, availableBytes: 10_240, usedPercent: 0 },
    ])
  })
})

describe('disks', () => {
  test('of /proc/mounts: local ones, each device once, escapes read', () => {
    const text = [
      '/dev/sda1 / ext4 rw 0 0',
      '/dev/sda1 /var/lib/bind ext4 rw 0 0',
      'proc /proc proc rw 0 0',
      'server:/x /net nfs4 rw 0 0',
      String.raw`/dev/sdb1 /media/my\040disk vfat rw 0 0`,
      'overlay /a overlay rw 0 0',
      'overlay /b overlay rw 0 0',
    ].join('\n')
    expect(mountsOfProc(text).map(({ mount }) => mount)).toEqual(['/', '/media/my disk', '/a', '/b'])
  })

  test('one that is unmounted between reading and asking is not listed', async () => {
    const reader = disksReader({ readText: files({ '/proc/mounts': '/dev/x /there/is/no/such/place ext4 rw 0 0\n' }) })
    expect(await reader.read()).toEqual([])
  })
})

describe('as a source', () => {
  test.each(systemParts)('%s: rows with a key, the same columns at every poll', async part => {
    const ask = systemAsk({ part }, { clock: systemClock() })
    const first = answered(await ask.poll())
    const second = answered(await ask.poll())
    await ask.close()
    expect(first.changes).toBe('all')
    expect(second.table.columns).toEqual(first.table.columns)
    expect(second.table.key).toBe(first.table.columns[0])
  })

  test('what cannot be read is a failure that names the place, not the path', async () => {
    const unreadable = Object.assign(new Error("EIO: i/o error, open '/proc/stat'"), { code: 'EIO' })
    const ask = systemAsk({ part: 'cpu' }, { clock: systemClock(), readText: () => Promise.reject(unreadable) })
    expect(failed(await ask.poll())).toMatchObject({ cause: 'internal', reason: 'system: cpu cannot be read on this machine (EIO)' })
  })
})
