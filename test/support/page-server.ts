import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { configOf } from '../../src/config/load.ts'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import { MillraceServer } from '../../src/server.ts'
import { Upstream } from './upstream.ts'

const pageFolder = fileURLToPath(new URL('../../dist/public', import.meta.url))

/** What a test's config says beside its sources. */
export interface MoreConfig {
  readonly server?: object
  /** Of other upstreams. */
  readonly sources?: object
  readonly feeds?: object
  readonly boards?: object
}

/** A real server with the built page, over an upstream whose answers a test sets by path. */
export class PageServer {
  readonly upstream: Upstream
  /** What the upstream answers, by path: rows, or a status without any. */
  readonly answers = new Map<string, readonly object[] | number>()
  /** How far the server's clock is ahead of the machine's, in ms; it may be set at any time. */
  clockAheadMs = 0
  #server: MillraceServer | undefined
  #port = 0

  readonly #auth: object | undefined
  readonly #more: MoreConfig

  private constructor(upstream: Upstream, auth: object | undefined, more: MoreConfig) {
    this.upstream = upstream
    this.#auth = auth
    this.#more = more
  }

  /** `auth`, `more`: as in a config. */
  static async start(answers: Readonly<Record<string, readonly object[]>>, auth?: object, more: MoreConfig = {}): Promise<PageServer> {
    if (!existsSync(pageFolder)) throw new Error('the page is not built: npm run build')
    const upstream = await Upstream.start((request, response) => {
      const answer = page.answers.get((request.url ?? '/').slice(1)) ?? 404
      if (typeof answer === 'number') response.writeHead(answer).end()
      else response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer))
    })
    const page = new PageServer(upstream, auth, more)
    for (const [path, rows] of Object.entries(answers)) page.answers.set(path, rows)
    await page.listen()
    return page
  }

  /** Begins to serve, on the port that it had before. */
  async listen(): Promise<void> {
    const sources = Object.fromEntries(
      [...this.answers.keys()].map(name => [
        name,
        { url: this.upstream.url + name, every: '100ms', staleAfter: '400ms', maxBackoff: '200ms', key: 'id' },
      ]),
    )
    const loaded = configOf({
      ...this.#more,
      server: { ...this.#more.server, port: this.#port },
      ...(this.#auth === undefined ? {} : { auth: this.#auth }),
      // The loop is the test's, too: on a busy machine what a page asks for would be shed.
      limits: { maxLoopDelay: 'off' },
      sources: { ...sources, ...this.#more.sources },
      feeds: {
        ...this.#more.feeds,
        best: { from: [...this.answers.keys()][0] ?? '', description: 'The first two', steps: [{ top: { by: '-price', limit: 2 } }] },
      },
    })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    const machine = systemClock()
    const clock: Clock = { ...machine, now: () => machine.now() + this.clockAheadMs }
    this.#server = new MillraceServer({ config: loaded.config, pageFolder, clock })
    this.#port = Number(new URL(await this.#server.listen()).port)
  }

  /** Other tokens are in force, on pages that are open too. */
  replaceTokens(tokens: Parameters<MillraceServer['replaceTokens']>[0]): void {
    this.#server?.replaceTokens(tokens)
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`
  }

  /** Stops serving; the upstream goes on. */
  async stop(): Promise<void> {
    await this.#server?.close()
  }

  async close(): Promise<void> {
    await this.stop()
    await this.upstream.close()
  }

  /** How often a path was asked for. */
  asked(path: string): number {
    return this.upstream.requests.filter(request => request.path === `/${path}`).length
  }
}
