import { subscribe } from 'node:diagnostics_channel'
import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import type * as Package from '../../src/index.ts'
import { answer, cpuTime, memory, waitTime } from './worker.ts'

// What is built, not its source through a loader: that is what people run.
const built = new URL('../../dist/index.js', import.meta.url).href
const { configOf, MillraceServer } = (await import(built)) as typeof Package

const pageFolder = fileURLToPath(new URL('../../dist/public', import.meta.url))

/** When each path was asked, in ms since 1970, since the last question; as this process sees it, so that it does not matter who answers. */
const asked = new Map<string, number[]>()
/** As the grids of sources are laid: on the wall clock at their beginning, from there by the monotonic one. */
let wallOffset = 0

function noteRequests(): void {
  subscribe('undici:client:sendHeaders', message => {
    const { path } = (message as { readonly request: { readonly path: string } }).request
    const now = wallOffset + performance.now()
    const times = asked.get(path)
    if (times === undefined) asked.set(path, [now])
    else times.push(now)
  })
}

let server: Package.MillraceServer | undefined
const delay = monitorEventLoopDelay({ resolution: 5 })

answer({
  /** Serves a config at any free port; returns where. */
  listen: (config: Readonly<Record<string, unknown>>) => {
    const loaded = configOf({ server: { port: 0 }, ...config })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    wallOffset = Date.now() - performance.now()
    server = new MillraceServer({ config: loaded.config, pageFolder })
    return server.listen()
  },
  noteRequests: () => noteRequests(),
  /** By path. */
  asked: () => {
    const taken = [...asked]
    asked.clear()
    return taken
  },
  /** Polls that have failed, by source. */
  failed: () => [...(server?.graph.sources() ?? [])].map(({ definition, counts }) => [definition.name, counts.failed]),
  cpu: () => cpuTime(),
  waited: () => waitTime(),
  /** Sources that no answer has come of yet. */
  unasked: () =>
    [...(server?.graph.sources() ?? [])].filter(({ counts }) => counts.changed + counts.unchanged + counts.failed === 0).length,
  memory: () => memory(),
  /** What the system counts, with its garbage: to collect that would hold up all that is due meanwhile. */
  rss: () => process.memoryUsage.rss(),
  /** The longest that the event loop was blocked since the last question, in ms; 0 at the first, from which on that is looked at. */
  blocked: () => {
    const longest = delay.enable() ? 0 : delay.max / 1e6
    delay.reset()
    return longest
  },
  /** How long encoding a table of so many rows takes in one go, in ms. */
  encodeAtOnce: (rows: number) => {
    const table = Array.from({ length: rows }, (_, i) => ({
      symbol: `SYM${i}`,
      price: 100 + i / 10,
      currency: 'EUR',
      text: `${i}`.padStart(60, 'x'),
    }))
    const began = performance.now()
    const frame = Buffer.from(JSON.stringify({ type: 'snapshot', rows: table }))
    return frame.byteLength > 0 ? performance.now() - began : 0
  },
  /** What a server whose readers are all gone must not keep. */
  kept: () => ({
    descriptors: readdirSync('/proc/self/fd').length,
    timers: process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length,
    sockets: process.getActiveResourcesInfo().filter(kind => kind === 'TCPSocketWrap').length,
    views: server?.hub.viewCount ?? 0,
    heap: memory().heap,
  }),
})
