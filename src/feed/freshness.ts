import type { Cause, Freshness } from '../model/freshness.ts'
import { freshnessStates } from '../model/freshness.ts'
import type { Degradation, Sample } from '../model/table.ts'
import { formatDuration } from '../lib/unit.ts'

/** What is known of a source when its freshness is judged. `...At` ms since 1970, `...Mono` ms of the monotonic clock. */
export interface SourceFacts {
  readonly validatedAt?: number
  /** Negative infinity: in a run before, which may have gone further. */
  readonly provenMono?: number
  readonly asOf?: number
  readonly degraded?: Degradation
  /** Since when every poll has failed, and how the last one did. */
  readonly failure?: { readonly sinceMono: number; readonly cause: Cause; readonly reason: string }
  readonly wanted: boolean
  /** It was not proved for longer than `expire`, and its rows are gone. */
  readonly isExpired?: boolean
  /** When it is asked next, ms since 1970; absent while nobody wants it. */
  readonly next?: number
}

export interface FreshnessRules {
  readonly everyMs: number
  readonly staleAfterMs: number
  readonly downAfterMs: number
}

/** A freshness without the instant it began. */
export type Judgement = Omit<Freshness, 'since'>

type Verdict = Pick<Freshness, 'state' | 'cause' | 'reason'>

const fresh: Verdict = { state: 'fresh' }

function verdict(facts: SourceFacts, rules: FreshnessRules, mono: number): Verdict {
  const { failure, provenMono } = facts
  if (provenMono === undefined) return failure === undefined ? { state: 'waiting' } : { state: 'down', ...because(failure) }
  if (facts.isExpired === true) {
    const gone = 'expire: the rows were not proved for too long and are gone'
    if (facts.wanted && failure !== undefined) return { state: 'down', cause: failure.cause, reason: `${gone}; ${failure.reason}` }
    return { state: 'stale', ...(facts.wanted ? {} : { cause: 'paused' }), reason: gone }
  }
  // Sums as in `nextJudgement`, not differences: these may round to less at the very instant, and the state would stay for ever.
  // Time that nobody asked in proves nothing of the source.
  if (facts.wanted && failure !== undefined && mono >= failure.sinceMono + rules.downAfterMs) return { state: 'down', ...because(failure) }
  if (mono >= provenMono + rules.staleAfterMs) {
    if (!facts.wanted) return { state: 'stale', cause: 'paused', reason: 'not asked while nobody wants it' }
    if (failure !== undefined) return { state: 'stale', ...because(failure) }
    if (provenMono === Number.NEGATIVE_INFINITY) return { state: 'stale', reason: 'kept from before a restart, not proved since' }
    return { state: 'stale', reason: `no answer for ${formatDuration(rules.staleAfterMs)}` }
  }
  if (facts.degraded !== undefined) return { state: 'degraded', cause: facts.degraded.cause, reason: facts.degraded.reason }
  return fresh
}

function because(failure: { readonly cause: Cause; readonly reason: string }): Pick<Freshness, 'cause' | 'reason'> {
  return { cause: failure.cause, reason: failure.reason }
}

/** The freshness of a source at `mono`; pure. */
export function judgeSource(facts: SourceFacts, rules: FreshnessRules, mono: number): Judgement {
  return {
    every: rules.everyMs,
    staleAfter: rules.staleAfterMs,
    ...verdict(facts, rules, mono),
    ...(facts.validatedAt === undefined ? {} : { validatedAt: facts.validatedAt }),
    ...(facts.asOf === undefined ? {} : { asOf: facts.asOf }),
    ...(facts.next === undefined ? {} : { next: facts.next }),
  }
}

/** When the judgement of a source may change though nothing happens; undefined: never. */
export function nextJudgement({ provenMono, failure, wanted }: SourceFacts, rules: FreshnessRules, mono: number): number | undefined {
  if (provenMono === undefined) return undefined
  const staleAt = provenMono + rules.staleAfterMs
  const downAt = wanted && failure !== undefined ? failure.sinceMono + rules.downAfterMs : mono
  if (downAt <= mono) return staleAt > mono ? staleAt : undefined
  return staleAt > mono ? Math.min(staleAt, downAt) : downAt
}

