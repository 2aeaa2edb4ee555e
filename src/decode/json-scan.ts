import { DecodeError, exceeded } from './decode-error.ts'

export interface JsonLimits {
  /** Levels of nesting, counted before anything is parsed: JSON.parse survives 100 000, what comes after it does not. */
  readonly maxDepth: number
  /** Values that are neither object nor array, in the whole document. */
  readonly maxCells: number
}

/** What one pass over the text of a document tells before it is parsed. */
export interface JsonScan {
  /** Where integers beyond 2^53 stand, which a double rounds; the sign belongs to them. */
  readonly big: readonly (readonly [start: number, end: number])[]
  /** Levels still open where the text ends. */
  readonly open: number
  /** The text ends within a string. */
  readonly inString: boolean
  /** Where a NaN or Infinity stands. */
  readonly nonFinite: number | undefined
  /** Values that are neither object nor array; at most one more than there are. */
  readonly leaves: number
}

/** What stands around the rows (counts, links, times) is not held against `maxCells`. */
const envelopeCells = 1024

/** The place of the quote that closes the string which begins at `start`; the text's length when none does. */
function closingQuote(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) return i
    if (c === 0x5c) i++
  }
  return text.length
}

function isOfNumber(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || c === 0x2e || c === 0x65 || c === 0x45 || c === 0x2b || c === 0x2d
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1
  while (end < text.length && isOfNumber(text.charCodeAt(end))) end++
  return end
}

/** Whether it is an integer that a double rounds. Short numbers can be neither that nor beyond the range of doubles. */
function isBig(token: string): boolean {
  if (!Number.isFinite(Number(token))) {
    if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(token))
      throw new DecodeError('decode', `the number ${token.slice(0, 24)} is beyond the range of a double`)
    return false
  }
  return /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))
}

/**
 * One pass before parsing. Depth and number of values are refused here, so that nothing deep or huge is ever built.
 * @throws DecodeError
 */
export function scanJson(text: string, limits: JsonLimits): JsonScan {
  const { maxDepth, maxCells } = limits
  const big: (readonly [number, number])[] = []
  let open = 0
  let commas = 0
  let nonFinite: number | undefined
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) {
      i = closingQuote(text, i)
      inString = i === text.length
    } else if (c === 0x2c) commas++
    else if (c === 0x7b || c === 0x5b) {
      if (++open > maxDepth) throw exceeded('maxDepth', `${maxDepth} levels`)
    } else if (c === 0x7d || c === 0x5d) open--
    else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) {
      const end = endOfNumber(text, i)
      const token = end - i > 15 || /[eE]/.test(text.slice(i, end)) ? text.slice(i, end) : undefined
      if (token !== undefined && isBig(token)) big.push([i, end])
      i = end - 1
    } else if (c === 0x4e || c === 0x49) nonFinite ??= i
  }
  // Leaves are as many as commas and one more, whatever the nesting.
  if (commas >= maxCells + envelopeCells) throw exceeded('maxCells', String(maxCells))
  return { big, open, inString, nonFinite, leaves: commas + 1 }
}
