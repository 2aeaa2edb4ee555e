import type { Cell } from '../model/row.ts'
import { DecodeError, exceeded } from './decode-error.ts'
import { decodeJson, type JsonOptions } from './json.ts'
import { linesOf } from './lines.ts'

/** Longer first lines are not looked at. */
const longestLook = 1_048_576

/** Whether several JSON documents stand there, a line each. */
export function looksLikeNdjson(text: string): boolean {
  const [first = '', second = ''] = text
    .slice(0, longestLook)
    .trimStart()
    .split(/[\r\n]+/, 2)
  const isWhole = (line: string): boolean => /^(\{.*\}|\[.*\])\s*$/.test(line)
  if (!isWhole(first) || !/^[{[]/.test(second)) return false
  try {
    decodeJson(first, { maxDepth: 1000, maxCells: longestLook, bigNumbers: 'text' })
    return true
  } catch {
    return false
  }
}

/** The value of each line, and how many integers were rounded. */
export interface Ndjson {
  readonly items: readonly Cell[]
  readonly rounded: number
  readonly firstRounded?: string
}

export interface NdjsonOptions extends JsonOptions {
  readonly maxRows: number
}

/**
 * Reads JSON documents that stand a line each; empty lines count for nothing, nor does the record separator of JSON text
 * sequences (RFC 7464). One bad line refuses all of them: a poll is taken whole or not at all.
 * @throws DecodeError which names the line
 */
export function decodeNdjson(text: string, options: NdjsonOptions): Ndjson {
  const items: Cell[] = []
  let rounded = 0
  let firstRounded: string | undefined
  let cells = 0
  for (const { text: written, number } of linesOf(text)) {
    const line = written.startsWith('\u001e') ? written.slice(1) : written
    if (line.trim() === '') continue
    if (items.length >= options.maxRows) throw exceeded('maxRows', String(options.maxRows))
    const json = decodeLine(line, number, options)
    items.push(json.value)
    rounded += json.rounded
    firstRounded ??= json.firstRounded
    cells += json.leaves
    if (cells > options.maxCells) throw exceeded('maxCells', String(options.maxCells))
  }
  return { items, rounded, ...(firstRounded === undefined ? {} : { firstRounded }) }
}

function decodeLine(line: string, number: number, options: JsonOptions): ReturnType<typeof decodeJson> {
  try {
    return decodeJson(line, options)
  } catch (error) {
    if (!(error instanceof DecodeError) || error.kind === 'too_large') throw error
    throw new DecodeError(error.kind, `line ${number}: ${error.message.replace(/ at line 1, column (\d+)$/, ' at column $1')}`)
  }
}
