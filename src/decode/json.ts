import type { Cell } from '../model/row.ts'
import { DecodeError, quotable } from './decode-error.ts'
import { scanJson, type JsonLimits, type JsonScan } from './json-scan.ts'

export interface JsonOptions extends JsonLimits {
  /** Integers beyond 2^53: `text` keeps their digits as a string, `flag` rounds them to a double and counts them. */
  readonly bigNumbers: 'flag' | 'text'
}

export interface Json {
  readonly value: Cell
  /** Integers beyond 2^53 that were rounded; 0 with `bigNumbers: text`. */
  readonly rounded: number
  /** The digits of the first of them. */
  readonly firstRounded?: string
  /** Values that are neither object nor array; at most one more than there are. */
  readonly leaves: number
}

function quoted(text: string, { big }: JsonScan): string {
  const parts: string[] = []
  let at = 0
  for (const [start, end] of big) {
    parts.push(text.slice(at, start), '"', text.slice(start, end), '"')
    at = end
  }
  return parts.join('') + text.slice(at)
}

function place(text: string, at: number): string {
  const before = text.slice(0, at).split('\n')
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}

/** Why it is not JSON, without quoting the body: it may hold secrets, and reasons go to readers. */
function explain(text: string, scan: JsonScan, error: unknown): string {
  const { open, inString, nonFinite } = scan
  if (text.trim() === '') return 'the body is empty, not JSON'
  if (/^\s*</.test(text)) return 'the body is HTML or XML, not JSON'
  if (nonFinite !== undefined && /^(NaN|Infinity)\b/.test(text.slice(nonFinite, nonFinite + 9)))
    return `the body is not JSON: ${text.startsWith('N', nonFinite) ? 'NaN' : 'Infinity'} at ${place(text, nonFinite)}`
  if (inString) return 'the JSON is cut short: it ends within a text'
  if (open > 0) return `the JSON is cut short: it ends with ${open} ${open === 1 ? 'level' : 'levels'} still open`
  const message = error instanceof Error ? error.message : ''
  const at = /at position (\d+)/.exec(message)?.[1]
  const what = message.replace(/,? ?(\.\.\.)?".*$/s, '').replace(/ (in JSON )?at position.*$/s, '')
  return `the body is not JSON: ${quotable(what)}${at === undefined ? '' : ` at ${place(text, Number(at))}`}`
}

/**
 * Reads a JSON document. What is decided here, once:
 * NaN, Infinity and numbers beyond the range of a double (1e400) are refused; of a member named twice the last one counts;
 * a lone surrogate written as an escape stays as it is; integers beyond 2^53 as `bigNumbers` says.
 * @throws DecodeError
 */
export function decodeJson(text: string, options: JsonOptions): Json {
  const scan = scanJson(text, options)
  const keepsDigits = options.bigNumbers === 'text'
  let value: Cell
  try {
    value = JSON.parse(keepsDigits && scan.big.length > 0 ? quoted(text, scan) : text) as Cell
  } catch (error) {
    throw new DecodeError('decode', explain(text, scan, error))
  }
  const [first] = scan.big
  if (keepsDigits || first === undefined) return { value, rounded: 0, leaves: scan.leaves }
  return { value, rounded: scan.big.length, firstRounded: text.slice(...first).slice(0, 40), leaves: scan.leaves }
}
