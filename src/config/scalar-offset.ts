import { Scalar } from 'yaml'

const blankEscape = /^[nrtvfNLP_\s]$/
const hexDigits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

/** The length of the escape at `offset`, backslash included; 0 where there is none. */
function escapeLength(text: string, offset: number, type: Scalar.Type | undefined): number {
  if (type === Scalar.QUOTE_SINGLE) return text.startsWith("''", offset) ? 2 : 0
  if (type !== Scalar.QUOTE_DOUBLE || text[offset] !== '\\') return 0
  return 2 + (hexDigits[text[offset + 1] ?? ''] ?? 0)
}

/** The end of the blanks, line ends and escaped blanks that begin at `offset`. */
function blanksEnd(text: string, offset: number, scalar: Scalar, limit: number): number {
  let end = offset
  while (end < limit) {
    const escape = scalar.type === Scalar.QUOTE_DOUBLE && text[end] === '\\' && blankEscape.test(text[end + 1] ?? '')
    if (!escape && !/\s/.test(text[end] ?? '')) break
    end += escape ? 2 : 1
  }
  return end
}

/** How many units of the value one character of the file stands for: `\U0001F600` is two. */
function unitsOf(text: string, offset: number, escape: number): number {
  return escape === 10 && Number.parseInt(text.slice(offset + 2, offset + 10), 16) > 0xffff ? 2 : 1
}

/** Where the text of a scalar begins in the file: behind its quote or the header of its block. */
function contentStart(text: string, scalar: Scalar, start: number): number {
  if (scalar.type === Scalar.QUOTE_SINGLE || scalar.type === Scalar.QUOTE_DOUBLE) return start + 1
  const isBlock = scalar.type === Scalar.BLOCK_LITERAL || scalar.type === Scalar.BLOCK_FOLDED
  return isBlock ? text.indexOf('\n', start) + 1 : start
}

/**
 * Where the character at `index` of a scalar's value stands in the file, whatever the style of the scalar. Value and file are walked
 * side by side: each run of blanks of the one answers a run of blanks of the other (folding and indentation change nothing else).
 */
export function scalarOffset(text: string, scalar: Scalar, index: number): number {
  const [start = 0, limit = start] = scalar.range ?? []
  const value = String(scalar.value)
  const target = Math.min(index, value.length)
  let offset = contentStart(text, scalar, start)
  let at = 0
  while (at < target || !/\s/.test(value[at] ?? ' ')) {
    const blank = /^\s+/.exec(value.slice(at))?.[0].length ?? 0
    if (at + blank > target) return Math.min(offset + target - at, limit)
    // Indentation, and a line that ends with a backslash, are blanks of the file that the value does not have.
    offset = blanksEnd(text, offset, scalar, limit)
    if (at + blank >= target) break
    const escape = escapeLength(text, offset, scalar.type)
    at += blank + unitsOf(text, offset, escape)
    offset += escape === 0 ? 1 : escape
  }
  return Math.min(offset, limit)
}
