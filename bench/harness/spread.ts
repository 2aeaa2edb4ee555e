/** What several runs gave: noise shows in how far minimum and maximum lie apart. */
export interface Spread {
  readonly least: number
  readonly median: number
  readonly most: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]]
  return { least: sorted[0] ?? Number.NaN, median: (low + high) / 2, most: sorted.at(-1) ?? Number.NaN }
}

/** `1.04 (0.98 .. 1.10)`. */
export function printSpread({ least, median, most }: Spread, digits = 2): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)} .. ${most.toFixed(digits)})`
}
