import { Client } from 'undici'
import { answer, cpuTime } from './worker.ts'

/**
 * What anybody would write who polls on time: a timer, undici, JSON.parse. Each loop keeps to its own grid: intervals of one length fall in
 * with one another within a minute, and then a burst of polls shares what it costs to wake a process.
 */
class Loop {
  readonly #client: Client
  readonly #path: string
  readonly #everyMs: number
  #dueMs: number

  constructor(url: URL, everyMs: number, phaseMs: number) {
    this.#client = new Client(url.origin)
    this.#path = url.pathname
    this.#everyMs = everyMs
    this.#dueMs = performance.now() + phaseMs
    this.#wait()
  }

  #wait(): void {
    setTimeout(() => this.#poll(), this.#dueMs - performance.now())
  }

  #poll(): void {
    this.#dueMs += this.#everyMs
    this.#wait()
    void this.#client.request({ path: this.#path, method: 'GET' }).then(async ({ body }) => JSON.parse(await body.text()) as unknown)
  }
}

const loops: Loop[] = []

answer({
  begin: ({ url, count, everyMs }: { readonly url: string; readonly count: number; readonly everyMs: number }) => {
    for (let i = 0; i < count; i++) loops.push(new Loop(new URL(url), everyMs, (i / count) * everyMs))
  },
  cpu: () => cpuTime(),
})
