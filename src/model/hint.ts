/** What a column is shown as. */
export const hintKinds = ['time', 'duration', 'bytes', 'percent', 'link', 'status'] as const
export type HintKind = (typeof hintKinds)[number]

/** From which number on a value needs attention; where `critical` is the lower of the two, low values do. */
export interface Thresholds {
  readonly warning?: number | undefined
  readonly critical?: number | undefined
}

/** How a column is shown to people; none of it changes what is sent. */
export interface ColumnHint {
  /** What stands in its place of its name. */
  readonly label?: string | undefined
  /** What stands after a value; of a duration: what one of it is, `ms`, `s`, `min`, `h` or `d`. */
  readonly unit?: string | undefined
  /** Digits after the point. */
  readonly decimals?: number | undefined
  readonly as?: HintKind | undefined
  readonly thresholds?: Thresholds | undefined
  /** Not shown where nobody asks for it by name. */
  readonly hidden?: boolean | undefined
}

/** By column. */
export type Hints = ReadonlyMap<string, ColumnHint>

export const noHints: Hints = new Map()

/** How far a value is over its thresholds. */
export function alarmOf(value: number, { warning, critical }: Thresholds): 'warning' | 'critical' | undefined {
  const isLowBad = warning !== undefined && critical !== undefined && critical < warning
  const over = (bound: number | undefined): boolean => bound !== undefined && (isLowBad ? value <= bound : value >= bound)
  if (over(critical)) return 'critical'
  return over(warning) ? 'warning' : undefined
}
