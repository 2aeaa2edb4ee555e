import type { Freshness } from '../model/freshness.ts'
import type { Graph } from './graph.ts'

export type FailingSource = { readonly source: string } & Pick<Freshness, 'state' | 'cause' | 'reason' | 'since'>

/** Sources that are not fresh, though somebody wants them; one that readers fill in is told once, and not what they filled in. */
export function failingSources(graph: Graph): FailingSource[] {
  const failing = new Map<string, FailingSource>()
  for (const { definition } of graph.sources()) {
    const freshness = graph.feed(definition.name)?.freshness
    const source = definition.instanceOf?.name ?? definition.name
    if (freshness === undefined || freshness.cause === 'paused' || freshness.state === 'fresh' || freshness.state === 'waiting') continue
    const { state, since, cause, reason } = freshness
    const told = { source, state, since, ...(cause === undefined ? {} : { cause }), ...(reason === undefined ? {} : { reason }) }
    if (!failing.has(source)) failing.set(source, told)
  }
  return [...failing.values()]
}
