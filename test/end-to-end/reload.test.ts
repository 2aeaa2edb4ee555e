import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Row } from '../../src/model/row.ts'
import type { ServerMessage } from '../../src/protocol/messages.ts'
import { startMillrace } from '../support/millrace.ts'
import type { Program } from '../support/program.ts'
import { json, Upstream } from '../support/upstream.ts'

/** 50 edits of a config, good and bad, under 200 readers on real sockets. */

const everyMs = 100
const readerCount = 200
const editCount = 50
/** Followed by the readers in turn; the last two are what is edited. */
const steady = ['steady', 'steady?limit=2&order=-id', 'calm', 'calm?where=twice%20%3E%200'] as const
const addresses = [...steady, 'edited', 'passing'] as const

let folder: string
let file: string
let upstream: Upstream
let program: Program
let url: string
let readers: Reader[]
/** How often each path was asked. */
let asked: Map<string, number>

/** A client that knows the rule of PROTOCOL.md, and whatever it sees that must not be. */
class Reader {
  readonly address: string
  readonly faults: string[] = []
  readonly epochs: string[] = []
  deltas = 0
  unsubscribed = 0
  shownN = 0
  /** What the step of the feed says, in each row. */
  shownEdit: unknown
  readonly #socket: WebSocket
  #rows = new Map<string, Row>()
  #version = 0
  #isFollowing = true
  #wake: (() => void)[] = []

