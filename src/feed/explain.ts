import type { Span } from '../operator/lineage.ts'
import type { Feed } from './feed.ts'
import type { Graph } from './graph.ts'

/** Rows of one feed that a row is made of. */
export interface ExplainedInput {
  readonly feed: string
  readonly keys: readonly string[]
}

/** The last poll of a source; times are ms since 1970 UTC, durations ms. */
export interface ExplainedPoll {
  readonly source: string
  /** What is asked, without secrets. */
  readonly origin: string
  /** Absent until it was asked: it may have its table from a run before. */
  readonly at?: number
  readonly outcome?: 'changed' | 'unchanged' | 'failed'
  readonly status?: number
  readonly duration?: number
  readonly bytes?: number
  /** Why it failed. */
  readonly reason?: string
}

/** Why a row is as it is, one level deep. */
export interface Explanation {
  /** Of a row of a source there are none. */
  readonly inputs: readonly ExplainedInput[]
  /** What its windows look at. */
  readonly windows: readonly Span[]
  /** There are more input rows than are told of. */
  readonly isCut: boolean
  /** Of each source behind it. */
  readonly polls: readonly ExplainedPoll[]
}

/** Why a row of a feed is as it is. */
export function explain(graph: Graph, feed: Feed, key: string): Explanation {
  const polls = [...feed.options.sources].flatMap(source => pollOf(graph, source) ?? [])
  const derived = graph.parts.derived.get(feed.name)
  if (derived === undefined) return { inputs: [], windows: [], isCut: false, polls }
  const { keys, others, windows, isCut } = derived.pipeline.originOf(key)
  const inputs = derived.inputs.map(input => {
    const isOwn = derived.from.has(input.name)
    // Of several tables in one those that have the row; of a single one also what has left it since.
    const own = isOwn ? [...keys].filter(one => derived.from.size === 1 || input.store.row(one) !== undefined) : []
    return { feed: input.name, keys: [...new Set([...own, ...(others.get(input.name) ?? [])])] }
  })
  return { inputs: inputs.filter(input => input.keys.length > 0), windows, isCut, polls }
}

function pollOf(graph: Graph, name: string): ExplainedPoll | undefined {
  const source = graph.parts.sources.get(name)
  if (source === undefined) return undefined
  const { definition, lastPoll } = source
  const asked = { source: name, origin: definition.origin }
  if (lastPoll === undefined) return asked
  const { at, kind, status, durationMs, bytes } = lastPoll
  return {
    ...asked,
    at,
    outcome: kind,
    ...(status === undefined ? {} : { status }),
    duration: Math.round(durationMs * 10) / 10,
    bytes,
    ...(lastPoll.kind === 'failed' ? { reason: lastPoll.reason } : {}),
  }
}
