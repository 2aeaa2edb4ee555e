import { toneOf, type Tone } from '../elements/freshness-view.ts'
import type { FeedFacts } from './own-feeds.ts'

const spoken: readonly Tone[] = ['down', 'degraded', 'stale', 'fresh']

/** Says what changed its state, for those who do not see it; values and ages are never said. */
export class Announcer {
  #tones: ReadonlyMap<string, Tone> | undefined

  /** The sentence for these feeds as they are now; empty when no state changed. */
  note(feeds: ReadonlyMap<string, FeedFacts>): string {
    const before = this.#tones
    this.#tones = new Map([...feeds].map(([name, { freshness }]) => [name, toneOf(freshness)]))
    if (before === undefined) return ''
    const changed = [...this.#tones].filter(([name, tone]) => isWorthSaying(before.get(name), tone))
    if (changed.length > 3) return `${changed.length} feeds changed their state`
    return changed.map(([name, tone]) => `${name} is ${tone}`).join(', ')
  }
}

/** Waking and falling asleep is no news. */
function isWorthSaying(before: Tone | undefined, now: Tone): boolean {
  return before !== undefined && before !== now && before !== 'paused' && before !== 'waiting' && spoken.includes(now)
}
