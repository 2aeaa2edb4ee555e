import type { Random } from '../../lib/random.ts'
import { isTrusted } from './modified.ts'
import type { ScheduleConfig } from './observation.ts'
import { pace, type Look, type Paced } from './pace.ts'
import { baseGapMs } from './price.ts'
import { uselessUntil } from './cache-lifetime.ts'
import { scheduledLook, type Situation } from './scheduled-look.ts'
import type { ScheduleState } from './state.ts'
import { isLocked, type Tracker } from './tracking.ts'
import { verifyingLook } from './verify.ts'

export interface Plan {
  readonly state: ScheduleState
  readonly look: Look
}

/** How long after an expiry to ask. */
const afterExpiryMs = 20
/**
 * The share of the lifetime over which this is spread: where we are the one who makes the cache ask, its cycle would else
 * stand still beside the source's, perhaps where it is worst.
 */
const expiryJitter = 0.01
/** So often a poll goes out before the expiry all the same, to see whether it still means anything. */
const expiryProbes = 0.02
/** A lifetime longer than this share of the gap is waited for, and asked at its end though the gap would be longer. */
const longLifetime = 0.6
/** A look for a candidate takes the place of a paced one, unless it would come later by more than this share of the gap. */
const verifyReach = 0.3
/** The same of a look for an expected update. */
const scheduleReach = 0.25

/**
 * Which part decides when to look next. In turn: the pace (what is known by age and hour, or the background look
 * beside a schedule), a look at a candidate or for an expected update where that comes before, and the end of a cached
 * lifetime, before which asking is useless.
 */
export function plan(before: ScheduleState, config: ScheduleConfig, price: number, random: Random): Plan {
  const baseMs = baseGapMs(config.averageMs, price, config.weight)
  const { paced, look } = pace(before, baseMs, config.averageMs, random)
  const situation = { at: before.sampledAt, baseMs, price, config, checksEarly: !isTrusted(before.modified) }
  const scheduled = withSchedule(before.tracker, look, situation, random)
  return {
    state: withPlan(before, paced, scheduled.tracker),
    look: withLifetime(before, scheduled.look, baseMs, random),
  }
}

/** The state with what was planned. Named one by one: a copy by `...` takes twenty times as long. */
function withPlan(before: ScheduleState, { pace, mood, exploration }: Paced, tracker: Tracker | null): ScheduleState {
  return {
    sentAt: before.sentAt,
    sampledAt: before.sampledAt,
    changedAt: before.changedAt,
    roundTripMs: before.roundTripMs,
    failures: before.failures,
    changes: before.changes,
    longestGapMs: before.longestGapMs,
    pace,
    remadeShare: before.remadeShare,
    rate: before.rate,
    age: before.age,
    hour: before.hour,
    serverClock: before.serverClock,
    modified: before.modified,
    lifetime: before.lifetime,
    exploration,
    windows: before.windows,
    search: before.search,
    tracker,
    mood,
  }
}

interface Scheduled {
  /** With a further look counted where it goes to a candidate. */
  readonly tracker: Tracker | null
  readonly look: Look
}

function withSchedule(tracker: Tracker | null, look: Look, situation: Situation, random: Random): Scheduled {
  if (tracker === null) return { tracker, look }
  const gapMs = look.at - situation.at
  if (isLocked(tracker)) {
    const expected = scheduledLook(tracker, situation, random)
    return { tracker, look: expected.at < look.at + scheduleReach * gapMs ? expected : look }
  }
  const verifying = situation.checksEarly ? verifyingLook(tracker, situation.at, situation.baseMs) : undefined
  if (verifying === undefined || verifying.at >= look.at + verifyReach * gapMs) return { tracker, look }
  return { tracker: { ...tracker, verified: tracker.verified + 1 }, look: verifying }
}

function withLifetime({ lifetime, sampledAt }: ScheduleState, look: Look, baseMs: number, random: Random): Look {
  const expiresAt = uselessUntil(lifetime, sampledAt)
  if (expiresAt === undefined) return look
  const { maxAgeMs } = lifetime
  const at = expiresAt + afterExpiryMs + expiryJitter * maxAgeMs * random()
  const isTooSoon = look.at < at && random() >= expiryProbes
  const isTooLate = look.at > at && look.reason.why !== 'schedule' && maxAgeMs > longLifetime * baseMs
  return isTooSoon || isTooLate ? { at, reason: { why: 'lifetime', maxAgeMs, expiresAt } } : look
}
