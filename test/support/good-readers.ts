import { configOf } from '../../src/config/load.ts'
import type { Row } from '../../src/model/row.ts'
import { MillraceServer, type ServerOptions } from '../../src/server.ts'
import { metricOf } from './metric.ts'
import { RawReader } from './raw-reader.ts'
import { json, Upstream } from './upstream.ts'

const goodCount = 10
/** A full table of these is about 100 KB, and all of it changes with each answer. */
const rowCount = 500

/** A server, its upstream, and ten readers who do nothing wrong while others do. */
export class GoodReaders {
  readonly count = goodCount
  readonly server: MillraceServer
  /** `http://..` */
  readonly url: string
  readonly #upstream: Upstream
  readonly #readers: RawReader[] = []

  private constructor(server: MillraceServer, url: string, upstream: Upstream) {
    this.server = server
    this.url = url
    this.#upstream = upstream
  }

  static async start(limits: object = {}, options: Omit<ServerOptions, 'config'> = {}): Promise<GoodReaders> {
    let answers = 0
    const upstream = await Upstream.start((request, response) => {
      answers++
      const rows = Array.from({ length: rowCount }, (_, i): Row => ({ id: `r${i}`, n: answers, text: `${answers}`.padStart(150, 'x') }))
      json(rows)(request, response)
    })
    const config = configOf({
      server: { port: 0, drain: '200ms', heartbeat: '1s' },
      // Off, unless it is what is tried: the machine of the tests may be busy with others.
      limits: { maxLoopDelay: 'off', ...limits },
      sources: { rows: { url: upstream.url, every: '40ms', key: 'id', linger: '100ms' } },
    })
    if (!config.ok) throw new Error(JSON.stringify(config.problems))
    const server = new MillraceServer({ config: config.config, ...options })
    const good = new GoodReaders(server, await server.listen(), upstream)
    await good.#enter()
    return good
  }

  /** How often the upstream answered. */
  get answers(): number {
    return this.#upstream.count
  }

  socketUrl(query = ''): string {
    return `${this.url.replace('http', 'ws')}/ws${query}`
  }

  metric(name: string): Promise<number> {
    return metricOf(this.url, name)
  }

  /** They are sent what is new, without a gap and without an error. @throws Error where one is not */
  async areUndisturbed(): Promise<void> {
    for (const reader of this.#readers) {
      const first = await reader.next('delta')
      const second = await reader.next('delta')
      if (second.from !== first.to) throw new Error(`a gap: a delta from ${second.from} follows one to ${first.to}`)
      if (reader.socket.readyState !== reader.socket.OPEN) throw new Error('a good reader is not open any more')
      const wrong = reader.messages.find(({ type }) => type === 'error' || type === 'snapshot')
      if (wrong !== undefined) throw new Error(`a good reader was sent ${JSON.stringify(wrong).slice(0, 200)}`)
    }
  }

  async close(): Promise<void> {
    for (const { socket } of this.#readers) socket.terminate()
    await this.server.close()
    await this.#upstream.close()
  }

  async #enter(): Promise<void> {
    this.#readers.push(...(await Promise.all(Array.from({ length: goodCount }, () => new RawReader(this.socketUrl('?feed=rows')).open()))))
    for (const reader of this.#readers) await reader.next('snapshot')
  }
}
