import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { silentLogger } from '../../src/lib/log.ts'
import { saveSchedule } from '../../src/source/schedule/saved.ts'
import { SectionFolder } from '../../src/state/section-folder.ts'
import { startMillrace } from '../support/millrace.ts'
import type { Program } from '../support/program.ts'
import { start, Watched } from '../support/watched.ts'

const periodMs = 1000
const averageMs = 500
const learnedForMs = 120_000

let folder: string
let upstream: Server
/** When it was asked, ms since 1970 UTC. */
let requests: number[]
let program: Program | undefined

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-rhythm-'))
  requests = []
  upstream = createServer((_request, response) => {
    requests.push(Date.now())
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify([{ id: 'a', n: Math.floor(Date.now() / periodMs) }]))
  }).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
})

afterEach(async () => {
  await program?.end()
  upstream.close()
  upstream.closeAllConnections()
  rmSync(folder, { recursive: true })
})

/** What two minutes of polls would have learned, in the state folder. */
async function learnedBefore(url: string): Promise<void> {
  const watched = new Watched({ averageMs, minMs: 250, maxMs: 4000 })
  const now = Date.now()
  watched.sentAt = now - learnedForMs
  const changes = Array.from({ length: learnedForMs / periodMs }, (_, i) => (Math.ceil(watched.sentAt / periodMs) + i) * periodMs - start)
  watched.watch(changes, now - start)
  const { state, pools } = watched
  if (state === undefined) throw new Error('nothing was learned')
  const sections = new SectionFolder(join(folder, 'state'), silentLogger)
  await sections.write('schedules', [
    Buffer.from(JSON.stringify({ clockwork: saveSchedule(`${url} every ${averageMs}`, { state, pool: pools.own }) })),
  ])
  sections.close()
}

/** Starts it, and waits until the upstream was asked so often; what it said of the next poll, all the while. */
async function run(polls: number): Promise<{ readonly asked: readonly number[]; readonly whys: ReadonlySet<string> }> {
  const before = requests.length
  program = startMillrace(['run', 'millrace.json'], { cwd: folder })
  const url = (await program.says(/page +(http:\S+)\//))[1] ?? ''
  const whys = new Set<string>()
  await vi.waitFor(
    async () => {
      const { rows } = (await (await fetch(`${url}/feeds/$sources`)).json()) as {
        readonly rows: readonly { readonly why: string | null }[]
      }
      const why = rows[0]?.why ?? ''
      if (why !== '') whys.add(why.split(',')[0] ?? '')
      expect(requests.length - before).toBeGreaterThanOrEqual(polls)
    },
    { timeout: 20_000, interval: 20 },
  )
  return { asked: requests.slice(before), whys }
}

test('after kill -9 a schedule is known at once: no burst, and nothing learned anew', async () => {
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/clockwork`
  await learnedBefore(url)
  const source = { url, every: { average: `${averageMs}ms` }, demand: 'always' }
  const config = { server: { port: 0 }, limits: { saveEvery: '100ms' }, state: './state', sources: { clockwork: source } }
  writeFileSync(join(folder, 'millrace.json'), JSON.stringify(config))
  for (const polls of [2, 4]) {
    const { asked, whys } = await run(polls)
    for (const why of whys) expect(why).toMatch(/^((schedule|check|background): changes every 1\.0 s|asking now|first-reader: .*)$/)
    expect([...whys].join()).toContain('schedule: changes every 1.0 s')
    // One poll an update, and the first one: as many as a source that was never killed is asked for.
    const passedMs = (asked.at(-1) ?? 0) - (asked[0] ?? 0)
    expect(asked.length).toBeLessThanOrEqual(2 + Math.ceil(passedMs / periodMs) + Math.ceil(passedMs / (4 * periodMs)))
    // SIGKILL.
    await program?.end()
  }
}, 60_000)
