import type { Cell } from '../model/row.ts'
import { DecodeError, exceeded } from './decode-error.ts'

export interface JsonLimits {
  /** Levels of nesting, counted before anything is parsed: JSON.parse survives 100 000, what comes after it does not. */
  readonly maxDepth: number
  /** Values in the document. */
  readonly maxCells: number
}

export interface Json {
  readonly value: Cell
  /** Integers beyond 2^53, which a double rounds. */
  readonly bigNumbers: number
}

/** Bytes to text: UTF-8, or UTF-16 where a byte order mark says so. Invalid sequences are refused, never replaced. */
function textOf(body: Buffer): string {
  const encoding = body[0] === 0xff && body[1] === 0xfe ? 'utf-16le' : body[0] === 0xfe && body[1] === 0xff ? 'utf-16be' : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(body)
  } catch {
    throw new DecodeError('decode', `the body is not valid ${encoding.toUpperCase()}`)
  }
}

/** Passes over a text literal; returns the place of its closing quote. */
function endOfText(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) return i
    if (c === 0x5c) i++
  }
  return text.length
}

const numberToken = /-?[0-9][0-9.eE+-]*/y

interface Scan {
  /** Where integers stand that a double would round. */
  readonly big: (readonly [start: number, end: number])[]
}

/** One pass before parsing: depth, number of values, and numbers that a double does not hold. */
function scan(text: string, limits: JsonLimits): Scan {
  const big: [number, number][] = []
  let depth = 0
  let values = 1
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) i = endOfText(text, i)
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > limits.maxDepth) throw exceeded('maxDepth', `${limits.maxDepth} levels`)
      values++
    } else if (c === 0x7d || c === 0x5d) depth--
    else if (c === 0x2c) {
      if (++values > limits.maxCells) throw exceeded('maxCells', `${limits.maxCells} values`)
    } else if (c >= 0x30 && c <= 0x39) {
      numberToken.lastIndex = i
      const token = numberToken.exec(text)?.[0] ?? ''
      if (!Number.isFinite(Number(token)))
        throw new DecodeError('decode', `the number ${token.slice(0, 32)} is beyond the range of a double`)
      if (token.length > 15 && /^\d+$/.test(token) && !Number.isSafeInteger(Number(token))) big.push([i, i + token.length])
      i += token.length - 1
    }
  }
  return { big }
}

/** The same text with big integers as texts. */
function quoted(text: string, { big }: Scan): string {
  let out = ''
  let at = 0
  for (const [start, end] of big) {
    const begin = text[start - 1] === '-' ? start - 1 : start
    out += `${text.slice(at, begin)}"${text.slice(begin, end)}"`
    at = end
  }
  return out + text.slice(at)
}

/**
 * Reads a JSON document. `bigNumbers: 'text'` keeps integers beyond 2^53 as text; `'flag'` rounds and counts them.
 * @throws DecodeError
 */
export function decodeJson(body: Buffer, limits: JsonLimits, bigNumbers: 'flag' | 'text'): Json {
  const text = textOf(body)
  const found = scan(text, limits)
  try {
    const value = JSON.parse(bigNumbers === 'text' && found.big.length > 0 ? quoted(text, found) : text) as Cell
    return { value, bigNumbers: found.big.length }
  } catch (error) {
    const html = /^\s*</.test(text) ? ' (it looks like HTML or XML)' : ''
    throw new DecodeError('decode', `the body is not JSON${html}: ${(error as Error).message.slice(0, 100)}`)
  }
}
