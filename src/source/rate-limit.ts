import { httpDate } from './http-time.ts'

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** What is left of a rate limit, and when it is whole again: `resetMs` from now, undefined where that is not said. */
interface Allowance {
  readonly remaining: number
  readonly resetMs: number | undefined
}

/** From here on a reset is an instant in seconds since 1970, and from the second on one in ms; below it is a duration in seconds. */
const instantFrom = 1e9
const instantMsFrom = 1e12

/**
 * How long nothing is left of the upstream's rate limit, in ms: until the reset of whichever limit is used up longest. 0: something is
 * left, or the answer does not say. Not capped. It is read from, as upstreams have them:
 * - `RateLimit: "default";r=0;t=30` and the earlier `RateLimit: limit=100, remaining=0, reset=30`,
 * - `RateLimit-Remaining` and `-Reset` in seconds,
 * - `X-RateLimit-Remaining` and `-Reset` (or `X-Rate-Limit-..`, `-Reset-After`): seconds, an instant in seconds or ms since 1970, or a date.
 * Instants count from the upstream's own Date where it has one, as its clock may be wrong.
 */
export function rateLimitedMs(headers: Headers, now: number): number {
  const told = text(headers, 'ratelimit')
  // Of most answers this is all.
  if (told === undefined && !separateNames.some(({ remaining }) => headers[remaining] !== undefined)) return 0
  const separate = separateNames.filter(({ remaining }) => headers[remaining] !== undefined)
  const from = httpDate(headers['date']) ?? now
  const allowances = [...structured(told), ...separate.flatMap(names => separateAllowance(headers, names, from))]
  const used = allowances.filter(({ remaining }) => remaining <= 0)
  return Math.max(0, ...used.map(({ resetMs = 0 }) => resetMs))
}

function text(headers: Headers, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** One header for all of it: items of a list with parameters, or one item whose members are named in full. */
function structured(value: string | undefined): Allowance[] {
  if (value === undefined) return []
  const items = /\bremaining\s*=/i.test(value) ? [value] : value.split(',')
  return items.flatMap(item => {
    const remaining = numberAfter(item, /(?:^|[;,\s])(?:r|remaining)\s*=\s*(-?\d+(?:\.\d+)?)/i)
    const seconds = numberAfter(item, /(?:^|[;,\s])(?:t|reset)\s*=\s*(\d+(?:\.\d+)?)/i)
    return remaining === undefined ? [] : [{ remaining, resetMs: seconds === undefined ? undefined : seconds * 1000 }]
  })
}

function numberAfter(item: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(item)?.[1]
  return found === undefined ? undefined : Number(found)
}

const separateNames = ['ratelimit', 'x-ratelimit', 'x-rate-limit'].map(prefix => ({
  remaining: `${prefix}-remaining`,
  reset: `${prefix}-reset`,
  resetAfter: `${prefix}-reset-after`,
}))

function separateAllowance(headers: Headers, names: (typeof separateNames)[number], from: number): Allowance[] {
  const remaining = numeric(text(headers, names.remaining))
  if (remaining === undefined) return []
  const after = numeric(text(headers, names.resetAfter))
  return [{ remaining, resetMs: after === undefined ? resetOf(text(headers, names.reset), from) : after * 1000 }]
}

/** The first number: a gateway may list the same limit for several windows. */
function numeric(value: string | undefined): number | undefined {
  return value === undefined ? undefined : numberAfter(value, /^\s*(-?\d+(?:\.\d+)?)\s*(?:$|[,;])/)
}

function resetOf(value: string | undefined, from: number): number | undefined {
  const number = numeric(value)
  if (number !== undefined) return number < instantFrom ? number * 1000 : (number < instantMsFrom ? number * 1000 : number) - from
  if (value === undefined) return undefined
  const date = /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : httpDate(value)
  return date === undefined || Number.isNaN(date) ? undefined : date - from
}
