import { closeSync, openSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock, type Cancel, type Clock } from '../../src/lib/clock.ts'
import { fastForward } from '../../src/lib/fast-forward.ts'
import { VirtualClock } from '../../src/lib/virtual-clock.ts'
import { Recorder } from '../../src/replay/recorder.ts'
import { Recording } from '../../src/replay/recording.ts'
import { RecordingWriter } from '../../src/replay/recording-writer.ts'
import { Replayer } from '../../src/replay/replayer.ts'
import type { Poll } from '../../src/source/ask.ts'
import type { DocumentOrigin, Found } from '../../src/source/document-ask.ts'
import { PollError } from '../../src/source/failure.ts'
import { httpSource, until, type WrittenOptions } from '../support/http-source.ts'
import { configRecord, recordedAt, Recordings } from '../support/recordings.ts'
import {
  body,
  compressed,
  etagged,
  gzipBomb,
  hangBeforeHeaders,
  hangMidBody,
  json,
  notHttp,
  redirect,
  resetMidBody,
  status,
  truncatedBody,
  Upstream,
  wrongChunking,
  type Behaviour,
} from '../support/upstream.ts'

const recordings = new Recordings()
afterAll(() => recordings.remove())
let upstream: Upstream

beforeEach(async () => {
  upstream = await Upstream.start(json([{ id: 1 }]))
})
afterEach(() => upstream.close())

const same = (text: string): string => text

/** What of a poll has to be the same when it is replayed. */
function outcome(poll: Poll): unknown {
  if (poll.kind === 'failed') return { kind: poll.kind, cause: poll.cause, reason: poll.reason, status: poll.status }
  return { kind: poll.kind, status: poll.status, bytes: poll.bytes, rows: [...poll.table.rows.values()], asOf: poll.asOf }
}

/** The clock of this machine, but for the pauses between polls, which nobody waits for. */
class LeapingClock implements Clock {
  readonly #real = systemClock()
  #leaptMs = 0

  now(): number {
    return this.#real.now() + this.#leaptMs
  }

  monotonic(): number {
    return this.#real.monotonic() + this.#leaptMs
  }

  after(delayMs: number, run: () => void): Cancel {
    return this.#real.after(delayMs, run)
  }

  leap(ms: number): void {
    this.#leaptMs += ms
  }
}

/** Polls so often, each time with the next behaviour, and keeps what was asked. */
async function record(
  written: WrittenOptions,
  ...script: Behaviour[]
): Promise<{ readonly path: string; readonly polls: unknown[]; readonly at: number[] }> {
  const path = recordings.path()
  const file = openSync(path, 'w')
  const clock = new LeapingClock()
  const writer = new RecordingWriter(file, error => {
    throw error
  })
  writer.append({ ...configRecord(), startMs: clock.now() })
  const recorder = new Recorder({ writer, clock, tell: same })
  const began = clock.monotonic()
  const { ask } = httpSource(written, clock, { tap: recorder.link('a', 'data') })
  const [polls, at]: [unknown[], number[]] = [[], []]
  for (const behaviour of script) {
    upstream.script(behaviour)
    clock.leap(5000)
    at.push(clock.monotonic() - began)
    polls.push(outcome(await ask.poll()))
  }
  await ask.close()
  await recorder.stop()
  closeSync(file)
  return { path, polls, at }
}

/** Polls at the same times, on a clock of its own. */
async function replay(path: string, written: WrittenOptions, at: readonly number[]): Promise<unknown[]> {
  const recording = new Recording(path)
  const clock = new VirtualClock(recording.config.startMs)
  const replayer = new Replayer({ recording, clock, tell: same, untell: same })
  const { ask } = httpSource(written, clock, { tap: replayer.link('a', 'data') })
  const polls: unknown[] = []
  for (const time of at) {
    await fastForward(clock, Math.max(0, time - clock.monotonic()))
    polls.push(outcome(await ended(ask.poll(), clock)))
  }
  await ask.close()
  recording.close()
  return polls
}

/** Moves the clock on until a poll has ended. */
async function ended(poll: Promise<Poll>, clock: VirtualClock): Promise<Poll> {
  const outcomes: Poll[] = []
  void poll.then(outcome => outcomes.push(outcome))
  for (;;) {
    // What it waits for next is known once all is done that waits for no time.
    await fastForward(clock, 0)
    const [outcome] = outcomes
    if (outcome !== undefined) return outcome
    await fastForward(clock, clock.nextMs ?? 0)
  }
}

