import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'

/** What the metrics read when they are scraped; `server.ts` fills it in. */
export interface Measured {
  connections(): number
  views(): number
  sources(): Iterable<{
    readonly name: string
    readonly changed: number
    readonly unchanged: number
    readonly failed: number
    readonly state: string
  }>
  feeds(): Iterable<{
    readonly name: string
    readonly rows: number
    readonly readers: number
    readonly bytesSent: number
    readonly messagesSent: number
    readonly encodes: number
  }>
}

export interface Metrics {
  readonly registry: Registry
  /** A limit was met; `key` as in the configuration. */
  limited(key: string): void
}

/** The server's own metrics, in the text format of Prometheus. Names: docs/metrics.md. */
export function createMetrics(measured: Measured): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const limits = new Counter({ name: 'millrace_limit_total', help: 'Limits met, by their key.', labelNames: ['limit'], registers })
  gauge('millrace_connections', 'WebSocket connections.', [], set => set({}, measured.connections()))
  gauge('millrace_views', 'Views held, feeds that are read included.', [], set => set({}, measured.views()))
  gauge('millrace_polls', 'Polls since the start, by outcome.', ['source', 'outcome'], set => {
    for (const { name, changed, unchanged, failed } of measured.sources()) {
      set({ source: name, outcome: 'changed' }, changed)
      set({ source: name, outcome: 'unchanged' }, unchanged)
      set({ source: name, outcome: 'failed' }, failed)
    }
  })
  gauge('millrace_source_fresh', '1 while the source is fresh, else 0.', ['source'], set => {
    for (const { name, state } of measured.sources()) set({ source: name }, state === 'fresh' ? 1 : 0)
  })
  feedGauge('millrace_feed_rows', 'Rows of a feed.', feed => feed.rows)
  feedGauge('millrace_feed_readers', 'Subscriptions to a feed and its views.', feed => feed.readers)
  feedGauge('millrace_feed_sent_bytes', 'Bytes of data sent since the start.', feed => feed.bytesSent)
  feedGauge('millrace_feed_sent_messages', 'Data messages sent since the start.', feed => feed.messagesSent)
  feedGauge('millrace_feed_encodes', 'Frames encoded since the start: once for all readers at one position.', feed => feed.encodes)
  return { registry, limited: key => limits.inc({ limit: key }) }

  function gauge(
    name: string,
    help: string,
    labelNames: string[],
    collect: (set: (labels: Record<string, string>, value: number) => void) => void,
  ): void {
    const made: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        made.reset()
        collect((labels, value) => made.set(labels, value))
      },
    })
  }

  type Feed = Measured['feeds'] extends () => Iterable<infer F> ? F : never
  function feedGauge(name: string, help: string, value: (feed: Feed) => number): void {
    gauge(name, help, ['feed'], set => {
      for (const feed of measured.feeds()) set({ feed: feed.name }, value(feed))
    })
  }
}
