import type { Hints } from './schedule/observation.ts'

type Header = string | string[] | undefined
type Headers = Readonly<Record<string, Header>>

/** The three forms of RFC 9110 5.6.7, all of them UTC; `Date.parse` alone takes `soon 5` for a year. */
export function httpDate(value: Header): number | undefined {
  if (typeof value !== 'string' || !/^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,? .*\d\d:\d\d:\d\d/i.test(value)) return undefined
  const ms = Date.parse(/GMT$|UTC$/.test(value) ? value : `${value} GMT`)
  return Number.isNaN(ms) ? undefined : ms
}

/**
 * Retry-After in ms (RFC 9110 10.2.3): seconds, or an HTTP date, which counts from the upstream's own Date where it
 * has one, as its clock may be wrong. Undefined when it is neither. Not capped: `99999999999` is a number too.
 */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const value = headers['retry-after']
  if (typeof value !== 'string') return undefined
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000
  const date = httpDate(value)
  return date === undefined ? undefined : Math.max(0, date - (httpDate(headers['date']) ?? now))
}

/** The upstream's own time of the data, ms since 1970: Last-Modified, or Date minus Age; never later than now. */
export function upstreamTime({ lastModifiedAt, dateAt, ageMs = 0 }: Hints, now: number): number | undefined {
  const time = lastModifiedAt ?? (dateAt === undefined ? undefined : dateAt - ageMs)
  return time === undefined ? undefined : Math.min(time, now)
}

/** Nothing is kept longer, whatever is promised. */
const longestAgeMs = 365 * 86_400_000

function secondsOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value) * 1000, longestAgeMs) : undefined
}

/** Of several values the first one counts (RFC 9111 5.1). */
function ageOf({ age }: Headers): number | undefined {
  return age === undefined ? undefined : secondsOf(/^\s*(\d+)\s*([,;]|$)/.exec(String(age))?.[1])
}

const sharedMaxAge = /(?:^|[\s,])s-maxage="?(\d+)/i
const maxAge = /(?:^|[\s,])max-age="?(\d+)/i

/**
 * For how long a cache may keep an answer, ms: s-maxage, else max-age, else from Date to Expires (RFC 9111 4.2.1). Undefined where it may
 * not, or that is not told.
 */
function lifetime({ 'cache-control': control, expires }: Headers, dateAt: number | undefined): number | undefined {
  if (control === undefined) return untilExpiry(expires, dateAt)
  const rules = String(control)
  if (/\bno-(store|cache)\b/i.test(rules)) return undefined
  return secondsOf(sharedMaxAge.exec(rules)?.[1]) ?? secondsOf(maxAge.exec(rules)?.[1]) ?? untilExpiry(expires, dateAt)
}

/** An Expires that is no date, such as 0, is one that is over. */
function untilExpiry(expires: Header, dateAt: number | undefined): number | undefined {
  const expiresAt = httpDate(expires)
  return expiresAt === undefined || dateAt === undefined || expiresAt <= dateAt ? undefined : Math.min(expiresAt - dateAt, longestAgeMs)
}

/** What an answer says about when its data was made, and until when it may be kept. */
export function timeHints(headers: Headers): Hints {
  const hints: { -readonly [name in keyof Hints]: Hints[name] } = {}
  const [lastModifiedAt, dateAt] = [httpDate(headers['last-modified']), httpDate(headers['date'])]
  const [ageMs, maxAgeMs] = [ageOf(headers), lifetime(headers, dateAt)]
  if (lastModifiedAt !== undefined) hints.lastModifiedAt = lastModifiedAt
  if (dateAt !== undefined) hints.dateAt = dateAt
  if (ageMs !== undefined) hints.ageMs = ageMs
  if (maxAgeMs !== undefined) hints.maxAgeMs = maxAgeMs
  return hints
}
