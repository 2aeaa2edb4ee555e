import { composedKeyColumn } from '../model/key.ts'
import { cellOf, type Cell, type Row } from '../model/row.ts'
import type { Format } from './format.ts'

/** How a column reads: found from its name and the cells seen so far. */
export type ColumnKind = 'number' | 'time' | 'bytes' | 'text' | 'boolean' | 'json'

export interface ColumnProfile {
  readonly name: string
  readonly kind: ColumnKind
  /** Digits after the point, the same in every row so that points stand below each other; undefined: each as it needs. */
  readonly decimals: number | undefined
  /** Characters of the longest cell, as it is shown. */
  readonly width: number
  /** For `time`: how many ms one unit of the cell is. */
  readonly unitMs: number
}

const sampleRows = 60
const mostDecimals = 4
const timeName = /(^|[_.-])(time|timestamp|date|at|since|updated|reported|seen|asof)$|[a-z](At|Time|Date)$/i
const bytesName = /(^|[_.-])bytes([_.-]|$)|[a-z]Bytes$|Bytes[A-Z]/i
const placeName = /^(lat|lon|lng|latitude|longitude)$/i
const idName = /(^|[_.-])(id|uuid|code|zip|index|version|port|pid)$|[a-z](Id|Version)$/i
const earliestMs = Date.UTC(2000, 0)
const latestMs = Date.UTC(2100, 0)

function within(value: number, unitMs: number): boolean {
  return value * unitMs > earliestMs && value * unitMs < latestMs
}

/** Seconds or ms since 1970 as far as name and range say so; else 0. */
function unitOfTime(name: string, values: readonly number[]): number {
  if (!timeName.test(name) || values.length === 0) return 0
  return [1, 1000].find(unitMs => values.every(value => value === 0 || within(value, unitMs))) ?? 0
}

/** Of six significant digits: 0.1 + 0.2 has one decimal, not seventeen. */
function decimalsOf(value: number): number {
  const [, digits = ''] = String(Number(value.toPrecision(6))).split('.')
  return /e/.test(digits) ? 0 : Math.min(digits.length, mostDecimals)
}

/** None in common where all values are so small that they would read as zero. */
function commonDecimals(values: readonly number[], before: number | undefined): number | undefined {
  if (values.length > 0 && values.every(value => value === 0 || Math.abs(value) < 10 ** -mostDecimals) && values.some(value => value !== 0))
    return undefined
  return Math.max(before ?? 0, ...values.map(decimalsOf))
}

function kindOf(name: string, cells: readonly Cell[]): ColumnKind {
  const types = new Set(cells.map(cell => typeof cell))
  if (types.size !== 1) return types.size === 0 ? 'text' : types.has('object') ? 'json' : 'text'
  if (types.has('number')) return unitOfTime(name, cells as number[]) > 0 ? 'time' : bytesName.test(name) ? 'bytes' : 'number'
  if (types.has('boolean')) return 'boolean'
  return types.has('object') ? 'json' : 'text'
}

/** `before`: the profile so far; decimals only grow, so that digits do not come and go. */
export function profileColumn(name: string, rows: readonly Row[], before?: ColumnProfile): ColumnProfile {
  const cells = rows
    .slice(0, sampleRows)
    .map(row => cellOf(row, name))
    .filter(cell => cell !== null)
  const kind = kindOf(name, cells)
  const numbers = cells.filter(cell => typeof cell === 'number')
  return {
    name,
    kind,
    decimals: kind === 'number' ? commonDecimals(numbers, before?.decimals) : 0,
    width: kind === 'time' ? 10 : Math.max(2, ...cells.map(cell => (typeof cell === 'object' ? 24 : String(cell).length))),
    unitMs: kind === 'time' ? unitOfTime(name, numbers) : 0,
  }
}

export function profileColumns(
  columns: readonly string[],
  rows: readonly Row[],
  before: readonly ColumnProfile[] = [],
): readonly ColumnProfile[] {
  return columns.map((column, i) => profileColumn(column, rows, before[i]?.name === column ? before[i] : undefined))
}

/** Worth drawing as a line: a quantity, neither a time, a place nor a name made of digits. */
export function isMeasure(profile: ColumnProfile): boolean {
  return (profile.kind === 'number' || profile.kind === 'bytes') && !placeName.test(profile.name) && !idName.test(profile.name)
}

/** The column people know a row by: its name or title, else the key. */
export function labelColumn(profiles: readonly ColumnProfile[], key: string): string {
  const named = profiles.find(({ name, kind }) => kind === 'text' && /^(name|title|label|symbol|mountpoint)$/i.test(name))
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

export function showCell(cell: Cell, profile: ColumnProfile, nowMs: number, format: Format): string {
  if (cell === null) return '–'
  if (typeof cell === 'object') return JSON.stringify(cell)
  if (typeof cell !== 'number') return String(cell)
  if (profile.kind === 'time') return cell === 0 ? '–' : format.time(cell * profile.unitMs, nowMs)
  if (profile.kind === 'bytes') return format.bytes(cell)
  // A name made of digits is shown as it is written: station 31 204 is station 31204.
  return idName.test(profile.name) ? String(cell) : format.number(cell, profile.decimals)
}
