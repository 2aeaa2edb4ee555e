import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { head, row, type Bench } from './harness/bench.ts'
import { MovingUpstream } from './harness/moving-upstream.ts'
import { printSpread, spreadOf } from './harness/spread.ts'
import { Worker } from './harness/worker.ts'

/** So many sources, each asked so often: 250 polls a second. */
const sources = 25
const everyMs = 100
/** About 500 bytes of JSON. */
const rows = 10
/** A server runs for years: what is measured is compiled by then. */
const warmUpMs = 20_000

/** A process that polls. */
interface Poller {
  /** CPU time so far, in µs. */
  cpu(): Promise<number>
  end(): void
}

async function millrace(url: string): Promise<Poller> {
  const worker = new Worker('millrace-server.ts')
  const named = Array.from(
    { length: sources },
    (_, i) => [`s${i}`, { url, every: `${everyMs}ms`, key: 'symbol', demand: 'always' }] as const,
  )
  await worker.ask('listen', { limits: { firstPollsPerSecond: 1000 }, sources: Object.fromEntries(named) })
  return { cpu: () => worker.ask<number>('cpu'), end: () => worker.end() }
}

async function bareLoop(url: string): Promise<Poller> {
  const worker = new Worker('poll-loop.ts')
  await worker.ask('begin', { url, count: sources, everyMs })
  return { cpu: () => worker.ask<number>('cpu'), end: () => worker.end() }
}

/** The system's own Python may not be the first on the path. */
const pythons = ['python3', '/usr/bin/python3']

function pythonWithTornado(): string | undefined {
  return pythons.find(python => spawnSync(python, ['-c', 'import tornado']).status === 0)
}

function tornado(python: string, url: string): Promise<Poller> {
  const script = fileURLToPath(new URL('harness/poll_loop.py', import.meta.url))
  const child = spawn(python, [script, url, String(sources), String(everyMs / 1000)], { stdio: ['ignore', 'ignore', 'inherit'] })
  return Promise.resolve({
    cpu: () => Promise.resolve(cpuOf(child.pid ?? 0)),
    end: () => void child.kill(),
  })
}

/** User and system time of another process, in µs: the kernel counts in hundredths of a second. */
function cpuOf(pid: number): number {
  const [, fields = ''] = /\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number)
  return (user + system) * 10_000
}

/** CPU of one poll, in µs, over a window. */
async function measure(begin: (url: string) => Promise<Poller>, isMoving: boolean, windowMs: number): Promise<number> {
  const upstream = await MovingUpstream.start({ rows })
  const poller = await begin(upstream.url)
  try {
    upstream.isMoving = isMoving
    await pause(warmUpMs)
    const before = { cpu: await poller.cpu(), answers: upstream.answers }
    await pause(windowMs)
    const polls = upstream.answers - before.answers
    if (polls < (0.5 * windowMs * sources) / everyMs) throw new Error(`only ${polls} polls in ${windowMs} ms: the machine is too busy`)
    return ((await poller.cpu()) - before.cpu) / polls
  } finally {
    poller.end()
    upstream.close()
  }
}

/** Arguments: `[rounds] [windowMs]`. */
export const poll: Bench = {
  title: 'One poll',
  about: `CPU of a poll of about 500 bytes of JSON on loopback, ${(sources * 1000) / everyMs} of them a second by ${sources} sources, from the timer to "nothing changed", by a server with everything it does; against a bare loop of undici's \`request\` and \`JSON.parse\`, and Tornado's AsyncHTTPClient with \`json.loads\`.`,
  async run([rounds = '3', windowMs = '8000'], say) {
    const python = pythonWithTornado()
    const kinds: (readonly [string, (url: string) => Promise<Poller>, boolean])[] = [
      ['bare loop', bareLoop, false],
      ['Millrace, nothing changed', millrace, false],
      ['Millrace, rows changed', millrace, true],
      ...(python === undefined ? [] : [['Tornado', (url: string) => tornado(python, url), false] as const]),
    ]
    const found = new Map<string, number[]>(kinds.map(([name]) => [name, []]))
    for (let round = 0; round < Number(rounds); round++)
      for (const [name, begin, isMoving] of kinds) found.get(name)?.push(await measure(begin, isMoving, Number(windowMs)))
    const loop = spreadOf(found.get('bare loop') ?? []).median
    say(head('who polls', 'CPU of a poll, µs', 'ratio'))
    for (const [name, values] of found) say(row(name, printSpread(spreadOf(values), 0), (spreadOf(values).median / loop).toFixed(2)))
    if (python === undefined) say(row('Tornado', 'not installed (Debian: python3-tornado)', ''))
    const [unchanged, changed] = ['nothing', 'rows'].map(what => spreadOf(found.get(`Millrace, ${what} changed`) ?? []).median)
    say(`\nA poll that brought nothing costs ${((unchanged ?? 0) / (changed ?? 1)).toFixed(2)} of one that did.`)
  },
}
