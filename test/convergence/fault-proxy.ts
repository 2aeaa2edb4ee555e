import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Random } from '../../src/lib/random.ts'

export interface ProxyTally {
  connections: number
  /** Chunks that came on in two pieces. */
  splits: number
  stalls: number
  /** Connections that ended in the midst of a chunk. */
  cuts: number
  /** Connections over which nothing came on any more, without an end. */
  halfOpens: number
}

const pause = (ms: number): Promise<void> =>
  new Promise(resolve => {
    setTimeout(resolve, ms)
  })

/** One connection through the proxy. */
class Line {
  isHalfOpen = false
  readonly #ends: readonly [Socket, Socket]

  constructor(client: Socket, server: Socket) {
    this.#ends = [client, server]
    for (const end of this.#ends) {
      end.setNoDelay(true)
      end.on('error', () => this.cut())
      end.on('close', () => this.cut())
    }
  }

  cut(): void {
    for (const end of this.#ends) end.destroy()
  }
}

/** A TCP proxy that does what networks do: splits, delays, stalls, ends in the midst of a message, and silence without an end. */
export class FaultProxy {
  readonly tally: ProxyTally = { connections: 0, splits: 0, stalls: 0, cuts: 0, halfOpens: 0 }
  readonly #server: Server
  readonly #random: Random
  readonly #lines = new Set<Line>()
  #isCalm = false
  #isSilent = false
  #isCut = false

  private constructor(target: URL, random: Random) {
    this.#random = random
    this.#server = createServer(client => this.#accept(client, connect(Number(target.port), target.hostname)))
  }

  /** In front of `target`; what it does follows from `random`, as far as the network lets it. */
  static async start(target: string, random: Random): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(target), random)
    await new Promise<void>(resolve => {
      proxy.#server.listen(0, '127.0.0.1', resolve)
    })
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** From now on nothing comes on any more, on lines that are there and on those to come, and none of them ends. */
  fallSilent(): void {
    this.#isSilent = true
    for (const line of this.#lines) this.#silence(line)
  }

  /** Ends all lines, and each that comes, until it settles. */
  cutAll(): void {
    this.#isCut = true
    for (const line of this.#lines) line.cut()
  }

  /** No more faults, and an end to the connections that are silent. */
  settle(): void {
    this.#isCalm = true
    this.#isSilent = false
    this.#isCut = false
    for (const line of this.#lines) if (line.isHalfOpen) line.cut()
  }

  close(): void {
    this.#server.close()
    for (const line of this.#lines) line.cut()
  }

  #accept(client: Socket, server: Socket): void {
    const line = new Line(client, server)
    this.tally.connections++
    this.#lines.add(line)
    if (this.#isCut) line.cut()
    if (this.#isSilent) this.#silence(line)
    client.once('close', () => this.#lines.delete(line))
    void this.#carry(line, client, server)
    void this.#carry(line, server, client)
  }

  #silence(line: Line): void {
    this.tally.halfOpens++
    line.isHalfOpen = true
  }

  async #carry(line: Line, from: Socket, to: Socket): Promise<void> {
    try {
      for await (const chunk of from) if (!line.isHalfOpen) await this.#pass(line, chunk as Buffer, to)
      to.end()
    } catch {
      // Either end failed: that is an end of the line, of which the other one is told.
      line.cut()
    }
  }

  async #pass(line: Line, chunk: Buffer, to: Socket): Promise<void> {
    const chance = this.#isCalm ? 1 : this.#random()
    const middle = Math.floor(this.#random() * chunk.length)
    if (chance < 0.0005) {
      this.#silence(line)
    } else if (chance < 0.0015) {
      this.tally.cuts++
      to.write(chunk.subarray(0, middle), () => line.cut())
    } else if (chance < 0.1) {
      const isStall = chance < 0.004
      if (isStall) this.tally.stalls++
      else this.tally.splits++
      to.write(chunk.subarray(0, middle))
      await pause(this.#random() * (isStall ? 1000 : 20))
      await written(to, chunk.subarray(middle))
    } else await written(to, chunk)
  }
}

/** Until there is room for more. */
async function written(to: Socket, bytes: Buffer): Promise<void> {
  if (to.write(bytes) || to.destroyed) return
  await new Promise<void>(resolve => {
    const done = (): void => {
      to.off('drain', done)
      to.off('close', done)
      resolve()
    }
    to.once('drain', done)
    to.once('close', done)
  })
}
