import { compileConfig } from './compile.ts'
import type { Config } from './config/config.ts'
import { hasAdmin } from './config/auth-section.ts'
import { namedOfTables } from './config/named-columns.ts'
import { ConfigInForce, type Taken } from './config/in-force.ts'
import type { KnownToken } from './connection/tokens.ts'
import { awaken } from './feed/awaken.ts'
import { TableWatch } from './feed/table-watch.ts'
import { failingSources } from './feed/failing.ts'
import type { Graph } from './feed/graph.ts'
import { keptOf } from './feed/kept.ts'
import { membersOf } from './feed/members.ts'
import { nudgeSource } from './feed/nudge.ts'
import { clientRows, ownSource, ownSources } from './feed/own.ts'
import { ParamSets } from './feed/param-sets.ts'
import { printRedefinition, type Definitions, type Redefinition } from './feed/redefinition.ts'
import type { Health } from './http/app.ts'
import { createMetrics } from './http/metrics.ts'
import { pageFolder } from './http/page-folder.ts'
import { Front } from './front.ts'
import { Hub } from './hub/hub.ts'
import { feedFigures, measureFeeds, measureSources } from './hub/measures.ts'
import { Overload } from './hub/overload.ts'
import { watchOverload } from './hub/watch-overload.ts'
import { systemClock, type Clock } from './lib/clock.ts'
import { live } from './lib/live.ts'
import { silentLogger, type Logger } from './lib/log.ts'
import { systemRandom, type Random } from './lib/random.ts'
import { version } from './lib/version.ts'
import { Memories } from './operator/memories.ts'
import { Proxies, type ProxyEnvironment } from './source/proxy.ts'
import { Budgets } from './source/budgets.ts'
import { Schedules } from './source/schedule/schedules.ts'
import type { Taps } from './source/taps.ts'
import { sinkRows, WaysOut } from './sink/ways-out.ts'
import { SavedState } from './state/saved-state.ts'

export interface ServerOptions {
  readonly config: Config
  /** Default: nothing is logged. */
  readonly log?: Logger
  readonly clock?: Clock
  readonly random?: Random
  /** The folder of the built page; default: the package's own. */
  readonly pageFolder?: string
  /** Names the proxies that sources are asked through; default: the environment of the process. */
  readonly env?: ProxyEnvironment
  /** Default: nobody hears what sources ask, or answers in place of their upstreams. */
  readonly taps?: Taps
  /** The time that readers live by, whose connections and heartbeats are of this machine; default: `clock`. */
  readonly readerClock?: Clock
}

/** What a reload led to. */
export interface Reloaded extends Redefinition, Taken {
  /** Keys of the config that are other than at the start, and in force only after the next. */
  readonly needsRestart: readonly string[]
}

const stillOpen =
  'auth is in force from the next start on: until then whoever reaches this server reads everything; from then on all who send no token of `auth.tokens` are cut off'
const stillGuarded =
  'auth is gone from the next start on: until then tokens are asked for; from then on whoever reaches this server reads everything'

function asksForTokens({ auth }: Config): boolean {
  return auth !== undefined && auth !== 'none'
}

/** A Millrace server: the one place where every stage meets. */
export class MillraceServer {
  readonly graph: Graph
  readonly #paramSets: ParamSets
  readonly hub: Hub
  readonly #schedules = new Schedules()
  readonly #config: ConfigInForce
  /** Tokens are asked for, until the next start. */
  readonly #isGuarded: boolean
  readonly #compile: (config: Config) => Definitions
  readonly #budgets: Budgets
  readonly #log: Logger
  readonly #clock: Clock
  readonly #front: Front
  readonly #startedMono: number
  readonly #overload: Overload
  readonly #waysOut: WaysOut
  readonly #tables: TableWatch
  readonly #memories = new Memories()
  readonly #state: SavedState | undefined
  #stopWatching: () => void = () => undefined
  #ready = false
  #stopping: Promise<void> | undefined

