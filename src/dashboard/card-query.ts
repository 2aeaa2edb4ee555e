import type { FeedQuery } from '../client/face.ts'

/** Least ms between two deltas of a card: at a glance is not at once. */
const glanceMs = 1000

/** What a card shows of a feed of this kind: its first rows; the newest of a series; of alerts those that fire first. */
export function cardQuery(kind: string): FeedQuery {
  switch (kind) {
    case 'series':
      return { order: ['-time'], limit: 240, throttle: glanceMs }
    case 'alerts':
      return { order: ['state', '-since'], limit: 4, throttle: glanceMs }
    default:
      return { limit: 4, throttle: glanceMs }
  }
}
