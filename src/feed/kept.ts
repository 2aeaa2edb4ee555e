import type { LeftOff, LiveTable, Proof, SavedTable, Standing } from '../model/saved.ts'
import type { Feed } from './feed.ts'
import type { Graph } from './graph.ts'

/** The sources that have a table, but the server's own. */
export function* liveTables(graph: Graph): Generator<LiveTable> {
  for (const { definition } of graph.sources()) {
    const feed = graph.feed(definition.name)
    const proof = feed === undefined ? undefined : proofOf(graph, feed)
    if (feed === undefined || proof === undefined || isOwn(feed)) continue
    const { store, position } = feed
    const { fingerprint } = feed.options
    yield { source: feed.name, fingerprint, position, count: store.count, sum: store.sum, table: () => store.table(), ...proof }
  }
}

/** The feeds that have a table, but the server's own, and but those that may be behind a run before: the next one is so too. */
export function* standings(graph: Graph): Generator<Standing> {
  for (const feed of graph.feeds()) {
    const { store, position } = feed
    if (feed.hasData && !feed.isBehind && !isOwn(feed))
      yield { name: feed.name, fingerprint: feed.options.fingerprint, ...position, count: store.count, sum: store.sum }
  }
}

/** What readers have called into being is theirs to call again. */
function isOwn({ name, options }: Feed): boolean {
  return name.startsWith('$') || options.instanceOf !== undefined
}

function proofOf(graph: Graph, { name, sample, freshness }: Feed): Proof | undefined {
  if (sample === undefined) return undefined
  const degraded = sample.degraded === undefined ? {} : { degraded: sample.degraded }
  // The last poll waits for its tick: its proof is of a table that is not here yet.
  if (graph.isPending(name)) return { validatedAt: sample.time, ...degraded }
  const { validatedAt = sample.time, asOf } = freshness
  return { validatedAt, ...(asOf === undefined ? {} : { asOf }), ...degraded }
}

/** What a state folder keeps of a graph, and gives back to it. */
export function keptOf(graph: Graph) {
  return {
    sources: (): string[] => [...graph.sources()].map(({ definition }) => definition.name).filter(name => !name.startsWith('$')),
    fingerprintOf: (feed: string): string | undefined => graph.feed(feed)?.options.fingerprint,
    live: (): Iterable<LiveTable> => liveTables(graph),
    standings: (): Iterable<Standing> => standings(graph),
    restore: ({ tables, left }: { readonly tables: ReadonlyMap<string, SavedTable>; readonly left: ReadonlyMap<string, LeftOff> }): void =>
      graph.restore(tables, left),
  }
}
