import type { Clock } from '../lib/clock.ts'
import type { Graph } from './graph.ts'

/** How long a source that slept is waited for, in ms. */
const mostMs = 5000

/**
 * Has the sources of a feed that slept, or were never asked, asked as a reader would, until they have answered or 5 s have
 * passed: nothing else tells how it is.
 * @returns undefined: none of them slept, or there is no such feed for readers
 */
export function awaken(graph: Graph, name: string, clock: Clock): Promise<void> | undefined {
  const feed = graph.feed(name)
  if (feed?.options.public !== true) return undefined
  const { cause, state } = feed.freshness
  const isUnasked = state === 'waiting' && cause === undefined
  if (cause !== 'paused' && !isUnasked) return undefined
  const release = graph.want(name)
  return new Promise(resolve => {
    const done = (): void => {
      stopListening()
      cancel()
      release()
      resolve()
    }
    const cancel = clock.after(mostMs, done)
    const stopListening = graph.listen({
      tick: () => undefined,
      freshness: () => undefined,
      settled: () => {
        const { freshness } = feed
        if (isUnasked ? freshness.state !== 'waiting' || freshness.cause !== undefined : freshness.state !== 'stale') done()
      },
    })
  })
}
