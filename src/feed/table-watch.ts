import type { Logger } from '../lib/log.ts'
import type { NamedColumns } from '../model/named-columns.ts'
import { ColumnWatch } from './column-watch.ts'
import type { Feed } from './feed.ts'
import type { Graph } from './graph.ts'

/** Watches the tables of sources and feeds as they are in the end; what steps name of those that come into them is for their probes. */
export class TableWatch {
  readonly #graph: Graph
  readonly #log: Logger
  /** A config that is taken over names most of what the one before did. */
  readonly #told = new Set<string>()
  #watches: ReadonlyMap<string, ColumnWatch> = new Map()

  constructor(graph: Graph, log: Logger) {
    this.#graph = graph
    this.#log = log
    graph.listen({ tick: ({ changed }) => this.#look(changed.keys()), freshness: () => undefined })
  }

  /** From now on this is named of tables, by the names of their sources and feeds. */
  replace(named: ReadonlyMap<string, () => readonly NamedColumns[]>): this {
    this.#watches = new Map(
      [...named].map(([feed, its]) => [feed, new ColumnWatch(its, sentence => this.#log.warn({ feed }, sentence), this.#told)] as const),
    )
    this.#look(this.#graph.feeds())
    return this
  }

  /** A sentence: the first column that is named of a table and that no row has; undefined: they are all there, or not known yet. */
  warningOf(feed: string): string | undefined {
    return this.#watches.get(feed)?.missing
  }

  /** A table of several inputs is whole once they all have come. */
  #look(feeds: Iterable<Feed>): void {
    for (const { family, inputs, sample } of feeds) {
      const watch = this.#watches.get(family)
      if (watch !== undefined && sample !== undefined && inputs.every(name => this.#graph.feed(name)?.hasData === true))
        watch.look(sample.table)
    }
  }
}
