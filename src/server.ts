import { existsSync } from 'node:fs'
import type { Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { getRequestListener } from '@hono/node-server'
import { compileConfig } from './compile.ts'
import type { Config } from './config/config.ts'
import { Auth } from './connection/auth.ts'
import { judgeRequest, type DoorRules } from './connection/door.ts'
import { Heartbeat } from './connection/heartbeat.ts'
import { defaultConnectionLimits } from './connection/limits.ts'
import { FixedTokens, type KnownToken } from './connection/tokens.ts'
import { TrustedProxies } from './connection/trusted-proxies.ts'
import { WebSocketBinding } from './connection/websocket.ts'
import { Graph } from './feed/graph.ts'
import { ChangeRate, clientRows, feedRows, ownSource, sourceRows, type FeedFigures } from './feed/own.ts'
import { createApp, type Health } from './http/app.ts'
import { createHttpServer } from './http/http-server.ts'
import { createMetrics, type MeasuredFeed, type MeasuredSource } from './http/metrics.ts'
import { Hub } from './hub/hub.ts'
import { Overload } from './hub/overload.ts'
import { systemClock, type Clock } from './lib/clock.ts'
import { silentLogger, type Logger } from './lib/log.ts'
import { heapPart } from './lib/heap.ts'
import { measureLoopDelay } from './lib/loop-delay.ts'
import { systemRandom, type Random } from './lib/random.ts'
import { version } from './lib/version.ts'

/** Whether the event loop is overloaded is judged every so many ms, by samples so many ms apart. */
const loopWindowMs = 5000
const loopSampleMs = 20

export interface ServerOptions {
  readonly config: Config
  /** Default: nothing is logged. */
  readonly log?: Logger
  readonly clock?: Clock
  readonly random?: Random
  /** The folder of the built page; default: the package's own. */
  readonly pageFolder?: string
}

/** A Millrace server: the one place where every stage meets. */
export class MillraceServer {
  readonly graph: Graph
  readonly hub: Hub
  readonly #config: Config
  readonly #clock: Clock
  readonly #http: HttpServer
  readonly #webSockets: WebSocketBinding
  readonly #heartbeat: Heartbeat
  readonly #startedMono: number
  readonly #auth: Auth | undefined
  readonly #overload: Overload
  #stopWatching: () => void = () => undefined
  #ready = false
  #stopping: Promise<void> | undefined

  /** @throws RangeError when sources and feeds make no graph. */
  constructor(options: ServerOptions) {
    const { config } = options
    const clock = options.clock ?? systemClock()
    const random = options.random ?? systemRandom
    const log = options.log ?? silentLogger
    this.#config = config
    this.#clock = clock
    this.#startedMono = clock.monotonic()
    const { sources, feeds } = compileConfig(config, { clock, random, log })
    const rate = new ChangeRate(clock)
    const own = [
      ownSource('$sources', 'source', 'What is asked, when, why, and how it went', () => sourceRows(this.graph), { clock, random, log }),
      ownSource(
        '$feeds',
        'feed',
        'Every feed: its state, rows, readers and traffic',
        () =>
          feedRows(
            this.graph,
            feed => this.#figuresOf(feed),
            (feed, at) => rate.of(feed, at),
          ),
        { clock, random, log },
      ),
      ...(hasAdmin(config)
        ? [ownSource('$clients', 'id', 'Who is connected', () => clientRows(this.#webSockets.clients()), { clock, random, log })]
        : []),
    ]
    const { historyAgeMs, maxTombstones } = config.limits
    this.graph = new Graph({ sources: [...sources, ...own], feeds, clock, random, log, storeLimits: { historyAgeMs, maxTombstones } })
    const overload = new Overload(config.limits, log)
    this.#overload = overload
    this.hub = new Hub({ graph: this.graph, clock, random, log, limits: config.limits, overload })
    const metrics = createMetrics({
      connections: () => this.#webSockets.size,
      views: () => this.hub.viewCount,
      shedding: () => this.#overload.shedding,
      sources: () => this.#measuredSources(),
      feeds: () => this.#measuredFeeds(),
    })
    const auth = authOf(config, clock)
    this.#auth = auth
    this.#heartbeat = new Heartbeat(config.server.heartbeatMs, clock)
    const { maxHeaders, maxUrlBytes, maxConnections, maxConnectionsPerAddress, upgradesPerSecond } = config.limits
    const { hosts, origins, trustProxy } = config.server
    const door: DoorRules = { hosts, origins, proxies: new TrustedProxies(trustProxy), maxHeaders, maxUrlBytes }
    this.#webSockets = new WebSocketBinding(
      { path: config.server.path, door, maxConnections, maxConnectionsPerAddress, upgradesPerSecond, overload },
      {
        hub: this.hub,
        clock,
        random,
        log,
        limits: { ...defaultConnectionLimits, ...config.limits },
        heartbeat: this.#heartbeat,
        server: `millrace/${version}`,
        auth,
        limited: key => metrics.limited(key),
      },
    )
    const app = createApp({
      hub: this.hub,
      admission: auth && {
        authenticate: token => auth.authenticate(token),
        issueTicket: principal => auth.tickets.issue(principal),
      },
      poll: source => this.#poll(source),
      limited: key => metrics.limited(key),
      pageFolder: options.pageFolder ?? ownPage(),
      origins: door.origins,
      random,
      log,
      registry: metrics.registry,
      health: () => this.health(),
      isReady: () => this.#ready,
      now: () => clock.now(),
      webSocketPath: config.server.path,
    })
    this.#http = createHttpServer(config.limits, {
      judge: request => judgeRequest(request, door),
      answer: getRequestListener(app.fetch, { overrideGlobalObjects: false }),
      upgrade: (request, socket, head) => this.#webSockets.upgrade(request, socket, head),
      limited: key => metrics.limited(key),
    })
  }

  /**
   * Listens and begins to poll what must not sleep.
   * @returns the address, `http://127.0.0.1:8080`.
   * @throws the error of `listen`, such as EADDRINUSE.
   */
  async listen(): Promise<string> {
    const { host, port } = this.#config.server
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject)
      this.#http.listen(port, host, () => {
        this.#http.off('error', reject)
        resolve()
      })
    })
    this.#ready = true
    this.#watchLoop()
    this.graph.start()
    return this.url
  }

  /** Where it listens; only once it does. */
  get url(): string {
    const { address, port, family } = this.#http.address() as AddressInfo
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  }

  health(): Health {
    const failing = [...this.graph.sources()]
      .map(({ definition }) => ({ source: definition.name, freshness: this.graph.feed(definition.name)?.freshness }))
      .filter(
        ({ freshness }) =>
          freshness !== undefined && freshness.state !== 'fresh' && freshness.state !== 'waiting' && freshness.cause !== 'paused',
      )
      .map(({ source, freshness }) => ({
        source,
        state: freshness?.state ?? 'waiting',
        since: freshness?.since ?? 0,
        ...(freshness?.cause === undefined ? {} : { cause: freshness.cause }),
        ...(freshness?.reason === undefined ? {} : { reason: freshness.reason }),
      }))
    const uptimeMs = Math.round(this.#clock.monotonic() - this.#startedMono)
    return { version, uptimeMs, shedding: this.#overload.shedding, failing }
  }

  /**
   * Other tokens than the config's are in force from now on, on connections that are open too: whose token is none of them
   * is ended, whose token opens less loses the rest. Nothing where nobody is asked for one.
   */
  replaceTokens(tokens: readonly KnownToken[]): void {
    this.#auth?.replace(new FixedTokens(tokens))
    this.#webSockets.rejudge()
  }

  /** Stops accepting, closes readers with 1012 spread over half of `drain`, and gives up waiting at its end. */
  close(): Promise<void> {
    this.#stopping ??= this.#drain()
    return this.#stopping
  }

  async #drain(): Promise<void> {
    this.#ready = false
    const { drainMs } = this.#config.server
    const closed = new Promise<void>(resolve => this.#http.close(() => resolve()))
    const late = this.#clock.after(drainMs * 0.8, () => {
      this.#webSockets.terminate()
      this.#http.closeAllConnections()
    })
    await this.#webSockets.close(drainMs / 2)
    this.hub.close()
    await this.graph.close()
    this.#heartbeat.close()
    this.#stopWatching()
    this.#http.closeAllConnections()
    await closed
    late()
  }

  #watchLoop(): void {
    const loopDelay = measureLoopDelay(loopSampleMs)
    const read = (): void => {
      this.#overload.judge({ loopDelayMs: loopDelay.read(), heapPart: heapPart() })
      cancel = this.#clock.after(loopWindowMs, read)
    }
    let cancel = this.#clock.after(loopWindowMs, read)
    this.#stopWatching = () => {
      cancel()
      loopDelay.stop()
    }
  }

  /** Asks a source as a reader would who leaves at once. */
  #poll(name: string): { readonly next: number | undefined; readonly why: string } | undefined {
    const source = [...this.graph.sources()].find(({ definition }) => definition.name === name && !name.startsWith('$'))
    if (source === undefined) return undefined
    const release = this.graph.want(name)
    source.nudge()
    release()
    return { next: source.nextAt, why: source.why }
  }

  #figuresOf(feed: string): FeedFigures {
    const { readers, bytesSent, messagesSent, bytesPolled } = this.hub.figures.of(feed)
    return { readers, bytesSent, messagesSent, bytesSaved: Math.max(0, bytesPolled - bytesSent) }
  }

  #measuredSources(): MeasuredSource[] {
    const now = this.#clock.now()
    return [...this.graph.sources()].map(({ definition: { name }, counts }) => {
      const freshness = this.graph.feed(name)?.freshness
      const at = freshness?.validatedAt
      return { name, ...counts, state: freshness?.state ?? 'waiting', ageMs: at === undefined ? undefined : Math.max(0, now - at) }
    })
  }

  #measuredFeeds(): MeasuredFeed[] {
    return [...this.graph.feeds()].map(feed => {
      const { readers, bytesSent, messagesSent, encodes } = this.hub.figures.of(feed.name)
      return { name: feed.name, rows: feed.store.count, readers, bytesSent, messagesSent, encodes }
    })
  }
}

/** Whether there is anybody for the feeds and routes of an admin. */
function hasAdmin({ auth }: Config): boolean {
  return auth !== undefined && auth !== 'none' && auth.tokens.some(({ admin }) => admin)
}

function authOf({ auth, limits }: Config, clock: Clock): Auth | undefined {
  return auth === undefined || auth === 'none' ? undefined : new Auth(new FixedTokens(auth.tokens), { ...auth, ...limits }, clock)
}

/** The built page lies beside the built server; where the server runs from its sources, in dist/. */
function ownPage(): string {
  const [beside, built] = ['./public', '../dist/public'].map(path => fileURLToPath(new URL(path, import.meta.url)))
  return beside !== undefined && existsSync(beside) ? beside : (built ?? '')
}
