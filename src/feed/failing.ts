import type { Freshness } from '../model/freshness.ts'
import type { Graph } from './graph.ts'

export type FailingSource = { readonly source: string } & Pick<Freshness, 'state' | 'cause' | 'reason' | 'since'>

/** Sources that are not fresh, though somebody wants them. */
export function failingSources(graph: Graph): FailingSource[] {
  return [...graph.sources()].flatMap(({ definition: { name } }) => {
    const freshness = graph.feed(name)?.freshness
    if (freshness === undefined || freshness.cause === 'paused' || freshness.state === 'fresh' || freshness.state === 'waiting') return []
    const { state, since, cause, reason } = freshness
    return [{ source: name, state, since, ...(cause === undefined ? {} : { cause }), ...(reason === undefined ? {} : { reason }) }]
  })
}