/** An answer whose body begins and does not end. */
function unended(code: number, start: string | Buffer, headers: Readonly<Record<string, string>> = {}): Behaviour {
  return (_, response) => void response.writeHead(code, { 'content-type': 'application/json', ...headers }).write(start)
}

const rows = [
  { id: 1, name: 'a' },
  { id: 2, name: 'b' },
]

test('every kind of answer and of fault is the same again, to the word', async () => {
  const written = { url: upstream.url, timeout: '1s', maxBody: '1MiB', key: 'id' } as const
  const script = [
    json(rows),
    compressed(rows, 'gzip'),
    compressed(rows.slice(1), 'br'),
    etagged(rows, '"v1"'),
    etagged(rows, '"v1"'),
    status(500),
    status(429, { 'retry-after': '7' }),
    hangBeforeHeaders,
    hangMidBody,
    resetMidBody,
    wrongChunking,
    gzipBomb(4_000_000),
    truncatedBody,
    notHttp,
    body('not json'),
    body(gzipSync('[{"id":1}]').subarray(0, 20), { 'content-encoding': 'gzip' }),
    redirect('/there'),
    ((request, response) => (request.url === '/' ? redirect('/elsewhere') : json(rows))(request, response)) as Behaviour,
    json(rows, { 'last-modified': 'Thu, 22 Jan 2026 14:00:00 GMT' }),
    // Broken off by who asked, before their ends.
    unended(200, gzipSync(Buffer.alloc(3_000_000)), { 'content-encoding': 'gzip' }),
    unended(500, 'x'),
    unended(302, Buffer.alloc(100_000), { location: '/elsewhere' }),
  ]
  const { path, polls, at } = await record(written, ...script)
  expect(polls).toMatchObject([
    { rows },
    { rows },
    { rows: rows.slice(1) },
    { status: 200 },
    { status: 304 },
    { status: 500 },
    { status: 429 },
    { cause: 'timeout' },
    { cause: 'timeout' },
    { cause: 'reset' },
    { cause: 'http' },
    { cause: 'too_large' },
    { cause: 'reset' },
    { cause: 'http' },
    { cause: 'decode' },
    { cause: 'decode' },
    { cause: 'http', reason: expect.stringContaining('maxRedirects') as string },
    { rows },
    { rows },
    { cause: 'too_large' },
    { status: 500 },
    { cause: 'http', reason: expect.stringContaining('maxRedirects') as string },
  ])
  expect(await replay(path, written, at)).toEqual(polls)
})

