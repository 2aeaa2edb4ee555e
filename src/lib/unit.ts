const msPer = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const bytesPer = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

type TimeUnit = keyof typeof msPer
type SizeUnit = keyof typeof bytesPer

/** `250ms`, `1.5s`, `5m`, `1h`, `7d` in ms; undefined when the text is no time. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  if (!match) return undefined
  // To a µs: binary fractions must not show.
  return Math.round(Number(match[1]) * msPer[match[2] as TimeUnit] * 1000) / 1000
}

/** `512B`, `64KiB`, `16MiB`, `1GiB` in bytes; undefined when the text is no size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)$/.exec(text)
  if (!match) return undefined
  return Math.round(Number(match[1]) * bytesPer[match[2] as SizeUnit])
}

/** The form a config would have: 90000 is `90s`, 120000 is `2m`, 1500 is `1.5s`; exact to a tenth of a millisecond. */
export function formatDuration(ms: number): string {
  const exact = (unit: TimeUnit) => ms >= msPer[unit] && ms % (unit === 's' ? 100 : msPer[unit]) === 0
  const unit = (['d', 'h', 'm', 's'] as const).find(exact)
  return unit === undefined ? `${Math.round(ms * 10) / 10}ms` : `${ms / msPer[unit]}${unit}`
}

/** For people, one decimal: 16777216 is `16 MiB`. */
export function formatSize(bytes: number): string {
  const unit = (['GiB', 'MiB', 'KiB'] as const).find(unit => bytes >= bytesPer[unit])
  return unit === undefined ? `${bytes} B` : `${Math.round((bytes / bytesPer[unit]) * 10) / 10} ${unit}`
}
