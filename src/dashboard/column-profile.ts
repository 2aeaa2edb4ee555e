import { cellOf, type Cell, type Row } from '../model/row.ts'
import type { Format } from './format.ts'

/** How a column reads: found from its name and the cells seen so far. */
export type ColumnKind = 'number' | 'time' | 'bytes' | 'text' | 'boolean' | 'json'

export interface ColumnProfile {
  readonly name: string
  readonly kind: ColumnKind
  /** Digits after the point, the same in every row so that points stand below each other. */
  readonly decimals: number
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

function decimalsOf(value: number): number {
  const [, digits = ''] = String(value).split('.')
  return /e/.test(digits) ? mostDecimals : Math.min(digits.length, mostDecimals)
}

function kindOf(name: string, cells: readonly Cell[]): ColumnKind {
  const types = new Set(cells.map(cell => typeof cell))
  if (types.size !== 1) return types.size === 0 ? 'text' : types.has('object') ? 'json' : 'text'
  if (types.has('number')) return unitOfTime(name, cells as number[]) > 0 ? 'time' : bytesName.test(name) ? 'bytes' : 'number'
  if (types.has('boolean')) return 'boolean'
  return types.has('object') ? 'json' : 'text'
}

export function profileColumn(name: string, rows: readonly Row[]): ColumnProfile {
  const cells = rows
    .slice(0, sampleRows)
    .map(row => cellOf(row, name))
    .filter(cell => cell !== null)
  const kind = kindOf(name, cells)
  const numbers = cells.filter(cell => typeof cell === 'number')
  return {
    name,
    kind,
    decimals: kind === 'number' ? Math.max(0, ...numbers.map(decimalsOf)) : 0,
    width: kind === 'time' ? 10 : Math.max(2, ...cells.map(cell => (typeof cell === 'object' ? 24 : String(cell).length))),
    unitMs: kind === 'time' ? unitOfTime(name, numbers) : 0,
  }
}

export function profileColumns(columns: readonly string[], rows: readonly Row[]): readonly ColumnProfile[] {
  return columns.map(column => profileColumn(column, rows))
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

export function showCell(cell: Cell, profile: ColumnProfile, nowMs: number, format: Format): string {
  if (cell === null) return '–'
  if (typeof cell === 'object') return JSON.stringify(cell)
  if (typeof cell !== 'number') return String(cell)
  if (profile.kind === 'time') return cell === 0 ? '–' : format.time(cell * profile.unitMs, nowMs)
  if (profile.kind === 'bytes') return format.bytes(cell)
  // A name made of digits is shown as it is written: station 31 204 is station 31204.
  return idName.test(profile.name) ? String(cell) : format.number(cell, profile.decimals)
}
