import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import { sheddingLevels, type Shedding } from '../hub/overload.ts'
import { version } from '../lib/version.ts'

/** What the metrics tell of a source. */
export interface MeasuredSource {
  readonly name: string
  readonly changed: number
  readonly unchanged: number
  readonly failed: number
  readonly state: string
  /** ms since an answer proved the data current; undefined: none ever did. */
  readonly ageMs: number | undefined
  /** What its schedule has learned; undefined where it learns nothing. */
  readonly learned: { readonly price: number; readonly period?: { readonly periodMs: number } } | undefined
}

/** What the metrics tell of a feed. */
export interface MeasuredFeed {
  readonly name: string
  readonly rows: number
  readonly readers: number
  readonly bytesSent: number
  readonly messagesSent: number
  readonly encodes: number
  readonly degraded: string | undefined
}

/** What the metrics tell of the config. */
export interface MeasuredConfig {
  /** Reloads, by outcome. */
  readonly reloads: Readonly<Record<string, number>>
  /** Whether the last config that was read is in force. */
  readonly success: boolean
  /** When one was last read and found good, ms since 1970. */
  readonly loadedAt: number
}

/** What the metrics tell of the state folder. */
export interface MeasuredState {
  readonly written: number
  readonly failed: number
  readonly bytes: number
  readonly setAside: number
  /** ms since all that was to be written was; undefined: it never was. */
  readonly ageMs: number | undefined
}

/** What the metrics tell of a sink. */
export interface MeasuredSink {
  readonly kind: string
  readonly target: string
  readonly delivered: number
  readonly failed: number
  readonly refused: number
  readonly waiting: number
}

export interface MeasuredViews {
  readonly held: number
  /** Behind their feed, and waiting for their turn. */
  readonly putOff: number
  readonly spentMs: number
}

/** What the metrics read when they are scraped; `server.ts` fills it in. */
export interface Measured {
  connections(): number
  views(): MeasuredViews
  shedding(): Shedding
  config(): MeasuredConfig
  /** Undefined where no state is kept. */
  state?(): MeasuredState | undefined
  sources(): Iterable<MeasuredSource>
  feeds(): Iterable<MeasuredFeed>
  sinks?(): Iterable<MeasuredSink>
  /** Rows by feed that the last scrape of /metrics/feeds lacks. */
  leftOut?(): ReadonlyMap<string, number>
}

export interface Metrics {
  readonly registry: Registry
  /** A limit was met; `key` as in the configuration. */
  limited(key: string): void
}

type Labels = Record<string, string>
type Collect = (set: (labels: Labels, value: number) => void) => void

/** The server's own metrics, in the text format of Prometheus. Names: docs/metrics.md. */
export function createMetrics(measured: Measured): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const exposed = new Exposition(registry)
  const limits = new Counter({
    name: 'millrace_limit_total',
    help: 'Limits met, by their key.',
    labelNames: ['limit'],
    registers: [registry],
  })
  exposed.gauge('millrace_build_info', 'Always 1; the version is a label.', ['version'], set => set({ version }, 1))
  exposed.gauge('millrace_connections', 'WebSocket connections.', [], set => set({}, measured.connections()))
  exposed.gauge('millrace_views', 'Views held, feeds that are read included.', [], set => set({}, measured.views().held))
  exposed.gauge('millrace_views_put_off', 'Views that are behind their feed, and wait for their turn.', [], set =>
    set({}, measured.views().putOff),
  )
  exposed.counter(
    'millrace_view_seconds_total',
    'Time that went into views: building them, keeping them up to date, telling them.',
    [],
    set => set({}, measured.views().spentMs / 1000),
  )
  exposed.gauge('millrace_shedding', 'How much load is shed, from 0 to 3.', [], set => set({}, sheddingLevels.indexOf(measured.shedding())))
  exposeConfig(exposed, measured)
  exposeSources(exposed, measured)
  exposeFeeds(exposed, measured)
  exposeState(exposed, measured)
  exposeSinks(exposed, measured)
  return { registry, limited: key => limits.inc({ limit: key }) }
}

function exposeConfig(exposed: Exposition, measured: Measured): void {
  exposed.counter('millrace_config_reloads_total', 'Reloads of the config, by outcome.', ['outcome'], set => {
    for (const [outcome, count] of Object.entries(measured.config().reloads)) set({ outcome }, count)
  })
  exposed.gauge('millrace_config_reload_success', '1 while the last config that was read is in force, else 0.', [], set =>
    set({}, measured.config().success ? 1 : 0),
  )
  exposed.gauge('millrace_config_last_reload_success_timestamp_seconds', 'When a config was last read and found good.', [], set =>
    set({}, measured.config().loadedAt / 1000),
  )
}

function exposeSources(exposed: Exposition, measured: Measured): void {
  exposed.counter('millrace_polls_total', 'Polls, by outcome.', ['source', 'outcome'], set => {
    for (const { name, changed, unchanged, failed } of measured.sources())
      for (const [outcome, count] of Object.entries({ changed, unchanged, failed })) set({ source: name, outcome }, count)
  })
  exposed.gauge('millrace_source_fresh', '1 while the source is fresh, else 0.', ['source'], set => {
    for (const { name, state } of measured.sources()) set({ source: name }, state === 'fresh' ? 1 : 0)
  })
  exposed.gauge('millrace_source_age_seconds', 'Since an answer proved the data current; absent until one did.', ['source'], set => {
    for (const { name, ageMs } of measured.sources()) if (ageMs !== undefined) set({ source: name }, ageMs / 1000)
  })
  exposed.gauge('millrace_source_period_seconds', 'The period that was learned of its changes; absent until one is.', ['source'], set => {
    for (const { name, learned } of measured.sources())
      if (learned?.period !== undefined) set({ source: name }, learned.period.periodMs / 1000)
  })
  exposed.gauge(
    'millrace_source_request_price',
    'What a request is worth to a schedule that learns: 1 on budget, more above it.',
    ['source'],
    set => {
      for (const { name, learned } of measured.sources()) if (learned !== undefined) set({ source: name }, learned.price)
    },
  )
}