test('events that were broken off because nobody wanted them any more are no fault of the upstream', async () => {
  const written = { url: upstream.url, key: 'id' } as const
  upstream.script((_, response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: [{"id":1}]\n\n'))
  const path = recordings.path()
  const file = openSync(path, 'w')
  const writer = new RecordingWriter(file, error => {
    throw error
  })
  const clock = systemClock()
  writer.append({ ...configRecord(), startMs: clock.now() })
  const recorder = new Recorder({ writer, clock, tell: same })
  const { ask } = httpSource(written, clock, { tap: recorder.link('a', 'data') })
  const polls = [outcome(await ask.poll())]
  ask.rest?.()
  await ask.close()
  await recorder.stop()
  closeSync(file)
  expect(polls).toMatchObject([{ rows: [{ id: 1 }] }])
  // Asked once more, long after: what is held is still proved by a connection that nobody has broken off.
  expect(await replay(path, written, [0, 60_000])).toMatchObject([{ rows: [{ id: 1 }] }, { kind: 'unchanged' }])
})

test('nobody who listens, and a name that there is not', async () => {
  const [refused, unknown] = [
    { url: 'http://127.0.0.1:9/', key: 'id' },
    { url: 'http://nowhere.invalid/', key: 'id' },
  ]
  for (const written of [refused, unknown]) {
    const { path, polls, at } = await record(written, json(rows))
    expect(polls).toMatchObject([{ kind: 'failed' }])
    expect(await replay(path, written, at)).toEqual(polls)
  }
})

test('a request that was never made is a poll that fails and says so', async () => {
  const { path, at } = await record({ url: upstream.url, key: 'id' }, json(rows))
  expect(await replay(path, { url: `${upstream.url}other?token=s3cret`, key: 'id' }, at)).toMatchObject([
    { cause: 'upstream', reason: `the recording has no answer to GET ${upstream.url}other?token=***` },
  ])
})

test('events come when they came', async () => {
  const written = { url: upstream.url, key: 'id' } as const
  const path = recordings.path()
  const file = openSync(path, 'w')
  const writer = new RecordingWriter(file, () => undefined)
  writer.append(configRecord())
  const head = { at: 0, source: 'a', purpose: 'data', method: 'GET', url: upstream.url, sentHeaders: {}, status: 200, headMs: 10 } as const
  writer.append({ kind: 'stream', id: 0, ...head, headers: { 'content-type': 'text/event-stream' } })
  for (const n of [1, 2, 3]) writer.append({ kind: 'chunk', of: 0, at: n * 1000 }, Buffer.from(`data: [{"id":"x","n":${n}}]\n\n`))
  writer.append({ kind: 'streamEnd', of: 0, endMs: 4000 })
  await writer.flushed()
  closeSync(file)
  const recording = new Recording(path)
  const clock: Clock & VirtualClock = new VirtualClock(recordedAt)
  const { ask } = httpSource(written, clock, { tap: new Replayer({ recording, clock, tell: same, untell: same }).link('a', 'data') })
  let woken = 0
  ask.wakes?.(() => woken++)
  await fastForward(clock, 0)
  // Asked before the first of them: it is waited for.
  expect(outcome(await ended(ask.poll(), clock))).toMatchObject({ rows: [{ n: 1 }] })
  expect(clock.monotonic()).toBe(1000)
  await fastForward(clock, 2500)
  expect(woken).toBe(2)
  expect(outcome(await ask.poll())).toMatchObject({ rows: [{ n: 3 }] })
  expect(ask.isFollowing).toBe(true)
  await fastForward(clock, 1000)
  await until(() => ask.isFollowing === false)
  await ask.close()
  recording.close()
})

test('what a command prints, how it fails and that it does not end', async () => {
  const path = recordings.path()
  const file = openSync(path, 'w')
  const clock = new VirtualClock(recordedAt)
  const writer = new RecordingWriter(file, () => undefined)
  writer.append(configRecord())
  const script: (() => Promise<Found>)[] = [
    () => Promise.resolve({ body: Buffer.from('a,b'), mediaType: 'text/csv', asOf: 5 }),
    () => Promise.resolve({ body: Buffer.from('a,b'), mediaType: '' }),
    () => Promise.reject(new PollError('upstream', 'the command ended with 1: no such table')),
    () => new Promise(() => undefined),
  ]
  const recorder = new Recorder({ writer, clock, tell: same })
  const origin = recorder.origin('a', { what: 'the command psql', find: () => script.shift()?.() ?? Promise.reject(new Error('over')) })
  const looks = async (of: DocumentOrigin, own: VirtualClock): Promise<unknown[]> => {
    const found: unknown[] = []
    for (let i = 0; i < 4; i++) {
      const giveUp = new AbortController()
      const look = Promise.race([
        of.find(giveUp.signal).catch((error: unknown) => ({ error: (error as PollError).message })),
        new Promise(resolve => giveUp.signal.addEventListener('abort', () => resolve('given up'))),
      ])
      await fastForward(own, 500)
      giveUp.abort()
      found.push(await look)
      await fastForward(own, 500)
    }
    return found
  }
  const then = await looks(origin, clock)
  await recorder.stop()
  closeSync(file)
  expect(then).toMatchObject([{ asOf: 5 }, { mediaType: '' }, { error: 'the command ended with 1: no such table' }, 'given up'])
  const recording = new Recording(path)
  expect([...recording.sources]).toEqual(['a'])
  const again = new VirtualClock(recordedAt)
  const replayer = new Replayer({ recording, clock: again, tell: same, untell: same })
  const never: DocumentOrigin = { what: 'the command psql', find: () => Promise.reject(new Error('it is not run')) }
  expect(await looks(replayer.origin('a', never), again)).toEqual(then)
  await expect(replayer.origin('b', never).find(new AbortController().signal)).rejects.toThrow(
    'the recording has nothing of the command psql',
  )
  recording.close()
})
