import { Client } from 'undici'
import { answer, cpuTime } from './worker.ts'

/** What anybody would write who polls: a timer, undici, JSON.parse. */
class Loop {
  readonly #client: Client
  readonly #path: string

  constructor(url: URL, everyMs: number, phaseMs: number) {
    this.#client = new Client(url.origin)
    this.#path = url.pathname
    setTimeout(() => setInterval(() => this.#poll(), everyMs), phaseMs)
  }

  #poll(): void {
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
