import { CsvReader, type CsvRecord } from './csv-records.ts'
import { DecodeError } from './decode-error.ts'
import { looksTyped } from './cell-type.ts'

/** Those that stand in texts less often go first. */
const delimiters = ['\t', ';', '|', ','] as const

/** How many characters of a text are looked at to tell how it is written. */
export const lookedAt = 65_536
const recordsLookedAt = 50

/** Where the comments (`#`) end with which a text begins. By hand: a regular expression would keep each line to go back to. */
export function endOfComments(text: string): number {
  let at = 0
  while (text[at] === '#') {
    const end = text.indexOf('\n', at)
    if (end < 0) return text.length
    at = end + 1
  }
  return at
}

/** The first records of a text, without one that the look cuts off. */
export function firstRecords(text: string, delimiter: string): readonly CsvRecord[] {
  const isWhole = text.length <= lookedAt
  const reader = new CsvReader(isWhole ? text : text.slice(0, lookedAt), delimiter)
  const records: CsvRecord[] = []
  try {
    for (let record = reader.next(); record !== undefined && records.length < recordsLookedAt; record = reader.next()) records.push(record)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
  }
  return isWhole || records.length === recordsLookedAt ? records : records.slice(0, -1)
}

/** How a text falls into fields by one delimiter. */
export interface DelimiterFit {
  readonly delimiter: string
  /** Of most records. */
  readonly fields: number
  /** The share of records that have so many. */
  readonly share: number
  readonly records: number
}

function fitOf(text: string, delimiter: string): DelimiterFit {
  const records = firstRecords(text, delimiter)
  const counts = new Map<number, number>()
  for (const { fields } of records) counts.set(fields.length, (counts.get(fields.length) ?? 0) + 1)
  const [fields, times] = [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best), [0, 0])
  return { delimiter, fields, share: records.length === 0 ? 0 : times / records.length, records: records.length }
}

/** The delimiter by which most records have the same number of fields, two or more; undefined: none does. */
export function findDelimiter(text: string): DelimiterFit | undefined {
  const fits = delimiters.map(delimiter => fitOf(text, delimiter)).filter(fit => fit.fields > 1)
  const score = ({ share, fields }: DelimiterFit): number => share + Math.min(fields, 100) / 1000
  return fits.reduce<DelimiterFit | undefined>((best, fit) => (best === undefined || score(fit) > score(best) ? fit : best), undefined)
}

/**
 * Whether the first record names the columns: its fields are texts, none twice, and no column that is of numbers or
 * booleans below has one above. Years and dates above numbers (`country, 2019, 2020`) are names where a text stands
 * beside them and they rise evenly.
 */
export function looksLikeHeader(records: readonly CsvRecord[]): boolean {
  const [first, ...below] = records
  if (first === undefined) return true
  const names = first.fields.map(field => field ?? '')
  const filled = names.filter(name => name !== '')
  if (filled.length === 0 || new Set(filled).size < filled.length) return false
  const typed = names.flatMap((name, i) => (looksTyped(name) ? [i] : []))
  if (typed.length === 0) return true
  return typed.length < filled.length && riseEvenly(typed.map(i => names[i] ?? '')) && below.length > 0
}

/** Two numbers always do: they have to be years. */
function riseEvenly(names: readonly string[]): boolean {
  const numbers = names.map(Number)
  const step = (numbers[1] ?? 0) - (numbers[0] ?? 0)
  const areYears = numbers.every(number => number >= 1900 && number <= 2100)
  if (names.length < (areYears ? 2 : 3) || step === 0) return false
  return numbers.every((number, i) => i === 0 || number - (numbers[i - 1] ?? 0) === step)
}