  /** @throws RangeError when sources and feeds make no graph. */
  constructor(options: ServerOptions) {
    const { config } = options
    const clock = options.clock ?? systemClock()
    const { taps, readerClock = clock } = options
    const random = options.random ?? systemRandom
    const log = options.log ?? silentLogger
    this.#config = new ConfigInForce(config, clock.now())
    this.#log = log
    this.#clock = readerClock
    this.#startedMono = readerClock.monotonic()
    const own = ownSources(
      () => this.graph,
      feed => {
        const warning = this.#tables.warningOf(feed)
        return { ...feedFigures(this.hub.figures, feed), ...(warning === undefined ? {} : { warning }) }
      },
      { clock, random, log },
    )
    const clients = ownSource('$clients', 'id', 'Who is connected', () => clientRows(this.#front.webSockets.clients()), {
      clock,
      random,
      log,
    })
    const sinks = ownSource('$sinks', 'sink', 'Who is told of feeds', () => sinkRows(this.#waysOut.sinks), { clock, random, log })
    const asking = { proxies: new Proxies(options.env ?? process.env), membersOf: membersOf(() => this.graph, clock) }
    const deps = {
      clock,
      random,
      log,
      ...asking,
      ...(taps === undefined ? {} : { taps }),
      limited: (key: string) => metrics.limited(key),
    }
    const budgets = (this.#budgets = new Budgets(config.limits.firstPollsPerSecond, deps))
    budgets.rule(config.budgets)
    // Where nobody is asked who they are, everybody would be the admin of a config that is taken over.
    const isGuarded = (this.#isGuarded = asksForTokens(config))
    this.#compile = config => {
      const { sources, feeds } = compileConfig(config, { ...deps, budgets, schedules: this.#schedules, memories: this.#memories })
      const more = [
        ...(config.feeds.some(feed => feed.sinks.length > 0) ? [sinks] : []),
        ...(isGuarded && hasAdmin(config) ? [clients] : []),
      ]
      return { sources: [...sources, ...own, ...more], feeds }
    }
    this.#paramSets = new ParamSets({ ...this.#compile(config), clock, random, log, storeLimits: config.limits })
    this.graph = this.#paramSets.graph
    this.#waysOut = new WaysOut(this.graph, { clock, random, log }).replace(config.feeds)
    this.#tables = new TableWatch(this.graph, log).replace(namedOfTables(config))
    this.#state =
      config.state === undefined
        ? undefined
        : new SavedState(config.state, keptOf(this.graph), {
            everyMs: config.limits.saveEveryMs,
            parts: [this.#schedules, this.#memories, ...this.#waysOut.sinks.parts],
            clock,
            log,
          })
    const limitsNow = (): Config['limits'] => this.#config.current.limits
    const limits = live(limitsNow)
    this.#overload = new Overload(limits, log)
    this.hub = new Hub({ graph: this.graph, paramSets: this.#paramSets, clock, random, log, limits, overload: this.#overload })
    const metrics = createMetrics({
      connections: () => this.#front.webSockets.size,
      views: () => ({ held: this.hub.viewCount, putOff: this.hub.upkeep.waiting, spentMs: this.hub.viewPace.spentMs }),
      shedding: () => this.#overload.shedding,
      config: () => ({ reloads: this.#config.counts, success: this.#config.error === undefined, loadedAt: this.#config.loadedAt }),
      sources: () => measureSources(this.graph, clock.now()),
      feeds: () => measureFeeds(this.graph, this.hub.figures),
      state: () => this.#state?.figures,
      sinks: () => this.#waysOut.sinks.figures(),
      leftOut: () => this.#waysOut.exports.leftOut,
    })
    this.#front = new Front({
      config,
      limitsNow,
      hub: this.hub,
      overload: this.#overload,
      metrics,
      pageFolder: options.pageFolder ?? pageFolder(),
      routes: {
        poll: source => nudgeSource(this.graph, source),
        awaken: feed => awaken(this.graph, feed, clock),
        mute: (feed, until) => this.mute(feed, until),
        mutedUntil: feed => this.mutedUntil(feed),
        feedMetrics: covers => this.#waysOut.exports.text(covers),
        health: () => this.health(),
        isReady: () => this.#ready,
        boards: () => this.#config.current.boards,
      },
      clock: readerClock,
      random,
      log,
    })
  }

  /**
   * Takes up what a run before has left, listens, and begins to poll what must not sleep.
   * @returns the address, `http://127.0.0.1:8080`.
   * @throws StateError when the state folder cannot be used; the error of `listen`, such as EADDRINUSE.
   */
  async listen(): Promise<string> {
    this.#state?.takeUp()
    this.#forgetOthers(this.#config.current)
    await this.#front.listen(this.#config.current.server)
    this.#ready = true
    this.#stopWatching = watchOverload(this.#overload, this.#clock)
    this.graph.start()
    this.#state?.start()
    return this.url
  }

  /** Where it listens; only once it does. */
  get url(): string {
    return this.#front.url
  }

  health(): Health {
    const uptimeMs = Math.round(this.#clock.monotonic() - this.#startedMono)
    const { loadedAt, error } = this.#config
    const config = { loadedAt, ...(error === undefined ? {} : { error }) }
    return { version, uptimeMs, shedding: this.#overload.shedding, config, failing: failingSources(this.graph) }
  }

  /**
   * Takes another config over while the server runs: all of it or, where it throws, nothing. Feeds that are defined as before go on,
   * and their readers notice nothing. The log says what is other, and which keys wait for a restart; its level is set by whoever made it.
   * @throws RangeError when sources and feeds make no graph; metrics and /health tell of it.
   */
  reload(config: Config): Reloaded {
    const redefinition = this.#replaceFeeds(config)
    const { outcome, settings } = this.#config.take(config, this.#clock.now())
    const { needsRestart } = this.#config
    const other = [
      printRedefinition(redefinition) || (outcome === 'unchanged' ? 'nothing is other' : 'all feeds go on'),
      ...(settings.length === 0 ? [] : [`in force: ${settings.join(', ')}`]),
      ...(needsRestart.length === 0 ? [] : [`needs a restart: ${needsRestart.join(', ')}`]),
    ]
    this.#log.info({ ...redefinition, settings, needsRestart }, `config loaded: ${other.join('; ')}`)
    if (asksForTokens(config) !== this.#isGuarded) this.#log.warn(this.#isGuarded ? stillGuarded : stillOpen)
    return { outcome, ...redefinition, settings, needsRestart }
  }

  /** Nobody is told of a feed but its readers, until then, in ms since 1970; what has passed ends it. @returns whether there is such a feed. */
  mute(feed: string, until: number): boolean {
    return this.#waysOut.sinks.mute(feed, until)
  }

  /** ms since 1970; undefined: it is not muted. */
  mutedUntil(feed: string): number | undefined {
    return this.#waysOut.sinks.mutedUntil(feed)
  }

  /** A config that was to be taken over cannot be used: metrics and /health say so. `why` is one sentence without secrets. */
  refuseReload(why: string): void {
    this.#config.refuse(why)
  }

  /**
   * Other tokens than the config's are in force from now on, on connections that are open too: whose token is none of them
   * is ended, whose token opens less loses the rest. Nothing where nobody is asked for one.
   */
  replaceTokens(tokens: readonly KnownToken[]): void {
    this.#front.replaceTokens(tokens)
  }

  /** Stops accepting, closes readers with 1012 spread over half of `drain`, and gives up waiting at its end. */
  close(): Promise<void> {
    this.#stopping ??= this.#drain()
    return this.#stopping
  }

  async #drain(): Promise<void> {
    this.#ready = false
    const { drainMs } = this.#config.current.server
    const stopsMono = this.#clock.monotonic() + drainMs * 0.95
    const end = await this.#front.drain(drainMs)
    this.hub.close()
    await this.#waysOut.sinks.close(drainMs / 4)
    await this.graph.close()
    await this.#state?.stop(stopsMono - this.#clock.monotonic())
    this.#stopWatching()
    await end()
  }

  /** What steps of feeds remember that are defined otherwise, or are no more. */
  #forgetOthers({ feeds }: Config): void {
    this.#memories.retain(new Map(feeds.map(({ name }) => [name, this.graph.feed(name)?.options.fingerprint ?? ''])))
  }

  #replaceFeeds(config: Config): Redefinition {
    try {
      const redefinition = this.#paramSets.replace(this.#compile(config), () => {
        this.#budgets.rule(config.budgets)
        // Before the first row of the new feeds: who is not to read them any more must not be sent it.
        if (config.auth !== undefined && config.auth !== 'none') this.replaceTokens(config.auth.tokens)
      })
      this.#waysOut.replace(config.feeds)
      this.#tables.replace(namedOfTables(config))
      this.#forgetOthers(config)
      return redefinition
    } catch (error) {
      this.refuseReload("it could not be put to work; the server's log tells why")
      throw error
    }
  }
}