  constructor(base: string, address: string) {
    this.address = address
    this.#socket = new WebSocket(`${base.replace('http', 'ws')}/ws`, { perMessageDeflate: false })
    this.#socket.on('error', error => void this.faults.push(String(error)))
    this.#socket.on('close', code => void this.faults.push(`closed with ${code}`))
    this.#socket.on('message', (data: Buffer) => {
      this.#take(JSON.parse(data.toString('utf8')) as ServerMessage)
      for (const wake of this.#wake.splice(0)) wake()
    })
    this.#socket.on('open', () => this.subscribe())
  }

  subscribe(): void {
    this.#isFollowing = true
    this.#rows = new Map()
    this.#version = 0
    this.#socket.send(JSON.stringify({ type: 'subscribe', id: 1, feed: this.address }))
  }

  get isFollowing(): boolean {
    return this.#isFollowing
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>(resolve => this.#wake.push(resolve))
  }

  close(): void {
    this.#socket.removeAllListeners('close')
    this.#socket.terminate()
  }

  #take(message: ServerMessage): void {
    switch (message.type) {
      case 'snapshot':
        if (message.to <= this.#version) this.faults.push(`a snapshot of ${message.to} after ${this.#version}`)
        this.#rows = new Map(message.rows.map(row => [row['id'] as string, row]))
        this.#version = message.to
        this.epochs.push(message.epoch)
        return this.#show()
      case 'delta':
        if (message.from !== this.#version) this.faults.push(`a gap: at ${this.#version}, a delta from ${message.from}`)
        for (const [key, cells] of Object.entries(message.set ?? {})) this.#rows.set(key, { ...this.#rows.get(key), ...cells })
        for (const key of message.del ?? []) this.#rows.delete(key)
        this.#version = message.to
        this.deltas++
        return this.#show()
      case 'unsubscribed':
        if (message.code !== 'not_found') this.faults.push(`unsubscribed: ${message.code ?? ''}`)
        this.unsubscribed++
        this.#isFollowing = false
        return
      case 'status':
        if (message.state !== 'fresh' && message.state !== 'waiting') this.faults.push(`${message.state}: ${message.reason ?? ''}`)
        return
      case 'error':
        return void this.faults.push(`error ${message.code}: ${message.message}`)
      default:
        return
    }
  }

  /** Every answer of the upstream has one number in all of its rows, a higher one than the last. */
  #show(): void {
    const rows = [...this.#rows.values()]
    const numbers = new Set(rows.map(row => (this.address.startsWith('calm') ? Number(row['twice']) / 2 : Number(row['n']))))
    const edits = new Set(rows.map(row => row['edit']))
    const [n = 0] = numbers
    if (numbers.size !== 1 || edits.size !== 1 || n < this.shownN) this.faults.push(`shown: ${JSON.stringify(rows)} after ${this.shownN}`)
    this.shownN = n
    this.shownEdit = [...edits][0]
  }
}

/** The config after an edit: what is steady never changes but in its description. */
function configOf(edit: number, options: { readonly passing?: boolean; readonly extra?: string } = {}): string {
  const { passing = true, extra = '' } = options
  const source = (name: string): string => `{url: "${upstream.url}${name}", every: ${everyMs}ms, key: id, staleAfter: 1m}`
  return `# edit ${edit}
server: {drain: 1s}
sources:
  steady: ${source('steady')}
  remote: ${source('remote')}
feeds:
  calm: {from: steady, description: "after edit ${edit}", steps: [{derive: {twice: n * 2}}]}
  edited: {from: remote, steps: [{derive: {edit: "${edit}"}}]}
${passing ? '  passing: {from: steady}\n' : ''}${extra}`
}

/** Kinds of bad edits; `bad` names the edit in what is said. */
const badEdits: readonly ((good: string, bad: string) => string)[] = [
  (good, bad) => `${good}  ${bad}: {frm: steady}\n`,
  (good, bad) => `${good}  ${bad}: {from: nowhere}\n`,
  (good, bad) => `${good}  ${bad}: {from: steady, steps: [{where: "n >"}]}\n`,
  (good, bad) => `${good}  ${bad}: {from: ${bad}}\n`,
  (good, bad) => `${good}  ${bad}: [\n`,
]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-reload-'))
  file = join(folder, 'millrace.yaml')
  asked = new Map()
  upstream = await Upstream.start((request, response) => {
    const path = request.url ?? ''
    const n = (asked.get(path) ?? 0) + 1
    asked.set(path, n)
    json(['a', 'b', 'c'].map(id => ({ id, n })))(request, response)
  })
  writeFileSync(file, configOf(0))
  program = startMillrace(['run', 'millrace.yaml', '--port', '0'], { cwd: folder })
  url = (await program.says(/page +(http:\S+)\//))[1] ?? ''
  readers = Array.from({ length: readerCount }, (_, i) => new Reader(url, addresses[i % addresses.length] ?? 'steady'))
})

afterEach(async () => {
  for (const reader of readers) reader.close()
  await program.end()
  await upstream.close()
  rmSync(folder, { recursive: true })
})

/** Writes a config; by SIGHUP it is read at once, else once the file has been left alone. Waits until the server says so. */
async function edit(text: string, bySignal: boolean, said: RegExp): Promise<void> {
  writeFileSync(file, text)
  if (bySignal) program.kill('SIGHUP')
  await program.says(said)
}

/** Whoever was told that its feed is no more asks again; all are sent what is new, by the last edit. */
async function goesOn(reader: Reader): Promise<void> {
  if (!reader.isFollowing) reader.subscribe()
  const seen = reader.deltas
  await reader.until(() => reader.deltas > seen + 1 && (reader.address !== 'edited' || reader.shownEdit === editCount + 1))
}

async function metricsOf(): Promise<Map<string, number>> {
  const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n')
  return new Map(lines.map(line => [line.replace(/ \S+$/, ''), Number(line.split(' ').at(-1))]))
}

test(`${editCount} edits under ${readerCount} readers: who follows what goes on notices nothing, and a bad edit leaves all as it was`, async () => {
  await Promise.all(readers.map(reader => reader.until(() => reader.epochs.length > 0)))
  const began = performance.now()
  const polls = asked.get('/steady') ?? 0
  let edited = 0
  for (let i = 1; i <= editCount; i++) {
    const bySignal = i % 5 !== 0
    const bad = badEdits[i % 10]
    if (bad === undefined) {
      edited = i
      // What passes is there after every second good edit.
      await edit(
        configOf(i, { passing: i % 4 !== 2, extra: `  edit-${i}: {from: steady}\n` }),
        bySignal,
        new RegExp(`added [^;"]*edit-${i}\\b`),
      )
      continue
    }
    const before = await (await fetch(`${url}/feeds`)).text()
    await edit(bad(configOf(edited, { passing: false }), `bad-${i}`), bySignal, new RegExp(`bad-${i}\\b[^]*config refused`))
    expect((await (await fetch(`${url}/health`)).json()) as object).toMatchObject({
      config: { error: expect.stringContaining('millrace.yaml:') as string },
    })
    const names = (text: string): unknown => (JSON.parse(text) as { feeds: { feed: string }[] }).feeds.map(({ feed }) => feed)
    expect(names(await (await fetch(`${url}/feeds`)).text())).toEqual(names(before))
  }
  await edit(configOf(editCount + 1, { extra: '  last: {from: steady}\n' }), true, /added [^;"]*last\b/)
  await Promise.all(readers.map(reader => goesOn(reader)))
  const elapsedMs = performance.now() - began
  for (const reader of readers) expect(`${reader.address}: ${reader.faults.slice(0, 3).join('; ')}`).toBe(`${reader.address}: `)
  const following = (address: string): Reader[] => readers.filter(reader => reader.address === address)
  for (const address of steady) {
    // One snapshot, at the start, and every change since as a delta.
    const all = following(address)
    expect(new Set(all.map(({ epochs }) => epochs.join())).size).toBe(1)
    expect(all.every(({ epochs, unsubscribed }) => epochs.length === 1 && unsubscribed === 0)).toBe(true)
    expect(Math.min(...all.map(({ deltas }) => deltas))).toBeGreaterThan(2)
  }
  for (const { epochs, unsubscribed } of following('edited')) {
    expect([unsubscribed, [...epochs].sort()]).toEqual([0, epochs])
    // Not each one: while load is shed an edit may be followed by the next before anything is sent.
    expect(new Set(epochs).size).toBeGreaterThan(3)
  }
  expect(Math.min(...following('passing').map(({ unsubscribed }) => unsubscribed))).toBeGreaterThan(0)
  // Nobody was asked more often because of the edits.
  expect((asked.get('/steady') ?? 0) - polls).toBeLessThanOrEqual(elapsedMs / everyMs + 2)
  const metrics = await metricsOf()
  const good = Array.from({ length: editCount }, (_, i) => badEdits[(i + 1) % 10]).filter(bad => bad === undefined).length + 1
  expect(metrics.get('millrace_config_reloads_total{outcome="accepted"}')).toBe(good)
  expect(metrics.get('millrace_config_reloads_total{outcome="refused"}')).toBeGreaterThanOrEqual(editCount + 1 - good)
  expect(metrics.get('millrace_config_reload_success')).toBe(1)
}, 60_000)
