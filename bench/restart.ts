import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { head, row, type Bench } from './harness/bench.ts'

const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const everyMs = 10_000
/** As it is by default, for each origin. */
const firstPollsPerSecond = 20

/** The origin of all sources, which counts. */
class Origin {
  /** When each request came, ms. */
  asked: number[] = []
  readonly #server = createServer((request, response) => {
    this.asked.push(performance.now())
    response.writeHead(200, { 'content-type': 'application/json' }).end(`[{"id":"${request.url ?? ''}","n":1}]`)
  })

  async listen(): Promise<string> {
    await new Promise<void>(resolve => {
      this.#server.listen(0, '127.0.0.1', resolve)
    })
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The most requests of any second since `from`, wherever that second begins. */
  most(from: number): number {
    const times = this.asked.filter(at => at >= from)
    let begin = 0
    return times.reduce((most, at, end) => {
      while ((times[begin] ?? at) <= at - 1000) begin++
      return Math.max(most, end - begin + 1)
    }, 0)
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

interface Shown {
  readonly rows: readonly { readonly rows: number; readonly state: string; readonly validatedAt: number | null }[]
}

/** `millrace run`, which is killed and started again. */
class Server {
  readonly #folder: string
  #child: ChildProcess | undefined
  #said = ''

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Until it listens. @returns its URL */
  async start(): Promise<string> {
    const child = spawn(process.execPath, [program, 'run', 'millrace.json'], { cwd: this.#folder, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.#said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (this.#said += chunk.toString()))
    for (;;) {
      const [, url] = /page +(http:\S+)\//.exec(this.#said) ?? []
      if (url !== undefined) return url
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${this.#said}`)
      await pause(20)
    }
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    await new Promise(resolve => {
      child.once('exit', resolve)
      child.kill('SIGKILL')
    })
  }
}

async function shown(url: string): Promise<Shown['rows']> {
  return ((await (await fetch(`${url}/feeds/$feeds`)).json()) as Shown).rows
}

/** How many are shown with rows, and the ages of those that have one, s. */
function standing(rows: Shown['rows']): { readonly withRows: number; readonly states: string; readonly ages: string } {
  const ages = rows
    .flatMap(({ validatedAt }) => (validatedAt === null ? [] : [(Date.now() - validatedAt) / 1000]))
    .toSorted((a, b) => a - b)
  const states = [...new Set(rows.map(({ state }) => state))].map(state => `${rows.filter(one => one.state === state).length} ${state}`)
  return {
    withRows: rows.filter(one => one.rows > 0).length,
    states: states.join(', '),
    ages: `${(ages[0] ?? Number.NaN).toFixed(1)} .. ${(ages.at(-1) ?? Number.NaN).toFixed(1)}`,
  }
}

/** Arguments: `[sources] [seconds down ..]`. */
export const restart: Bench = {
  title: 'Killed and started again',
  about: `\`kill -9\` of a real process with sources of one origin, each asked every ${everyMs / 1000} s, and \`state:\`; what the origin is asked then, and what readers are shown before it is. More in a second than twice as before and two seconds of first polls (${firstPollsPerSecond} a second), or a table that is not there at once, and the exit code is 1.`,
  async run([count = '500', ...down], say) {
    const origin = new Origin()
    const folder = mkdtempSync(join(tmpdir(), 'millrace-restart-'))
    const server = new Server(folder)
    try {
      const at = await origin.listen()
      const names = Array.from({ length: Number(count) }, (_, i) => `s${i}`)
      const config = {
        server: { port: 0 },
        log: { level: 'warn' },
        state: 'state',
        limits: { saveEvery: '1s' },
        defaults: { every: `${everyMs}ms`, demand: 'always', key: 'id' },
        sources: Object.fromEntries(names.map(name => [name, `${at}/${name}`])),
      }
      writeFileSync(join(folder, 'millrace.json'), JSON.stringify(config))
      say(head('', 'most requests in a second', 'shown at once, with rows', 'states', 'ages, s'))
      let url = await server.start()
      while ((await shown(url)).some(({ rows }) => rows === 0)) await pause(500)
      const steadyFrom = performance.now()
      await pause(2 * everyMs)
      const before = origin.most(steadyFrom)
      say(row('before', before, '', '', ''))
      for (const seconds of down.length === 0 ? [1, 25] : down.map(Number)) {
        while (!existsSync(join(folder, 'state', `table-s${Number(count) - 1}.state`))) await pause(100)
        await server.kill()
        await pause(seconds * 1000)
        const from = performance.now()
        url = await server.start()
        const { withRows, states, ages } = standing(await shown(url))
        await pause(3 * everyMs)
        const most = origin.most(from)
        say(row(`down for ${seconds} s`, most, `${withRows} of ${count}`, states, ages))
        if (most > 2 * before + 2 * firstPollsPerSecond || withRows < Number(count)) process.exitCode = 1
      }
    } finally {
      await server.kill()
      origin.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