function exposeFeeds(exposed: Exposition, measured: Measured): void {
  const of = (value: (feed: MeasuredFeed) => number): Collect => {
    return set => {
      for (const feed of measured.feeds()) set({ feed: feed.name }, value(feed))
    }
  }
  const labels = ['feed']
  exposed.gauge(
    'millrace_feed_rows',
    'Rows of a feed.',
    labels,
    of(feed => feed.rows),
  )
  exposed.gauge(
    'millrace_feed_readers',
    'Subscriptions to a feed and its views.',
    labels,
    of(feed => feed.readers),
  )
  exposed.counter(
    'millrace_feed_sent_bytes_total',
    'Bytes of data sent.',
    labels,
    of(feed => feed.bytesSent),
  )
  exposed.counter(
    'millrace_feed_sent_messages_total',
    'Data messages sent.',
    labels,
    of(feed => feed.messagesSent),
  )
  exposed.counter(
    'millrace_feed_encodes_total',
    'Frames encoded: once for all readers at one position.',
    labels,
    of(feed => feed.encodes),
  )
  exposed.gauge('millrace_feed_degraded', '1 while part of a feed is kept back, by the cause.', ['feed', 'cause'], set => {
    for (const { name, degraded } of measured.feeds()) if (degraded !== undefined) set({ feed: name, cause: degraded }, 1)
  })
}

function exposeState(exposed: Exposition, measured: Measured): void {
  exposed.counter('millrace_state_writes_total', 'Files of the state folder, by outcome.', ['outcome'], set => {
    const { written, failed } = measured.state?.() ?? {}
    for (const [outcome, count] of Object.entries({ written, failed })) if (count !== undefined) set({ outcome }, count)
  })
  const one = (value: (state: MeasuredState) => number | undefined): Collect => {
    return set => {
      const state = measured.state?.()
      const found = state === undefined ? undefined : value(state)
      if (found !== undefined) set({}, found)
    }
  }
  exposed.counter(
    'millrace_state_written_bytes_total',
    'Bytes written to the state folder.',
    [],
    one(({ bytes }) => bytes),
  )
  exposed.counter(
    'millrace_state_set_aside_total',
    'Files of the state folder that were of no use and set aside.',
    [],
    one(({ setAside }) => setAside),
  )
  exposed.gauge(
    'millrace_state_age_seconds',
    'Since all that was to be written to the state folder was.',
    [],
    one(({ ageMs }) => (ageMs === undefined ? undefined : ageMs / 1000)),
  )
}

function exposeSinks(exposed: Exposition, measured: Measured): void {
  const labels = ['kind', 'target']
  exposed.counter('millrace_sink_messages_total', 'Messages to sinks, by outcome.', [...labels, 'outcome'], set => {
    for (const { kind, target, delivered, refused } of measured.sinks?.() ?? [])
      for (const [outcome, count] of Object.entries({ delivered, refused })) set({ kind, target, outcome }, count)
  })
  exposed.counter('millrace_sink_failures_total', 'Tries to tell a sink that failed.', labels, set => {
    for (const { kind, target, failed } of measured.sinks?.() ?? []) set({ kind, target }, failed)
  })
  exposed.sum('millrace_sink_waiting', 'Feeds and outages of which there is something to tell.', labels, set => {
    for (const { kind, target, waiting } of measured.sinks?.() ?? []) set({ kind, target }, waiting)
  })
  exposed.gauge('millrace_export_left_out_rows', 'Rows that the last scrape lacks: others have their labels.', ['feed'], set => {
    for (const [feed, count] of measured.leftOut?.() ?? []) set({ feed }, count)
  })
}

/** Metrics whose values are looked up when they are scraped: nothing is counted twice. */
class Exposition {
  readonly #registers: Registry[]

  constructor(registry: Registry) {
    this.#registers = [registry]
  }

  gauge(name: string, help: string, labelNames: string[], collect: Collect): void {
    this.#gauge(name, help, labelNames, collect, (made, labels, value) => made.set(labels, value))
  }

  /** A gauge whose values of equal labels add up. */
  sum(name: string, help: string, labelNames: string[], collect: Collect): void {
    this.#gauge(name, help, labelNames, collect, (made, labels, value) => made.inc(labels, value))
  }

  #gauge(
    name: string,
    help: string,
    labelNames: string[],
    collect: Collect,
    put: (made: Gauge, labels: Labels, value: number) => void,
  ): void {
    const made: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: this.#registers,
      collect() {
        made.reset()
        collect((labels, value) => put(made, labels, value))
      },
    })
  }

  counter(name: string, help: string, labelNames: string[], collect: Collect): void {
    const made: Counter = new Counter({
      name,
      help,
      labelNames,
      registers: this.#registers,
      collect() {
        made.reset()
        collect((labels, value) => made.inc(labels, value))
      },
    })
  }
}
