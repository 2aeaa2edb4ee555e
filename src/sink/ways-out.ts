import type { Graph } from '../feed/graph.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import { rowOf, type Row } from '../model/row.ts'
import { Exports, type FeedMetrics } from './exports.ts'
import { Sinks, type FeedSinks } from './sinks.ts'

/** All ways of data out of the server but to its readers. */
export class WaysOut {
  readonly sinks: Sinks
  readonly exports: Exports

  constructor(graph: Graph, deps: { readonly clock: Clock; readonly random: Random; readonly log: Logger }) {
    this.sinks = new Sinks(graph, deps)
    this.exports = new Exports(graph, deps.log)
  }

  /** Those of these feeds, and no others. @returns this */
  replace(feeds: readonly (FeedSinks & FeedMetrics)[]): this {
    this.sinks.replace(feeds)
    this.exports.replace(feeds)
    return this
  }
}

/** A row per feed and sink: `$sinks`. */
export function sinkRows(sinks: Sinks): Row[] {
  const seen = new Map<string, number>()
  return sinks.told().map(({ feed, figures }) => {
    const name = [feed, figures.kind, figures.target].filter(part => part !== '').join(' ')
    const nth = (seen.get(name) ?? 0) + 1
    seen.set(name, nth)
    const { kind, target, delivered, failed, refused, waiting, error } = figures
    const cells = { sink: nth === 1 ? name : `${name} ${nth}`, feed, kind, target, delivered, failed, refused, waiting, error }
    const mutedUntil = sinks.mutedUntil(feed)
    return rowOf(Object.entries({ ...cells, mutedUntil }).map(([column, cell]) => [column, cell ?? null] as const))
  })
}
