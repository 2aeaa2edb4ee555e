type Headers = Readonly<Record<string, string | string[] | undefined>>

function httpDate(value: string | string[] | undefined): number | undefined {
  if (typeof value !== 'string') return undefined
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? undefined : ms
}

/** Retry-After in ms (RFC 9110 10.2.3): seconds or an HTTP date; undefined when it is neither. */
export function retryAfterMs(value: string | string[] | undefined, now: number): number | undefined {
  if (typeof value !== 'string') return undefined
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000
  const date = httpDate(value)
  return date === undefined ? undefined : Math.max(0, date - now)
}

/** The upstream's own time of the data: Last-Modified, or Date minus Age; never later than now. */
export function upstreamTime(headers: Headers, now: number): number | undefined {
  const modified = httpDate(headers['last-modified'])
  const date = httpDate(headers['date'])
  const age = typeof headers['age'] === 'string' && /^\d+$/.test(headers['age']) ? Number(headers['age']) * 1000 : 0
  const time = modified ?? (date === undefined ? undefined : date - age)
  return time === undefined ? undefined : Math.min(time, now)
}
