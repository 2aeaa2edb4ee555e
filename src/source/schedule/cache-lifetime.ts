import type { Hints } from './observation.ts'
import type { ServerClock } from './server-clock.ts'

/**
 * Whether a shared cache answers, and until when: what it holds cannot change before its lifetime ends, so asking
 * sooner is useless.
 *
 * A cache shows by `Age` above zero, or by an expiry that stands still over several answers. It is believed while
 * changes are seen only after the expiry: the evidence, in nats, grows with each such change by how unlikely that
 * was (-ln of the share of polls that came after an expiry), falls by 4 with each change before it, and by 1 with each
 * other answer that was made before the one held expired, as a cache that keeps its word gives none.
 * Lifetimes and ages: RFC 9111 section 4.2.
 */
export interface CacheLifetime {
  /** When the answer held last expires, ms by our clock; 0: it does not. */
  readonly expiresAt: number
  /** When that expiry was first told. */
  readonly toldAt: number
  /** max-age of that answer, ms. */
  readonly maxAgeMs: number
  /** The expiry is that of a cache, not just counted from each answer. */
  readonly isShared: boolean
  readonly evidence: number
  /** The share of late polls that came after an expiry. */
  readonly afterShare: number
}

/** What the first `Age` above zero is worth, in nats; and what it takes to be believed. */
const ageEvidence = 2.5
const believedFrom = 2
const contradiction = -4
/** Of another answer that was made before the one held expired: another node gave it, or what is told means nothing. */
const doubt = -1
const mostPerChange = 2
const leastEvidence = -6
const mostEvidence = 8
/** How much one poll counts in the share. */
const shareWeight = 0.03
/** `Age` has whole seconds: a poll so long before the expiry may have come after it. */
const ageGrainMs = 1200
/** An expiry that moved by less in at least twice the time stood still. */
const standsStillMs = 2500
/** `Date` has whole seconds: it may have been written so much later than it says. */
const dateGrainMs = 1000

export const newCacheLifetime: CacheLifetime = { expiresAt: 0, toldAt: 0, maxAgeMs: 0, isShared: false, evidence: 0, afterShare: 0.5 }

/** Learns from an answer; `isChange` is undefined for the first one, which says nothing of changes. */
export function learnLifetime(
  before: CacheLifetime,
  hints: Hints,
  sampledAt: number,
  isChange: boolean | undefined,
  clock: ServerClock,
): CacheLifetime {
  // Most upstreams say nothing of any cache.
  if (before.expiresAt === 0 && hints.maxAgeMs === undefined && hints.ageMs === undefined) return before
  const judged = isChange === undefined ? before : judge(before, sampledAt, isChange)
  const expiresAt = expiryOf(hints, sampledAt, clock)
  const tellsAge = (hints.ageMs ?? 0) > 0
  const stands = expiresAt > 0 && Math.abs(expiresAt - before.expiresAt) < standsStillMs
  const hasStood = stands && sampledAt - before.toldAt >= 2 * standsStillMs
  const movedEarly = !stands && sampledAt < before.expiresAt - standsStillMs
  const isMadeEarly = !stands && expiresAt > 0 && expiresAt - (hints.maxAgeMs ?? 0) < before.expiresAt - standsStillMs
  return {
    expiresAt: stands ? Math.min(before.expiresAt, expiresAt) : expiresAt,
    toldAt: stands ? before.toldAt : sampledAt,
    maxAgeMs: hints.maxAgeMs ?? 0,
    isShared: tellsAge || hasStood || (before.isShared && !movedEarly),
    evidence: tellsAge && judged.evidence === 0 ? ageEvidence : Math.max(judged.evidence + (isMadeEarly ? doubt : 0), leastEvidence),
    afterShare: judged.afterShare,
  }
}

/** Does the expiry held really separate changes? Told only by a poll that sees one. */
function judge(before: CacheLifetime, sampledAt: number, isChange: boolean): CacheLifetime {
  if (before.expiresAt === 0) return before
  const isAfter = sampledAt >= before.expiresAt - ageGrainMs
  const afterShare = before.afterShare + shareWeight * ((isAfter ? 1 : 0) - before.afterShare)
  if (!isChange) return { ...before, afterShare }
  const change = isAfter ? Math.min(mostPerChange, -Math.log(afterShare)) : contradiction
  return { ...before, afterShare, evidence: Math.min(Math.max(before.evidence + change, leastEvidence), mostEvidence) }
}

/** Told by max-age and Age, or where Age is not said by the upstream's own Date; 0: not told, or over. */
function expiryOf({ maxAgeMs = 0, ageMs, dateAt }: Hints, sampledAt: number, clock: ServerClock): number {
  if (ageMs === undefined && dateAt !== undefined && clock !== null) {
    const expiresAt = Math.min(dateAt + dateGrainMs - clock, sampledAt) + maxAgeMs
    return maxAgeMs > 0 && expiresAt > sampledAt ? expiresAt : 0
  }
  return maxAgeMs > 0 && (ageMs ?? 0) <= maxAgeMs ? sampledAt + maxAgeMs - (ageMs ?? 0) : 0
}

/** Until when asking is useless, ms; undefined: it never is. */
export function uselessUntil({ isShared, evidence, expiresAt }: CacheLifetime, now: number): number | undefined {
  return isShared && evidence >= believedFrom && expiresAt > now ? expiresAt : undefined
}
