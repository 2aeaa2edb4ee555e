import { composedKeyColumn } from '../model/key.ts'
import { alarmOf, noHints, type ColumnHint, type Hints, type Thresholds } from '../model/hint.ts'
import { cellOf, type Cell, type Row } from '../model/row.ts'
import { idName, kindOfColumn, quantityOf, type ColumnKind } from './column-kind.ts'
import type { Format } from './format.ts'

export interface ColumnProfile {
  readonly name: string
  /** What stands in the place of the name. */
  readonly label: string
  /** What stands after a number; empty: nothing. */
  readonly unit: string
  readonly kind: ColumnKind
  /** Digits after the point, the same in every row so that points stand below each other; undefined: each as it needs. */
  readonly decimals: number | undefined
  /** Characters of the longest cell, as it is shown. */
  readonly width: number
  /** Of times and durations written as numbers: how many ms one is; of a percentage: by what it is multiplied. */
  readonly scale: number
  readonly thresholds: Thresholds | undefined
  readonly hidden: boolean
}

const sampleRows = 60
const mostDecimals = 4
/** Of the largest value of a column. */
const noise = 1e-12
/** How many times the least value of a column the largest may be for their points to stand below each other. */
const widest = 1e6
const labelName = /^(name|title|label|symbol|mountpoint)$/i
/** Members that an object is known by. */
const memberNames = ['name', 'title', 'label', 'login', 'symbol']
const addressName = /(^|[_.-])(url|uri|href|link|URL|URI)s?$|[a-z](Url|Uri|Href|Link|URL)s?$/
const placeName = /^(lat|lon|lng|latitude|longitude)$/i

/** Of six significant digits: 0.1 + 0.2 has one decimal, not seventeen. */
function decimalsOf(value: number): number {
  const [, digits = ''] = String(Number(value.toPrecision(6))).split('.')
  return /e/.test(digits) ? 0 : Math.min(digits.length, mostDecimals)
}

/** None in common where some would read as zero, or where they are of so different size that digits would only stand in the way. */
function commonDecimals(values: readonly number[], before: number | undefined): number | undefined {
  const sizes = values.map(Math.abs)
  const most = Math.max(0, ...sizes)
  // What floating point adds is no value.
  const least = Math.min(...sizes.filter(size => size > 0 && size >= most * noise))
  const common = Math.max(before ?? 0, ...values.map(decimalsOf))
  if (least < 10 ** -mostDecimals) return undefined
  return most / least >= widest && common > 0 ? undefined : common
}

/** `before`: the profile so far; decimals only grow, so that digits do not come and go. */
export function profileColumn(name: string, rows: readonly Row[], before?: ColumnProfile, hint: ColumnHint = {}): ColumnProfile {
  const cells = rows
    .slice(0, sampleRows)
    .map(row => cellOf(row, name))
    .filter(cell => cell !== null)
  const { kind, scale } = kindOfColumn(name, cells, hint)
  const numbers = cells
    .map(quantityOf)
    .filter(value => value !== undefined)
    .map(value => (kind === 'percent' ? value * scale : value))
  const { label = name, unit = '', thresholds, hidden = false } = hint
  return {
    name,
    label,
    unit: kind === 'number' || kind === 'text' ? unit : '',
    kind,
    decimals: hint.decimals ?? decimalsFor(kind, numbers, before?.decimals),
    width: widthOf(kind, cells),
    scale,
    thresholds,
    hidden,
  }
}

function decimalsFor(kind: ColumnKind, numbers: readonly number[], before: number | undefined): number | undefined {
  const common = kind === 'number' || kind === 'percent' ? commonDecimals(numbers, before) : 0
  return kind === 'percent' && common !== undefined ? Math.min(common, 1) : common
}

function widthOf(kind: ColumnKind, cells: readonly Cell[]): number {
  if (kind === 'time' || kind === 'duration') return 10
  return Math.max(2, ...cells.map(cell => (typeof cell === 'object' ? Math.min(24, briefly(cell).length) : breadthOf(String(cell)))))
}

/** In widths of a digit: capitals are wider. */
function breadthOf(text: string): number {
  return Math.ceil(text.length + (text.match(/[A-Z@%]/g)?.length ?? 0) / 4)
}

export function profileColumns(
  columns: readonly string[],
  rows: readonly Row[],
  before: readonly ColumnProfile[] = [],
  hints: Hints = noHints,
): readonly ColumnProfile[] {
  return columns.map((column, i) => profileColumn(column, rows, before[i]?.name === column ? before[i] : undefined, hints.get(column)))
}

/** Those that are shown where nobody asks for them by name. */
export function visibleColumns(columns: readonly string[], hints: Hints): readonly string[] {
  return columns.filter(column => hints.get(column)?.hidden !== true)
}

