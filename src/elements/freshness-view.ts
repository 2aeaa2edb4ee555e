import type { FeedFreshness } from '../client/face.ts'
import type { Freshness } from '../model/freshness.ts'
import type { Format } from './format.ts'
import type { ServerTime } from './server-clock.ts'

/** Each tone has a colour and a shape of its own. Paused is stale without a fault. */
export type Tone = 'fresh' | 'degraded' | 'stale' | 'waiting' | 'down' | 'paused' | 'disconnected'

export interface FreshnessView {
  readonly tone: Tone
  /** One or two words: the state and its cause. */
  readonly word: string
  /** The age, and what is expected next. Ticks. */
  readonly detail: string
  /** Why, in a sentence; empty while all is well. */
  readonly reason: string
}

const causeWords: Readonly<Record<string, string>> = {
  timeout: 'no answer in time',
  dns: 'name not found',
  refused: 'connection refused',
  reset: 'connection reset',
  tls: 'TLS failure',
  http: 'HTTP error',
  decode: 'unreadable answer',
  too_large: 'answer too large',
  shape: 'shape changed',
  rows: 'rows gone',
  key: 'key trouble',
  cardinality: 'too many rows',
  upstream: 'upstream trouble',
  internal: 'internal fault',
}

/** While a guard keeps an answer back, what is shown is of an earlier one. */
const keptCauses = new Set<string | undefined>(['rows', 'shape'])

/** Whether what is shown is of now: also where part of it is left out, but not where the whole is kept from before. */
export function isOfNow({ state, cause }: Pick<FeedFreshness, 'state' | 'cause'>): boolean {
  return state === 'fresh' || (state === 'degraded' && !keptCauses.has(cause))
}

/** A proof that is so much ahead, in ms, is of a clock that was set back since. */
const toleratedMs = 2000

/** The youngest of some proofs; those of a time to come only where there is no other. */
function youngest(proofs: readonly number[], nowMs: number): number {
  const past = proofs.filter(proof => proof <= nowMs + toleratedMs)
  return Math.max(...(past.length > 0 ? past : proofs))
}

/**
 * What is known best: the reader's own word once it has one, with the younger proof of the two.
 * Without a connection nothing can be called current, whatever was said last.
 */
export function knownFreshness(
  facts: Freshness | undefined,
  live: FeedFreshness | undefined,
  server: Pick<ServerTime, 'connected' | 'now'>,
): FeedFreshness {
  // One that has only just begun to read knows less than the server.
  const knowsLess = live?.state === 'waiting' && facts?.validatedAt !== undefined
  const own = live === undefined || live.state === 'disconnected' || knowsLess ? undefined : live
  const base: FeedFreshness = own ?? facts ?? live ?? { state: 'waiting', since: 0 }
  const proofs = [facts?.validatedAt, live?.validatedAt].filter(proof => proof !== undefined)
  const every = base.every ?? facts?.every
  return {
    ...base,
    ...(proofs.length === 0 ? {} : { validatedAt: youngest(proofs, server.now()) }),
    ...(every === undefined ? {} : { every }),
    ...(server.connected ? {} : { state: 'disconnected' as const }),
  }
}

export function toneOf(freshness: FeedFreshness): Tone {
  return freshness.state === 'stale' && freshness.cause === 'paused' ? 'paused' : freshness.state
}

function wordOf(tone: Tone, cause: string | undefined): string {
  const named = tone === 'stale' || tone === 'degraded' || tone === 'down'
  return named && cause !== undefined ? `${tone}: ${causeWords[cause] ?? cause}` : tone
}

function ageText(freshness: FeedFreshness, nowMs: number, format: Format): string | undefined {
  if (freshness.validatedAt === undefined) return undefined
  const ageMs = nowMs - freshness.validatedAt
  // Tenths of a second below one only flicker.
  return ageMs < 1000 ? 'just now' : `${format.span(ageMs)} ago`
}

function detailOf(tone: Tone, freshness: FeedFreshness, nowMs: number, format: Format): string {
  const age = ageText(freshness, nowMs, format)
  const every = freshness.every === undefined ? undefined : `every ${format.interval(freshness.every)}`
  const next = freshness.next === undefined ? undefined : nextText(freshness.next - nowMs, format)
  switch (tone) {
    case 'fresh':
    case 'degraded':
      return [age === undefined ? undefined : `updated ${age}`, every].filter(part => part !== undefined).join(', ')
    case 'waiting':
      return ['no data yet', every].filter(part => part !== undefined).join(', ')
    case 'paused':
      return age === undefined ? 'wakes when somebody looks' : `last updated ${age}`
    case 'stale':
    case 'down':
      return [age === undefined ? 'no data yet' : `last good ${age}`, next].filter(part => part !== undefined).join(', ')
    case 'disconnected':
    default:
      return age === undefined ? 'no data yet' : `last updated ${age}`
  }
}

function nextText(ms: number, format: Format): string {
  return ms < 500 ? 'trying now' : `next try in ${format.span(ms)}`
}

/** `nowMs` is the server's clock, as all times of a freshness are. */
export function viewFreshness(freshness: FeedFreshness, nowMs: number, format: Format): FreshnessView {
  const tone = toneOf(freshness)
  const calm = tone === 'fresh' || tone === 'paused' || tone === 'disconnected'
  return {
    tone,
    word: wordOf(tone, freshness.cause),
    detail: detailOf(tone, freshness, nowMs, format),
    reason: calm ? '' : (freshness.reason ?? ''),
  }
}
