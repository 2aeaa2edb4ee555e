import type { Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Config } from './config/config.ts'
import { Auth } from './connection/auth.ts'
import { judgeRequest, type DoorRules } from './connection/door.ts'
import { Heartbeat } from './connection/heartbeat.ts'
import { FixedTokens, type KnownToken } from './connection/tokens.ts'
import { TrustedProxies } from './connection/trusted-proxies.ts'
import { WebSocketBinding } from './connection/websocket.ts'
import { createApp, type HttpOptions } from './http/app.ts'
import { createHttpServer, unreadable } from './http/http-server.ts'
import type { Metrics } from './http/metrics.ts'
import type { Hub } from './hub/hub.ts'
import type { Overload } from './hub/overload.ts'
import type { Clock } from './lib/clock.ts'
import { live } from './lib/live.ts'
import type { Logger } from './lib/log.ts'
import type { Random } from './lib/random.ts'
import { version } from './lib/version.ts'

/** What routes lead to that is not the hub's. */
export type Routes = Pick<HttpOptions, 'poll' | 'awaken' | 'mute' | 'mutedUntil' | 'feedMetrics' | 'boards' | 'health' | 'isReady'>

export interface FrontOptions {
  readonly config: Config
  /** Those in force at the moment. */
  readonly limitsNow: () => Config['limits']
  readonly hub: Hub
  readonly overload: Overload
  readonly metrics: Metrics
  readonly pageFolder: string
  readonly routes: Routes
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** What readers reach: the door, WebSockets, and everything that is served over HTTP. */
export class Front {
  readonly webSockets: WebSocketBinding
  readonly #http: HttpServer
  readonly #heartbeat: Heartbeat
  readonly #auth: Auth | undefined
  readonly #clock: Clock

  constructor(options: FrontOptions) {
    const { config, limitsNow, hub, overload, metrics, routes, clock, random, log } = options
    const auth = authOf(config, clock)
    this.#auth = auth
    this.#clock = clock
    this.#heartbeat = new Heartbeat(config.server.heartbeatMs, clock)
    const limited = (key: string): void => metrics.limited(key)
    const { maxHeaders, maxUrlBytes, upgradesPerSecond } = config.limits
    const { hosts, origins, trustProxy, path } = config.server
    const door: DoorRules = { hosts, origins, proxies: new TrustedProxies(trustProxy), maxHeaders, maxUrlBytes }
    this.webSockets = new WebSocketBinding(
      live(() => {
        const { maxConnections, maxConnectionsPerAddress } = limitsNow()
        return { path, door, maxConnections, maxConnectionsPerAddress, upgradesPerSecond, overload }
      }),
      {
        hub,
        clock,
        random,
        log,
        get limits() {
          return limitsNow()
        },
        heartbeat: this.#heartbeat,
        server: `millrace/${version}`,
        auth,
        limited,
      },
    )
    const app = createApp({
      ...routes,
      hub,
      admission: auth && {
        authenticate: token => auth.authenticate(token),
        issueTicket: principal => auth.tickets.issue(principal),
      },
      pageFolder: options.pageFolder,
      origins: door.origins,
      addressOf: ({ socket, rawHeaders }) => door.proxies.clientOf(socket.remoteAddress ?? '', rawHeaders),
      random,
      log,
      limited,
      registry: metrics.registry,
      now: () => clock.now(),
      webSocketPath: path,
    })
    this.#http = createHttpServer(config.limits, {
      judge: request => judgeRequest(request, door),
      answer: getRequestListener(app.fetch, { overrideGlobalObjects: false, errorHandler: unreadable }),
      upgrade: (request, socket, head) => this.webSockets.upgrade(request, socket, head),
      limited,
    })
  }

  /** @throws the error of `listen`, such as EADDRINUSE. */
  async listen({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject)
      this.#http.listen(port, host, () => {
        this.#http.off('error', reject)
        resolve()
      })
    })
  }

  /** Where it listens; only once it does. */
  get url(): string {
    const { address, port, family } = this.#http.address() as AddressInfo
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  }

  /**
   * Other tokens than the config's are in force from now on, on connections that are open too: whose token is none of them
   * is ended, whose token opens less loses the rest. Nothing where nobody is asked for one.
   */
  replaceTokens(tokens: readonly KnownToken[]): void {
    this.#auth?.replace(new FixedTokens(tokens))
    this.webSockets.rejudge()
  }

  /**
   * Stops accepting, and closes readers with 1012, spread over half of `drainMs`; what is left near its end is dropped.
   * @returns ends what is still open, and waits for the sockets
   */
  async drain(drainMs: number): Promise<() => Promise<void>> {
    const closed = new Promise<void>(resolve => this.#http.close(() => resolve()))
    const late = this.#clock.after(drainMs * 0.8, () => {
      this.webSockets.terminate()
      this.#http.closeAllConnections()
    })
    await this.webSockets.close(drainMs / 2)
    return async () => {
      this.#heartbeat.close()
      this.#http.closeAllConnections()
      await closed
      late()
    }
  }
}

function authOf({ auth, limits }: Config, clock: Clock): Auth | undefined {
  return auth === undefined || auth === 'none' ? undefined : new Auth(new FixedTokens(auth.tokens), { ...auth, ...limits }, clock)
}
