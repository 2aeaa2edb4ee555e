import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { ServerProcess } from '../convergence/server-process.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { RecordedLog } from '../support/http-source.ts'
import { RawReader } from '../support/raw-reader.ts'

let base: string
let upstream: ChangingUpstream
const servers = new Set<MillraceServer>()
let log: RecordedLog

const rows = [
  { id: 'a', region: 'north', bikes: 3 },
  { id: 'b', region: 'south', bikes: 5 },
]

const recent = { from: 'stations', steps: [{ window: { size: '1d', slide: '1h', columns: { polls: 'count()' } } }] }

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'millrace-restart-'))
  upstream = await startChangingUpstream(JSON.stringify(rows))
  log = new RecordedLog()
})

afterEach(async () => {
  await Promise.all([...servers].map(server => server.close()))
  servers.clear()
  await upstream.close()
  rmSync(base, { recursive: true, force: true })
})

interface Given {
  readonly folder?: string
  readonly where?: string
  readonly every?: string | { readonly average: string }
  readonly sinks?: readonly object[]
}

async function started({ folder = 'state', where = 'bikes > 0', every = '30ms', sinks = [] }: Given = {}): Promise<{
  server: MillraceServer
  url: string
}> {
  const loaded = configOf({
    server: { port: 0, drain: '1s' },
    limits: { saveEvery: '100ms' },
    state: join(base, folder),
    sources: { stations: { url: upstream.url, every, staleAfter: '1h', key: 'id' } },
    feeds: {
      some: { from: 'stations', steps: [{ where }] },
      low: { from: 'stations', steps: [{ alert: { when: 'bikes < 4' } }], sinks },
      course: { from: 'stations', steps: [{ series: { keep: 500, columns: { bikes: 'bikes' } } }] },
      pace: { from: 'stations', steps: [{ rate: { over: '1h', columns: { perSecond: 'bikes' } } }] },
      recent,
    },
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const server = new MillraceServer({ config: loaded.config, log: log.logger })
  servers.add(server)
  const url = await server.listen()
  return { server, url: `${url.replace('http', 'ws')}/ws` }
}

async function stopped(server: MillraceServer): Promise<void> {
  servers.delete(server)
  await server.close()
}

/** Waits for what is only to be seen from outside. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds())
    await new Promise(resolve => {
      setTimeout(resolve, 10)
    })
}

/** What a process that was killed now would have left: another folder with the same files. */
async function crashed(): Promise<string> {
  cpSync(join(base, 'state'), join(base, 'copy'), { recursive: true, filter: from => !from.endsWith('lock') && !from.endsWith('.tmp') })
  return Promise.resolve('copy')
}

interface Where {
  readonly epoch: string
  readonly version: number
  readonly count: number
  readonly sum: string
}

/** Follows a feed until it has its table. */
async function read(url: string, feed: string): Promise<Where & { rows: unknown }> {
  const reader = await new RawReader(url).open()
  reader.send({ type: 'subscribe', id: 1, feed })
  await reader.next('subscribed')
  const snapshot = await reader.next('snapshot')
  reader.send({ type: 'unsubscribe', id: 2, feed })
  await reader.next('unsubscribed')
  reader.send({ type: 'subscribe', id: 3, feed, since: { epoch: snapshot.epoch, version: snapshot.to } })
  const { epoch, version } = await reader.next('subscribed')
  const { count, sum } = await reader.next('check')
  reader.socket.terminate()
  return { epoch, version, count, sum, rows: snapshot.rows }
}

async function comesBack(url: string, feed: string, since: Where) {
  const reader = await new RawReader(url).open()
  reader.send({ type: 'subscribe', id: 1, feed, since })
  return { reader, subscribed: await reader.next('subscribed') }
}

describe('after a clean stop', () => {
  test('readers resume by position, and versions go on', async () => {
    const first = await started()
    const held = { stations: await read(first.url, 'stations'), some: await read(first.url, 'some') }
    await stopped(first.server)
    const second = await started()
    for (const feed of ['stations', 'some'] as const) {
      const { epoch, version, count, sum } = held[feed]
      const { reader, subscribed } = await comesBack(second.url, feed, { epoch, version, count, sum })
      expect(subscribed).toMatchObject({ epoch, version, resumed: true })
      reader.socket.terminate()
    }
    const { reader } = await comesBack(second.url, 'some', held.some)
    upstream.body = JSON.stringify([rows[0], { ...rows[1], bikes: 6 }])
    expect(await reader.next('delta')).toMatchObject({ from: held.some.version, to: held.some.version + 1, set: { b: { bikes: 6 } } })
    reader.socket.terminate()
    expect(log.lines.filter(line => line.includes('state'))).toEqual(['info: state: 1 table is taken up where a clean stop left off'])
  })

  test('a feed that is defined otherwise begins anew; its source goes on', async () => {
    const first = await started()
    const held = { stations: await read(first.url, 'stations'), some: await read(first.url, 'some') }
    await stopped(first.server)
    const second = await started({ where: 'bikes > 4' })
    expect((await comesBack(second.url, 'stations', held.stations)).subscribed).toMatchObject({ resumed: true, epoch: held.stations.epoch })
    const { reader, subscribed } = await comesBack(second.url, 'some', held.some)
    expect(subscribed.resumed).toBe(false)
    expect(subscribed.epoch).not.toBe(held.some.epoch)
    expect((await reader.next('snapshot')).rows).toEqual([rows[1]])
  })

  test('the record is gone from the moment that the next run begins', async () => {
    const first = await started()
    await read(first.url, 'some')
    await stopped(first.server)
    expect(readdirSync(join(base, 'state'))).toContain('clean-stop.state')
    await started()
    expect(readdirSync(join(base, 'state'))).not.toContain('clean-stop.state')
  })

  test('a start that came to nothing, as the port is taken, loses nothing', async () => {
    const first = await started()
    const held = await read(first.url, 'some')
    await stopped(first.server)
    const taken = await started({ folder: 'other' })
    const port = Number(new URL(taken.server.url).port)
    const loaded = configOf({
      server: { port },
      state: join(base, 'state'),
      sources: { stations: { url: upstream.url, every: '30ms', staleAfter: '1h', key: 'id' } },
      feeds: { some: { from: 'stations', steps: [{ where: 'bikes > 0' }] } },
    })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    const failing = new MillraceServer({ config: loaded.config })
    await expect(failing.listen()).rejects.toThrow('EADDRINUSE')
    await failing.close()
    const second = await started()
    expect((await comesBack(second.url, 'some', held)).subscribed).toMatchObject({ resumed: true, epoch: held.epoch })
  })
})

describe('after a crash', () => {
  test('what was learned of when to ask goes on', async () => {
    const every = { average: '250ms' }
    const first = await started({ every })
    const learned = (server: MillraceServer): number => [...server.graph.sources()][0]?.learned?.changes ?? 0
    const body = rows.map(row => ({ ...row }))
    const moving = setInterval(() => {
      upstream.body = JSON.stringify(body.map(row => ({ ...row, bikes: row.bikes++ })))
    }, 50)
    const reader = await new RawReader(first.url).open()
    reader.send({ type: 'subscribe', feed: 'stations' })
    await until(() => learned(first.server) >= 3)
    clearInterval(moving)
    const seen = learned(first.server)
    const saved = (): string => readFileSync(join(base, 'state', 'schedules.state'), 'utf8')
    await until(() => existsSync(join(base, 'state', 'schedules.state')) && Number(/"changes":(\d+)/.exec(saved())?.[1]) >= seen)
    const folder = await crashed()
    const second = await started({ folder, every })
    expect(learned(second.server)).toBeGreaterThanOrEqual(seen)
    reader.socket.terminate()
  })

  test('readers who hold what was saved resume by its checksum, in a new epoch, before anything is asked', async () => {
    const first = await started()
    const held = await read(first.url, 'some')
    await until(() => readdirSync(join(base, 'state')).includes('proofs.state'))
    const folder = await crashed()
    await stopped(first.server)
    upstream.status = 503
    const second = await started({ folder })
    const { subscribed, reader } = await comesBack(second.url, 'some', held)
    expect(subscribed.resumed).toBe(true)
    expect(subscribed.epoch > held.epoch).toBe(true)
    expect(await reader.next('status')).toMatchObject({ state: 'stale', validatedAt: expect.any(Number) })
    reader.socket.terminate()
    expect(await read(second.url, 'some')).toMatchObject({ rows })
  })

  test('who was ahead of what was saved keeps what it has until a poll brings the truth, and a new reader sees it at once', async () => {
    const first = await started()
    await read(first.url, 'some')
    await until(() => readdirSync(join(base, 'state')).includes('proofs.state'))
    const folder = await crashed()
    upstream.body = JSON.stringify([{ ...rows[0], bikes: 4 }, rows[1]])
    await until(() => first.server.graph.feed('some')?.store.row('a')?.['bikes'] === 4 || (void read(first.url, 'some'), false))
    const held = await read(first.url, 'some')
    await stopped(first.server)
    upstream.status = 503
    const second = await started({ folder })
    const reader = await new RawReader(second.url).open()
    reader.send({ type: 'subscribe', id: 1, feed: 'some', since: held })
    expect(await reader.next('status')).toMatchObject({ feed: 'some', state: 'stale' })
    expect(await read(second.url, 'some')).toMatchObject({ rows })
    upstream.body = JSON.stringify([{ ...rows[0], bikes: 5 }, rows[1]])
    upstream.status = 200
    expect(await reader.next('subscribed')).toMatchObject({ id: 1, resumed: false })
    expect((await reader.next('snapshot')).rows).toEqual([{ ...rows[0], bikes: 5 }, rows[1]])
    reader.socket.terminate()
  })

  test('and one more of a torn folder, the server starts without what is torn', async () => {
    const first = await started()
    const held = await read(first.url, 'some')
    await stopped(first.server)
    writeFileSync(join(base, 'state/table-stations.state'), '{"millrace":"state"')
    writeFileSync(join(base, 'state/clean-stop.state'), '')
    const second = await started()
    const { subscribed } = await comesBack(second.url, 'some', held)
    expect(subscribed.resumed).toBe(true)
    expect(subscribed.epoch).not.toBe(held.epoch)
    expect(log.lines.filter(line => line.startsWith('warn'))).toEqual([
      "warn: state: 'clean-stop.state' is set aside as 'clean-stop.state.bad-1': it is no file of Millrace, or torn",
      "warn: state: 'table-stations.state' is set aside as 'table-stations.state.bad-2': it is no file of Millrace, or torn",
    ])
    const metrics = await (await fetch(`${second.server.url}/metrics`)).text()
    expect(metrics).toContain('millrace_state_set_aside_total 2')
  })
})

test('a folder that another server uses: it does not start, and says why', async () => {
  await started()
  await expect(started()).rejects.toThrow(/^state folder '.*' is in use by process \d+: stop that one/)
})

test('an alert goes on as the one that it was, its readers resume by their position, and a mute holds', async () => {
  const first = await started()
  const low = (server: MillraceServer): unknown => server.graph.feed('low')?.store.row('a')
  await until(() => low(first.server) !== undefined)
  const before = low(first.server)
  expect(before).toMatchObject({ key: 'a', state: 'firing' })
  const reader = await new RawReader(`${first.url}?feed=low`).open()
  const { epoch, to } = await reader.next('snapshot')
  first.server.mute('low', Date.now() + 3_600_000)
  await stopped(first.server)
  const second = await started()
  await until(() => low(second.server) !== undefined)
  expect(low(second.server)).toEqual(before)
  expect(second.server.graph.feed('low')?.position).toEqual({ epoch, version: to })
  expect(second.server.mutedUntil('low')).toBeGreaterThan(Date.now() + 3_500_000)
  reader.socket.terminate()
})

/** The points of a feed, in the order of their times. */
const pointsOf = (server: MillraceServer): unknown[] => [...(server.graph.feed('course')?.store.rows() ?? [])].map(([, row]) => row)

test('a webhook is told of what fires once, and of what was resolved while the server was down', async () => {
  const hook = await startChangingUpstream('')
  const sinks = [{ webhook: { url: hook.url, groupWait: '10ms' } }]
  try {
    const first = await started({ sinks })
    await until(() => hook.requests === 1)
    await until(
      () => existsSync(join(base, 'state', 'told.state')) && readFileSync(join(base, 'state', 'told.state'), 'utf8').includes('"a"'),
    )
    const folder = await crashed()
    await stopped(first.server)
    const second = await started({ folder, sinks })
    const polls = upstream.requests
    await until(() => upstream.requests > polls + 5)
    await stopped(second.server)
    expect(hook.requests).toBe(1)
    upstream.body = JSON.stringify(rows.map(row => ({ ...row, bikes: 9 })))
    await started({ folder, sinks })
    await until(() => hook.requests === 2)
  } finally {
    await hook.close()
  }
})

test('a series goes on after a clean stop: readers resume by their position, and its points are there', async () => {
  const first = await started()
  await until(() => pointsOf(first.server).length >= 10)
  await stopped(first.server)
  const position = first.server.graph.feed('course')?.position
  const before = pointsOf(first.server)
  upstream.status = 503
  const second = await started()
  expect(second.server.graph.feed('course')?.position).toEqual(position)
  expect(pointsOf(second.server)).toEqual(before)
  upstream.status = 200
  await until(() => pointsOf(second.server).length > before.length)
  expect(pointsOf(second.server).slice(0, before.length)).toEqual(before)
})

test('a window goes on after a clean stop: readers resume by their position, and all that it held is in it', async () => {
  const first = await started()
  const polls = (server: MillraceServer): number => Number(server.graph.feed('recent')?.store.row('a')?.['polls'] ?? 0)
  await until(() => polls(first.server) >= 10)
  await stopped(first.server)
  const [position, before] = [first.server.graph.feed('recent')?.position, polls(first.server)]
  upstream.status = 503
  const second = await started()
  expect([second.server.graph.feed('recent')?.position, polls(second.server)]).toEqual([position, before])
  upstream.status = 200
  await until(() => polls(second.server) > before)
  expect(polls(second.server)).toBeLessThan(before + 10)
})

test('a series and a window go on after their process was killed, with what was saved of them', async () => {
  const server = await ServerProcess.start({
    limits: { saveEvery: '100ms' },
    state: join(base, 'state'),
    sources: { stations: { url: upstream.url, every: '30ms', staleAfter: '1h', key: 'id' } },
    feeds: { recent, course: { from: 'stations', steps: [{ series: { keep: 500, columns: { bikes: 'bikes' } } }] } },
  })
  const saved = (): unknown[] => {
    const file = join(base, 'state', 'steps.state')
    if (!existsSync(file)) return []
    const [, payload = ''] = readFileSync(file, 'utf8').split('\n')
    const { course } = JSON.parse(payload) as { course?: { steps: Readonly<Record<string, { points: { row: unknown }[] }>> } }
    return course?.steps['0']?.points.map(({ row }) => row) ?? []
  }
  const shown = async (feed: string): Promise<readonly unknown[]> => {
    const reader = await new RawReader(`${server.url.replace('http', 'ws')}/ws?feed=${feed}`).open()
    const { rows: seen } = await reader.next('snapshot')
    reader.socket.terminate()
    return seen
  }
  try {
    await until(() => saved().length >= 4)
    // Of a source whose first table came while steps were saved nothing may be there yet: then there is nothing to go on from.
    await until(() => readdirSync(join(base, 'state')).includes('table-stations.state'))
    await server.kill()
    upstream.status = 503
    const left = saved()
    await server.start()
    const after = await shown('course')
    expect(after).toEqual(expect.arrayContaining(left))
    // The table of the source may be saved with a later proof, which is a point as well.
    expect(after.length).toBeLessThanOrEqual(left.length + rows.length)
    const polls = left.length / rows.length
    const [window] = (await shown('recent')) as readonly { readonly polls: number }[]
    expect([polls, polls + 1]).toContain(window?.polls)
  } finally {
    await server.close()
  }
}, 40_000)

test('a rate counts from the table that was saved: what rose while the server was down is in it', async () => {
  const first = await started()
  const perSecond = (server: MillraceServer): unknown => server.graph.feed('pace')?.store.row('a')?.['perSecond']
  await until(() => perSecond(first.server) === 0)
  await stopped(first.server)
  upstream.body = JSON.stringify([{ ...rows[0], bikes: 1003 }, rows[1]])
  const second = await started()
  await until(() => typeof perSecond(second.server) === 'number')
  expect(perSecond(second.server)).toBeGreaterThan(0)
})
