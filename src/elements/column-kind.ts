import type { Cell } from '../model/row.ts'
import type { ColumnHint } from '../model/hint.ts'
import { toneOfWord } from './status-words.ts'

/** How a column reads. */
export type ColumnKind = 'number' | 'time' | 'duration' | 'bytes' | 'percent' | 'link' | 'status' | 'text' | 'boolean' | 'json'

export interface Recognised {
  readonly kind: ColumnKind
  /** Of times and durations written as numbers: how many ms one is; of a percentage: by what it is multiplied. */
  readonly scale: number
}

const timeName = /(^|[_.-])(time|timestamp|ts|date|at|since|updated|reported|seen|asof)$|[a-z](At|Time|Date)$/i
const bytesName = /(^|[_.-])bytes([_.-]|$)|[a-z]Bytes$|Bytes[A-Z]/i
const percentName = /(^|[_.-])(percent|percentage|pct)$|[a-z](Percent|Percentage|Pct)$/i
const shareName = /(^|[_.-])(ratio|share|fraction)$|[a-z](Ratio|Share|Fraction)$/i
const statusName = /(^|[_.-])(status|state|health|condition)$|[a-z](Status|State|Health)$/i
const isoTime = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/
/** A number as exchanges write it, so that no digit is lost. */
const decimal = /^-?\d+(\.\d+)?$/
/** Seconds or ms since 1970, likewise. */
const instant = /^\d{10}(\d{3})?$/
const link = /^https?:\/\/\S+$/
const earliestMs = Date.UTC(2000, 0)
const latestMs = Date.UTC(2100, 0)

/** What is made of digits, and is a name. */
export const idName = /^(number|no|nr)$|(^|[_.-])(id|uuid|code|zip|index|version|port|pid)$|[a-z](Id|Version)$/i

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** What the name of a column says that its numbers count. */
const durationNames: readonly (readonly [RegExp, number])[] = [
  [/(^|[_.-])(ms|millis|milliseconds)$|[a-z](Ms|Millis|Milliseconds)$/, 1],
  [/(^|[_.-])(sec|secs|seconds|uptime)$|[a-z](Sec|Secs|Seconds|Uptime)$/, 1000],
  [/(^|[_.-])minutes$|[a-z]Minutes$/, 60_000],
  [/(^|[_.-])hours$|[a-z]Hours$/, 3_600_000],
]

function within(value: number, unit: number): boolean {
  return value * unit > earliestMs && value * unit < latestMs
}

/** ms of one, as far as the range says: seconds or ms since 1970; else 0. */
function unitOfTime(values: readonly number[]): number {
  if (values.length === 0) return 0
  return [1, 1000].find(unit => values.every(value => value === 0 || within(value, unit))) ?? 0
}

function unitOfDuration(name: string): number {
  return durationNames.find(([pattern]) => pattern.test(name))?.[1] ?? 0
}

function scaleOfPercent(name: string, values: readonly number[]): number {
  return shareName.test(name) && values.every(value => Math.abs(value) <= 1) ? 100 : 1
}

function ofNumbers(name: string, values: readonly number[]): Recognised {
  const time = timeName.test(name) ? unitOfTime(values) : 0
  if (time > 0) return { kind: 'time', scale: time }
  if (bytesName.test(name)) return { kind: 'bytes', scale: 1 }
  if (percentName.test(name)) return { kind: 'percent', scale: 1 }
  if (scaleOfPercent(name, values) > 1) return { kind: 'percent', scale: 100 }
  const duration = unitOfDuration(name)
  return duration > 0 ? { kind: 'duration', scale: duration } : { kind: 'number', scale: 1 }
}

/**
 * Of texts that are numbers: only where one has a point, or is a time by its name, as names may be made of digits alone.
 */
function ofDigits(name: string, texts: readonly string[]): Recognised | undefined {
  const isTime = timeName.test(name) && texts.every(text => instant.test(text))
  const isQuantity = texts.every(text => decimal.test(text)) && texts.some(text => text.includes('.'))
  return isTime || (isQuantity && !idName.test(name)) ? ofNumbers(name, texts.map(Number)) : undefined
}

function ofTexts(name: string, texts: readonly string[]): ColumnKind {
  if (texts.every(text => isoTime.test(text) && !Number.isNaN(Date.parse(text)))) return 'time'
  if (texts.every(text => link.test(text))) return 'link'
  return statusName.test(name) && texts.some(text => toneOfWord(text) !== undefined) ? 'status' : 'text'
}

/** What a column is, by its name and its cells that are not null. */
export function recogniseColumn(name: string, cells: readonly Cell[]): Recognised {
  const types = new Set(cells.map(cell => typeof cell))
  const [only] = types
  if (types.has('object')) return { kind: 'json', scale: 1 }
  if (types.size !== 1 || only === undefined) return { kind: 'text', scale: 1 }
  if (only === 'number') return ofNumbers(name, cells as readonly number[])
  const digits = only === 'string' ? ofDigits(name, cells as readonly string[]) : undefined
  if (digits !== undefined) return digits
  return { kind: only === 'boolean' ? 'boolean' : ofTexts(name, cells as readonly string[]), scale: 1 }
}

/** A cell as a number, where it is one or a text that reads as one. */
export function quantityOf(cell: Cell): number | undefined {
  if (typeof cell === 'number') return cell
  return typeof cell === 'string' && decimal.test(cell) ? Number(cell) : undefined
}

/** What a column is said to be; where nothing is said, what it is recognised as. */
export function kindOfColumn(name: string, cells: readonly Cell[], { as, unit }: ColumnHint = {}): Recognised {
  const found = recogniseColumn(name, cells)
  if (as === undefined) return found
  const values = cells.map(quantityOf).filter(value => value !== undefined)
  switch (as) {
    case 'time':
      return { kind: as, scale: unitMs[unit ?? ''] ?? (unitOfTime(values) || 1000) }
    case 'duration':
      return { kind: as, scale: unitMs[unit ?? ''] ?? (unitOfDuration(name) || 1000) }
    case 'percent':
      return { kind: as, scale: scaleOfPercent(name, values) }
    default:
      return { kind: as, scale: 1 }
  }
}