const rank = new Map(freshnessStates.map((state, i) => [state, i]))

function isWorse(a: Verdict, b: Verdict): boolean {
  return (rank.get(a.state) ?? 0) > (rank.get(b.state) ?? 0)
}

function oldest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b)
}

/** What a derived feed itself adds to the freshness of its inputs. */
export interface OwnFacts {
  readonly hasData: boolean
  readonly degraded?: Degradation
  /** Set while the feed's pipeline fails. */
  readonly fault?: string
}

function ownVerdict(own: OwnFacts): Verdict {
  if (own.fault !== undefined) return { state: 'down', cause: 'internal', reason: own.fault }
  if (!own.hasData) return { state: 'waiting' }
  if (own.degraded !== undefined) return { state: 'degraded', cause: own.degraded.cause, reason: own.degraded.reason }
  return { state: 'fresh' }
}

/**
 * What is wrong with keys is told with examples. Who may read what is computed from rows need not be one of those who may see the
 * rows, and a status is the same for all.
 */
function withoutKeys<T extends Pick<Freshness, 'cause' | 'reason'>>(verdict: T): T {
  if (verdict.cause !== 'key' || verdict.reason === undefined) return verdict
  return { ...verdict, reason: 'rows of what it is computed from have no key, or one that another has' }
}

/** A sample as it is handed to what is computed from its table. */
export function toldOn(sample: Sample | undefined): Sample | undefined {
  return sample?.degraded === undefined ? sample : { ...sample, degraded: withoutKeys(sample.degraded) }
}

/** A derived feed takes the worst of its inputs with its cause, and the oldest `asOf` and `validatedAt`. */
export function judgeDerived(inputs: readonly Judgement[], own: OwnFacts): Judgement {
  let worst: Verdict = ownVerdict(own)
  let asOf: number | undefined
  let validatedAt: number | undefined
  let every = 0
  let staleAfter = 0
  for (const input of inputs) {
    if (isWorse(input, worst)) worst = withoutKeys(input)
    asOf = oldest(asOf, input.asOf)
    validatedAt = oldest(validatedAt, input.validatedAt)
    every = Math.max(every, input.every ?? 0)
    staleAfter = Math.max(staleAfter, input.staleAfter ?? 0)
  }
  const next = nextTry(inputs, worst)
  const judgement: { -readonly [member in keyof Judgement]: Judgement[member] } = { state: worst.state }
  if (worst.cause !== undefined) judgement.cause = worst.cause
  if (worst.reason !== undefined) judgement.reason = worst.reason
  if (asOf !== undefined) judgement.asOf = asOf
  if (validatedAt !== undefined) judgement.validatedAt = validatedAt
  if (every > 0) judgement.every = every
  if (staleAfter > 0) judgement.staleAfter = staleAfter
  if (next !== undefined) judgement.next = next
  return judgement
}

/** What a reader waits for is the next try of what fails, not the next poll of what does not. */
function nextTry(inputs: readonly Judgement[], { state }: Verdict): number | undefined {
  const isAwaited = inputs.some(input => input.state === state)
  let next: number | undefined
  for (const input of inputs) if (!isAwaited || input.state === state) next = oldest(next, input.next)
  return next
}

/** Whether what is said of the data is the same: its state, cause and reason. */
export function saysTheSame(a: Judgement, b: Judgement): boolean {
  return a.state === b.state && a.cause === b.cause && a.reason === b.reason
}

/**
 * Whether there is another next try to wait for. While data comes, each message of it proves what the interval promised;
 * while a source fails, back-off moves its next try, and nothing else would tell.
 */
export function triesAnew(before: Judgement, after: Judgement): boolean {
  return (after.state === 'stale' || after.state === 'down') && after.next !== undefined && after.next !== before.next
}
