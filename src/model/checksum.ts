import { cellOf, type Cell, type Row } from './row.ts'

/** Two int32 lanes; sums of rows add lane by lane mod 2^32 (protocol.md section 5). */
export interface Lanes {
  readonly a: number
  readonly b: number
}

let laneA = 0
let laneB = 0

function begin(): void {
  laneA = 0xdeadbeef | 0
  laneB = 0x41c6ce57
}

function absorb(c: number): void {
  laneA = Math.imul(laneA ^ c, 2654435761)
  laneA ^= laneA >>> 15
  laneB = Math.imul(laneB ^ c, 1597334677)
  laneB ^= laneB >>> 13
}

function absorbText(tag: number, text: string): void {
  absorb(tag)
  for (let i = 0; i < text.length; i++) absorb(text.charCodeAt(i))
  absorb(text.length)
}

const double = new Float64Array(1)
const halves = new Uint32Array(double.buffer)
const lowHalf = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1

function absorbNumber(value: number): void {
  double[0] = value === 0 ? 0 : value
  absorb(3)
  absorb((halves[lowHalf] ?? 0) | 0)
  absorb((halves[1 - lowHalf] ?? 0) | 0)
}

/** RFC 8785 text: members sorted by UTF-16 units, no white space, numbers and strings as ECMAScript prints them. */
export function canonicalJson(cell: Cell): string {
  if (cell === null || typeof cell !== 'object') return JSON.stringify(cell)
  if (Array.isArray(cell)) return `[${(cell as readonly Cell[]).map(canonicalJson).join(',')}]`
  const members = cell as { readonly [member: string]: Cell }
  const names = Object.keys(members).sort()
  return `{${names.map(name => `${JSON.stringify(name)}:${canonicalJson(members[name] ?? null)}`).join(',')}}`
}

function absorbCell(cell: Cell): void {
  if (typeof cell === 'number') absorbNumber(cell)
  else if (typeof cell === 'string') absorbText(4, cell)
  else if (typeof cell === 'boolean') absorb(cell ? 2 : 1)
  else if (cell === null) absorb(0)
  else absorbText(5, canonicalJson(cell))
}

function end(): Lanes {
  const a = Math.imul(laneA ^ (laneA >>> 16), 2246822507) ^ Math.imul(laneB ^ (laneB >>> 13), 3266489909)
  const b = Math.imul(laneB ^ (laneB >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return { a, b }
}

/** The lanes of one row; columns in the table's order. */
export function rowLanes(key: string, row: Row, columns: readonly string[]): Lanes {
  begin()
  absorbText(4, key)
  for (const column of columns) absorbCell(cellOf(row, column))
  return end()
}

/** The lanes of a table's header: summed like a row, not counted. */
export function headerLanes(keyColumn: string, columns: readonly string[]): Lanes {
  begin()
  absorb(6)
  absorbText(4, keyColumn)
  for (const column of columns) absorbText(4, column)
  return end()
}

function hex8(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0')
}

/** 16 hexadecimal digits. */
export function printSum(lanes: Lanes): string {
  return hex8(lanes.a) + hex8(lanes.b)
}

/** The sum of a whole table, computed at once; the store keeps the same figure incrementally. */
export function tableSum(keyColumn: string, columns: readonly string[], rows: Iterable<readonly [string, Row]>): string {
  let { a, b } = headerLanes(keyColumn, columns)
  for (const [key, row] of rows) {
    const lanes = rowLanes(key, row, columns)
    a = (a + lanes.a) | 0
    b = (b + lanes.b) | 0
  }
  return printSum({ a, b })
}