/** As people read a row: its key, what it is called, then the rest as it comes, addresses last. By names alone, so that nothing moves. */
export function readingOrder(columns: readonly string[], key: string): readonly string[] {
  const rank = (column: string): number => {
    if (column === key) return 0
    if (labelName.test(column) && column !== 'mountpoint') return 1
    return addressName.test(column) ? 3 : 2
  }
  return columns.toSorted((a, b) => rank(a) - rank(b))
}

const measureKinds: ReadonlySet<ColumnKind> = new Set<ColumnKind>(['number', 'bytes', 'percent', 'duration'])

/** Worth drawing as a line: a quantity, neither a time, a place nor a name made of digits. */
export function isMeasure(profile: ColumnProfile): boolean {
  return measureKinds.has(profile.kind) && !placeName.test(profile.name) && !idName.test(profile.name)
}

/** The column people know a row by: its name or title, else the key. */
export function labelColumn(profiles: readonly ColumnProfile[], key: string): string {
  const named = profiles.find(({ name, kind }) => kind === 'text' && labelName.test(name))
  return named?.name ?? key
}

/** What people call a row: `cpu 0` where its name is but a number. */
export function rowLabel(row: Row, column: string, key: string): string {
  const cell = cellOf(row, column)
  if (typeof cell === 'number') return `${column} ${cell}`
  return typeof cell === 'string' && column !== composedKeyColumn ? cell : rowName(key)
}

/** A composed key is JSON text of its parts: shown without the brackets. */
export function rowName(key: string): string {
  if (!key.startsWith('[')) return key
  try {
    const parts: unknown = JSON.parse(key)
    return Array.isArray(parts) ? parts.join(' · ') : key
  } catch {
    // A name that only looks like one.
    return key
  }
}

/** An object by what it is called, several by commas, where there is little room; else as it is. */
export function briefly(cell: Cell): string {
  if (Array.isArray(cell) && cell.length > 0) {
    const names = (cell as readonly Cell[]).map(nameIn)
    if (names.every(name => name !== undefined)) return names.join(', ')
  }
  return nameIn(cell) ?? JSON.stringify(cell)
}

function nameIn(cell: Cell): string | undefined {
  if (typeof cell !== 'object' || cell === null || Array.isArray(cell)) return undefined
  const name = memberNames.map(member => (cell as Row)[member]).find(value => typeof value === 'string' && value !== '')
  return typeof name === 'string' ? name : undefined
}

/** A cell as text, without its unit. */
export function showCell(cell: Cell, profile: ColumnProfile, nowMs: number, format: Format): string {
  if (cell === null) return '–'
  if (typeof cell === 'object') return JSON.stringify(cell)
  if (profile.kind === 'time') return showTime(cell, profile, nowMs, format)
  if (profile.kind === 'link') return String(cell).replace(/^https?:\/\/(www\.)?/, '')
  const quantity = quantityIn(cell, profile)
  return quantity === undefined ? String(cell) : showNumber(quantity, profile, format)
}

/** What a cell of a column counts or measures; undefined: nothing. Numbers that are written as texts are, where the column holds no other. */
export function quantityIn(cell: Cell, { kind }: ColumnProfile): number | undefined {
  return typeof cell === 'number' || measureKinds.has(kind) ? quantityOf(cell) : undefined
}

function showTime(cell: string | number | boolean, { scale }: ColumnProfile, nowMs: number, format: Format): string {
  const quantity = quantityOf(cell)
  const ms = quantity === undefined ? Date.parse(String(cell)) : quantity * scale
  // What no calendar has is shown as it is written.
  if (!(Math.abs(ms) <= 8.64e15)) return String(cell)
  return cell === 0 ? '–' : format.time(ms, nowMs)
}

/** A number of a column as text, without its unit. */
export function showNumber(value: number, { kind, name, decimals, scale }: ColumnProfile, format: Format): string {
  if (kind === 'bytes') return format.bytes(value)
  if (kind === 'duration') return format.duration(value * scale)
  if (kind === 'percent') return `${format.number(value * scale, decimals)} %`
  // A name made of digits is shown as it is written: station 31 204 is station 31204.
  return idName.test(name) && decimals === 0 ? String(value) : format.number(value, decimals)
}

/** A cell as text with its unit, for where no head of a column tells it. */
export function showValue(cell: Cell, profile: ColumnProfile, nowMs: number, format: Format): string {
  const text = showCell(cell, profile, nowMs, format)
  return cell === null || profile.unit === '' ? text : `${text} ${profile.unit}`
}

/** How far a cell is over the thresholds of its column. */
export function alarmOfCell(cell: Cell, profile: ColumnProfile): 'warning' | 'critical' | undefined {
  const quantity = quantityIn(cell, profile)
  return quantity !== undefined && profile.thresholds !== undefined ? alarmOf(quantity, profile.thresholds) : undefined
}
