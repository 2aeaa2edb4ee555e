/** Numbers, ages and times for people, in the locale of the browser. */
export interface Format {
  readonly locale: string
  /** With exactly `decimals` digits after the point; without: as many as matter, at most 3. */
  number(value: number, decimals?: number): string
  /** Short for large counts: 12 400 is `12.4K`. */
  compact(value: number): string
  /** `1.2 s`, `45 s`, `3 min`, `2 h`, `5 d` of a span in ms; steady enough to be read while it ticks. */
  span(ms: number): string
  /** A configured interval in ms, exactly: `250 ms`, `5 s`, `1.5 min`. */
  interval(ms: number): string
  /** A duration in ms in its two largest units: `12 ms`, `1.2 s`, `3 min 20 s`, `2 d 4 h`. */
  duration(ms: number): string
  /** A duration that was measured, in seconds with a decimal up to 100 s: `60.0 s`; longer ones as `span` says them. */
  precise(ms: number): string
  /** Time of day; with the date where that is not today's. */
  time(ms: number, nowMs: number): string
  bytes(bytes: number): string
}

/**
 * The first of `languages` that Intl accepts. A browser started without LANG reports `en-US@posix`,
 * for which every Intl constructor throws.
 */
export function safeLocale(languages: readonly string[]): string {
  for (const language of languages) {
    try {
      const [locale] = Intl.NumberFormat.supportedLocalesOf(language)
      if (locale !== undefined) return locale
    } catch {
      continue
    }
  }
  return 'en'
}

const exactUnits = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const

const byteUnits = [
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
] as const

function numberFormats(locale: string): (decimals: number) => Intl.NumberFormat {
  const made = new Map<number, Intl.NumberFormat>()
  return decimals => {
    let format = made.get(decimals)
    if (format === undefined) {
      format = new Intl.NumberFormat(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals, signDisplay: 'negative' })
      made.set(decimals, format)
    }
    return format
  }
}

export function createFormat(languages: readonly string[]): Format {
  const locale = safeLocale(languages)
  const fixed = numberFormats(locale)
  const plain = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 })
  const short = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 })
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
  const calendar = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' })
  const tiny = (value: number) => value !== 0 && Math.abs(value) < 0.001
  return {
    locale,
    number(value, decimals) {
      if (Math.abs(value) >= 1e15 || (decimals === undefined && tiny(value))) return value.toPrecision(4)
      return decimals === undefined ? plain.format(value) : fixed(decimals).format(value)
    },
    compact: value => (Math.abs(value) < 10_000 ? plain.format(value) : short.format(value)),
    span(ms) {
      const spanMs = Math.max(ms, 0)
      // Rounded down, as an age is: what is 9.97 s old is not 10 s old yet.
      if (spanMs < 10_000) return `${fixed(1).format(Math.floor(spanMs / 100) / 10)} s`
      const [unit, size] = exactUnits.find(([, size]) => spanMs >= size) ?? ['s', 1000]
      return `${fixed(0).format(Math.floor(spanMs / size))} ${unit}`
    },
    interval(ms) {
      if (ms < 1000) return `${plain.format(ms)} ms`
      const [unit, size] = exactUnits.find(([, size]) => ms >= size && Number.isInteger((ms / size) * 10)) ?? ['s', 1000]
      return `${plain.format(ms / size)} ${unit}`
    },
    duration(ms) {
      const sizeMs = Math.abs(ms)
      if (sizeMs < 1000) return `${fixed(sizeMs < 10 && !Number.isInteger(ms) ? 1 : 0).format(ms)} ms`
      if (sizeMs < 60_000) return `${fixed(sizeMs < 10_000 ? 1 : 0).format(ms / 1000)} s`
      const at = exactUnits.findIndex(([, size]) => sizeMs >= size)
      const [unit, size] = exactUnits[at] ?? exactUnits[3]
      const [lesser, lesserSize] = exactUnits[at + 1] ?? exactUnits[3]
      // Rounded in the lesser unit first: 59.9 s beside minutes are a minute.
      const parts = Math.round(sizeMs / lesserSize)
      const perUnit = size / lesserSize
      const rest = parts % perUnit
      const whole = `${ms < 0 ? '-' : ''}${plain.format(Math.floor(parts / perUnit))} ${unit}`
      return rest === 0 ? whole : `${whole} ${rest} ${lesser}`
    },
    precise(ms) {
      if (ms < 1000) return `${plain.format(Math.round(ms))} ms`
      return ms < 100_000 ? `${fixed(1).format(ms / 1000)} s` : this.span(ms)
    },
    time: (ms, nowMs) => (new Date(ms).toDateString() === new Date(nowMs).toDateString() ? clock : calendar).format(ms),
    bytes(bytes) {
      const [unit, size] = byteUnits.find(([, size]) => bytes >= size) ?? ['B', 1]
      return `${fixed(unit === 'B' || bytes / size >= 100 ? 0 : 1).format(bytes / size)} ${unit}`
    },
  }
}
