import { afterEach, expect, test, vi } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import { MillraceServer } from '../../src/server.ts'
import { sumByTheBook } from '../support/checksum-by-the-book.ts'
import { json, Upstream } from '../support/upstream.ts'
import { Follower } from './follower.ts'
import { stateText } from './truth.ts'

let upstream: Upstream
let server: MillraceServer
let followers: Follower[] = []
/** Every answer is the last one again. */
let isStill = false
/** Answers that differed from the one before. */
let answers = 0

afterEach(async () => {
  for (const { socket } of followers) socket.terminate()
  followers = []
  await server.close()
  await upstream.close()
})

/** Serves `moved()`, another table with each poll, as the feed `rows`. @returns the address of a reader of it */
async function serve(moved: () => readonly Row[], source: Readonly<Record<string, string>>, clock: Clock = systemClock()): Promise<string> {
  isStill = false
  answers = 0
  let rows = moved()
  upstream = await Upstream.start((request, response) => {
    if (!isStill) rows = moved()
    if (!isStill) answers++
    json(rows)(request, response)
  })
  const loaded = configOf({ server: { port: 0, drain: '100ms' }, sources: { rows: { url: upstream.url, key: 'id', ...source } } })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  server = new MillraceServer({ config: loaded.config, clock })
  return `${(await server.listen()).replace('http', 'ws')}/ws?feed=rows`
}

async function follow(url: string, count: number): Promise<void> {
  for (let opened = 0; opened < count; opened += 100) {
    const some = Array.from({ length: Math.min(100, count - opened) }, () => new Follower(url))
    followers.push(...some)
    await vi.waitFor(() => expect(some.every(({ version }) => version > 0)).toBe(true), { timeout: 10_000, interval: 10 })
  }
}

function feed(): { version: number; count: number; sum: string; rows: Row[] } {
  const store = server.graph.feed('rows')?.store
  if (store === undefined) throw new Error('there is no such feed')
  const { version, count, sum } = store
  return { version, count, sum, rows: [...store.rows()].map(([, row]) => row) }
}

/** The upstream stands still, and everybody but those who do not read is where the server is. */
async function end(readers: readonly Follower[]): Promise<void> {
  isStill = true
  const polls = upstream.count
  await vi.waitFor(() => expect(upstream.count).toBeGreaterThan(polls + 1), { timeout: 5000, interval: 10 })
  await vi.waitFor(() => expect(readers.every(({ version }) => version === feed().version)).toBe(true), { timeout: 10_000, interval: 10 })
}

function untilVersion(version: number): Promise<void> {
  return vi.waitFor(() => expect(feed().version).toBeGreaterThan(version), { timeout: 10_000, interval: 10 })
}

function expectTheServersTable({ rows, columns, version }: Follower): void {
  const own = feed()
  expect({ version, count: rows.size, state: stateText(rows.values()), sum: sumByTheBook('id', columns, rows) }).toEqual({
    version: own.version,
    count: own.count,
    state: stateText(own.rows),
    sum: own.sum,
  })
}

test('L7, L8: 1 000 readers of a feed cause one poll per interval and one encode per update, and hold the same table', async () => {
  const everyMs = 150
  let price = 0
  const url = await serve(() => Array.from({ length: 10 }, (_, i) => ({ id: `s${i}`, price: i === price % 10 ? ++price : i })), {
    every: `${everyMs}ms`,
  })
  await follow(url, 1000)
  const figures = server.hub.figures.of('rows')
  const before = { ...figures, version: feed().version, polls: upstream.count, at: performance.now() }
  await untilVersion(before.version + 10)
  await end(followers)

  const updates = feed().version - before.version
  expect(upstream.count - before.polls).toBeLessThanOrEqual(Math.ceil((performance.now() - before.at) / everyMs) + 1)
  expect(figures.encodes - before.encodes).toBe(updates)
  expect(figures.readers).toBe(1000)
  const [first] = followers
  for (const follower of followers) {
    expect(follower.snapshots).toBe(1)
    expect(follower.version).toBe(feed().version)
    expect(stateText(follower.rows.values())).toBe(stateText(first?.rows.values() ?? []))
  }
  for (const follower of followers.slice(0, 10)) expectTheServersTable(follower)
}, 30_000)

