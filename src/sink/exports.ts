import { compileExpression, type Expression } from '../expression/expression.ts'
import type { Feed } from '../feed/feed.ts'
import type { Graph } from '../feed/graph.ts'
import type { Logger } from '../lib/log.ts'
import { cellText, type Cell, type Row } from '../model/row.ts'
import type { MetricOptions } from './export.options.ts'

/** A feed, and what of it is exported. */
export interface FeedMetrics {
  readonly name: string
  readonly metrics: readonly MetricOptions[]
}

interface Exported {
  readonly feed: string
  readonly value: Expression
  readonly labels: ReadonlyMap<string, Expression>
}

/** Numbers of feeds in the text format of Prometheus: those of a feed that is stale, down or without data are absent. */
export class Exports {
  readonly #graph: Graph
  readonly #log: Logger
  /** By the name of the metric. */
  #metrics: ReadonlyMap<string, readonly Exported[]> = new Map()
  /** Rows by feed that were left out the last time, as another had their labels already. */
  readonly #leftOut = new Map<string, number>()

  constructor(graph: Graph, log: Logger) {
    this.#graph = graph
    this.#log = log
  }

  /** From now on these are exported, and no others. */
  replace(feeds: readonly FeedMetrics[]): void {
    const metrics = new Map<string, Exported[]>()
    for (const { name: feed, metrics: written } of feeds) {
      for (const { name, value, labels = new Map([['key', 'key']]) } of written) {
        const compiled = new Map([...labels].map(([label, text]) => [label, compileExpression(text, { origin: 'config' })]))
        const exported = { feed, value: compileExpression(value, { origin: 'config' }), labels: compiled }
        metrics.set(name, [...(metrics.get(name) ?? []), exported])
      }
    }
    this.#metrics = metrics
    this.#leftOut.clear()
  }

  /** Rows by feed that the last scrape lacks, because another row has the same labels. */
  get leftOut(): ReadonlyMap<string, number> {
    return this.#leftOut
  }

  /** `covers`: which feeds there are for who asks. */
  text(covers: (feed: string) => boolean): string {
    const leftOut = new Map<string, number>()
    const text = [...this.#metrics].map(([name, exported]) => this.#family(name, exported, covers, leftOut)).join('')
    for (const [feed, count] of leftOut) {
      if (count > 0 && (this.#leftOut.get(feed) ?? 0) === 0)
        this.#log.warn({ feed }, `${count} rows of feed '${feed}' are not exported: others have the same labels`)
      this.#leftOut.set(feed, count)
    }
    return text
  }

  #family(name: string, exported: readonly Exported[], covers: (feed: string) => boolean, leftOut: Map<string, number>): string {
    const seen = new Set<string>()
    const lines: string[] = []
    for (const one of exported) {
      const feed = covers(one.feed) ? this.#graph.feed(one.feed) : undefined
      if (feed === undefined) continue
      const before = leftOut.get(feed.name) ?? 0
      leftOut.set(feed.name, before + samples(name, feed, one, seen, lines))
    }
    if (lines.length === 0) return ''
    const from = [...new Set(exported.filter(({ feed }) => covers(feed)).map(({ feed }) => feed))].join(', ')
    return `# HELP ${name} From ${from}.\n# TYPE ${name} gauge\n${lines.join('')}`
  }
}

/** Adds a line for each row that has a number. @returns how many rows were left out, as `seen` has their labels. */
function samples(name: string, feed: Feed, { value, labels }: Exported, seen: Set<string>, lines: string[]): number {
  const { state } = feed.freshness
  if (!feed.hasData || (state !== 'fresh' && state !== 'degraded')) return 0
  let leftOut = 0
  for (const [key, row] of feed.store.rows()) {
    const number = numberOf(value.evaluate(row, key))
    if (number === undefined) continue
    const series = seriesOf(name, labels, row, key)
    if (seen.has(series)) leftOut++
    else {
      seen.add(series)
      lines.push(`${series} ${number}\n`)
    }
  }
  return leftOut
}

function numberOf(cell: Cell): number | undefined {
  if (typeof cell === 'boolean') return cell ? 1 : 0
  return typeof cell === 'number' ? cell : undefined
}

/** `bikes{region="r1"}`: labels by name; one that is empty counts as none. */
function seriesOf(name: string, labels: ReadonlyMap<string, Expression>, row: Row, key: string): string {
  const pairs: string[] = []
  for (const [label, expression] of labels) {
    const text = cellText(expression.evaluate(row, key))
    if (text !== '') pairs.push(`${label}="${escaped(text)}"`)
  }
  return pairs.length === 0 ? name : `${name}{${pairs.sort().join(',')}}`
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, found => (found === '\n' ? '\\n' : `\\${found}`))
}
