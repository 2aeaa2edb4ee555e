import type { Position, Since } from '../model/position.ts'
import type { View } from './view.ts'

/**
 * Where a reader that comes back with `since` stands.
 * `same`: it holds the view's table. `behind`: one net delta takes it there. `elsewhere`: only a snapshot helps.
 * `ahead`: it has seen a version that this server has not reached; `waiting`: there is no data yet, or none since a crash.
 */
export type Standing = 'same' | 'behind' | 'elsewhere' | 'ahead' | 'waiting'

/** Judges a `since` (protocol.md section 3, Resume). */
export function standingOf(view: View, since: Since): Standing {
  const own = view.position
  if (own.version === 0) return 'waiting'
  if (since.epoch === own.epoch) {
    // Above the view's version but not the feed's: the view has not changed since.
    if (since.version >= own.version && since.version <= view.feed.position.version && !view.isBehind) return 'same'
    if (since.version > own.version) return holdsTheSame(view, since) ? 'same' : 'ahead'
    if (view.frames.delta(since) !== undefined) return 'behind'
  }
  if (holdsTheSame(view, since)) return 'same'
  // What it holds may be newer than what a crash has left: it keeps that until a poll brings the truth.
  return view.feed.isBehind ? 'waiting' : 'elsewhere'
}

function holdsTheSame(view: View, { count, sum }: Since): boolean {
  return count === view.store.count && sum === view.store.sum
}

/** The position that `subscribed` tells: the reader's own where a delta follows, else the view's. */
export function toldPosition(view: View, standing: Standing, since: Since | undefined): Position {
  return standing === 'behind' && since !== undefined ? { epoch: since.epoch, version: since.version } : view.position
}