test('L5: for a reader that does not read nothing is kept but where it stands; one net message brings it to the end', async () => {
  let round = 0
  const wide = (): Row[] => Array.from({ length: 400 }, (_, i) => ({ id: `s${i}`, round, text: `${round} `.repeat(150) }))
  const url = await serve(
    () => {
      round++
      return wide()
    },
    { every: '15ms', demand: 'always' },
  )
  await follow(url, 1)
  const [slow] = followers
  if (slow === undefined) throw new Error('nobody reads')
  slow.socket.pause()
  // The kernel takes some megabytes before anything is felt here.
  const figures = server.hub.figures.of('rows')
  let held = { bytes: -1, version: 0 }
  await vi.waitFor(
    () => {
      if (figures.bytesSent !== held.bytes) held = { bytes: figures.bytesSent, version: feed().version }
      expect(feed().version).toBeGreaterThan(held.version + 40)
    },
    { timeout: 15_000, interval: 10 },
  )
  const sentBefore = figures.messagesSent
  await end([])
  expect(figures.bytesSent).toBe(held.bytes)

  slow.socket.resume()
  await end([slow])
  expectTheServersTable(slow)
  const jumps = slow.came.slice(1).filter(({ type, from, to }) => type === 'snapshot' || to > from + 1)
  expect(jumps).toEqual([slow.came.at(-1)])
  expect(figures.messagesSent - sentBefore).toBeLessThanOrEqual(3)
}, 40_000)

test('L4: readers that stall again and again see whole tables only, in order, and end where the server does', async () => {
  const random = seededRandom(Number(process.env['SEED'] ?? 7))
  let round = 0
  const url = await serve(
    () => {
      round++
      return Array.from({ length: 400 }, (_, i) => ({ id: `s${i}`, round, text: `${round} `.repeat(150) }))
    },
    { every: '15ms' },
  )
  await follow(url, 2)
  await follow(`${url}${encodeURIComponent('?limit=390')}`, 2)
  for (const reader of followers) {
    let last = 0
    reader.shown = rows => {
      const rounds = new Set(Array.from(rows, row => row['round'] as number))
      expect(rounds.size).toBe(1)
      const [now = 0] = rounds
      expect(now).toBeGreaterThan(last)
      last = now
    }
  }
  const isHeld = new Set<Follower>()
  await Promise.all(
    followers.map(async reader => {
      for (let stalls = 0; stalls < 3; stalls++) {
        const before = reader.came.length
        reader.socket.pause()
        // Twelve megabytes and more: beyond what the kernel takes.
        await untilVersion(feed().version + 60 + random() * 30)
        reader.socket.resume()
        await untilVersion(feed().version + random() * 30)
        if (reader.came.slice(before).some(({ type, from, to }) => type === 'snapshot' || to > from + 1)) isHeld.add(reader)
      }
    }),
  )
  await end(followers)
  expect(isHeld.size).toBeGreaterThan(0)
  const [whole, , part] = followers
  for (const reader of followers.slice(0, 2)) expectTheServersTable(reader)
  expect(part?.rows.size).toBe(390)
  for (const [key, row] of part?.rows ?? []) expect(row).toEqual(whole?.rows.get(key))
}, 40_000)

test('members that come and go over 1 000 polls: no snapshot after the first', async () => {
  const random = seededRandom(Number(process.env['SEED'] ?? 7))
  const members = ['note', 'up', 'tags', 'vol', 'constructor', '__proto__x', 'late', 'later']
  const cells: Readonly<Record<string, () => Row[string]>> = { up: () => random() < 0.5, tags: () => [Math.floor(random() * 5)] }
  let polls = 0
  const url = await serve(
    () => {
      // Columns enter one by one.
      const known = members.slice(0, 2 + Math.floor(polls++ / 100))
      return Array.from({ length: 15 }, (_, i) => {
        const some = known.filter(() => random() < 0.5)
        return { id: `s${i}`, ...Object.fromEntries(some.map(name => [name, cells[name]?.() ?? `${name} ${Math.floor(random() * 9)}`])) }
      })
    },
    { every: '10ms', timeout: '60s' },
    hasty(10),
  )
  await follow(url, 1)
  await vi.waitFor(() => expect(answers).toBeGreaterThanOrEqual(1000), { timeout: 25_000, interval: 10 })
  await end(followers)
  const [reader] = followers
  if (reader === undefined) throw new Error('nobody reads')
  expectTheServersTable(reader)
  expect(reader.snapshots).toBe(1)
  expect(reader.came.length).toBeGreaterThan(900)
  expect(new Set(reader.columns)).toEqual(new Set(['id', ...members]))
}, 40_000)

/** The time of this machine, so many times as fast. */
function hasty(times: number): Clock {
  const clock = systemClock()
  return {
    now: () => clock.now() * times,
    monotonic: () => clock.monotonic() * times,
    after: (delayMs, run) => clock.after(delayMs / times, run),
  }
}
