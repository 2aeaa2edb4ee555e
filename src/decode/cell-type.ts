import { setCell, type Cell, type Row } from '../model/row.ts'
import { isMembers } from './path.ts'

/** What the texts of one column stand for; found once, so that a column keeps its type from poll to poll. */
export type TextType = 'number' | 'boolean' | 'text'

/** By column; of what is nested, by dotted path. */
export type TextTypes = ReadonlyMap<string, TextType>

/** Words that say that there is no value, in a column of numbers or booleans. */
const absent = /^(-|n\/?a|nan|none|null|nil)?$/i

/** An exponent only beside a point or a sign of its own: `12e5` is the name of something. */
const numeric = /^-?(?:(?:0|[1-9]\d*)(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]\d+)?|\.\d+)$/
const boolean = /^(true|false|True|False|TRUE|FALSE)$/

/** The number that a text writes out; undefined where a double would be another: leading zeros, a plus, beyond 2^53. */
function numberIn(text: string): number | undefined {
  if (!numeric.test(text)) return undefined
  const number = Number(text)
  return Number.isFinite(number) && (Number.isSafeInteger(number) || /[.eE]/.test(text)) ? number : undefined
}

/** Whether a text would do in a column of numbers or booleans. */
export function looksTyped(text: string): boolean {
  return numberIn(text) !== undefined || boolean.test(text)
}

/** What is known of a column whose type is still to be found. */
interface Votes {
  numbers: number
  booleans: number
  texts: number
  /** Digits after the point; -1: they differ. */
  decimals: number
  hasTrailingZero: boolean
}

const newVotes = (): Votes => ({ numbers: 0, booleans: 0, texts: 0, decimals: Number.NaN, hasTrailingZero: false })

function vote(votes: Votes, text: string): void {
  if (absent.test(text)) return
  if (boolean.test(text)) votes.booleans++
  else if (numberIn(text) === undefined) votes.texts++
  else {
    votes.numbers++
    const fraction = /^-?\d*\.(\d+)$/.exec(text)?.[1] ?? ''
    // `1.0` is how some write the integer 1.
    if (fraction !== '0' && fraction.endsWith('0')) votes.hasTrailingZero = true
    votes.decimals = Number.isNaN(votes.decimals) || votes.decimals === fraction.length ? fraction.length : -1
  }
}

/** `1.9` beside `1.10` are versions or chapters: numbers are written with all of their zeros or with none. */
function decided({ numbers, booleans, texts, decimals, hasTrailingZero }: Votes): TextType | undefined {
  if (numbers + booleans + texts === 0) return undefined
  if (numbers > 0 && booleans + texts === 0) return hasTrailingZero && decimals === -1 ? 'text' : 'number'
  return booleans > 0 && numbers + texts === 0 ? 'boolean' : 'text'
}

/** Visits each text of a cell with its path; arrays are one path. */
function visit(cell: Cell, path: string, see: (path: string, text: string) => void): void {
  if (typeof cell === 'string') see(path, cell)
  else if (Array.isArray(cell)) for (const item of cell as readonly Cell[]) visit(item, path, see)
  else if (isMembers(cell)) for (const [name, member] of Object.entries(cell)) visit(member, path === '' ? name : `${path}.${name}`, see)
}

/**
 * The types of the columns of rows whose cells are texts: those known stay, those new are found. A column is of numbers
 * or booleans where every text in it, but for words that say that there is none, writes one out without loss.
 */
export function findTypes(rows: readonly Row[], known: TextTypes): TextTypes {
  const votes = new Map<string, Votes>()
  for (const row of rows)
    visit(row, '', (path, text) => {
      if (known.has(path)) return
      let counted = votes.get(path)
      if (counted === undefined) votes.set(path, (counted = newVotes()))
      vote(counted, text)
    })
  const types = new Map(known)
  for (const [path, counted] of votes) {
    const type = decided(counted)
    if (type !== undefined) types.set(path, type)
  }
  return types
}

function typed(text: string, type: TextType | undefined): Cell {
  if (type === 'number') return absent.test(text) ? null : (numberIn(text) ?? text)
  if (type === 'boolean') return absent.test(text) ? null : boolean.test(text) ? text.toLowerCase() === 'true' : text
  return text
}

function typedCell(cell: Cell, path: string, types: TextTypes): Cell {
  if (typeof cell === 'string') return typed(cell, types.get(path))
  if (Array.isArray(cell)) return (cell as readonly Cell[]).map(item => typedCell(item, path, types))
  if (!isMembers(cell)) return cell
  return typedMembers(cell, `${path}.`, types)
}

function typedMembers(members: Readonly<Record<string, Cell>>, prefix: string, types: TextTypes): Row {
  const made: Record<string, Cell> = {}
  for (const name of Object.keys(members)) setCell(made, name, typedCell(members[name] ?? null, prefix + name, types))
  return made
}

/** A row of texts with its numbers and booleans; what its column's type cannot hold stays the text that it is. */
export function typedRow(row: Row, types: TextTypes): Row {
  return typedMembers(row, '', types)
}
