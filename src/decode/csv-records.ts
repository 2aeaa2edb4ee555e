import { DecodeError, exceeded } from './decode-error.ts'

/** One record of CSV. A field that is empty and not in quotes is null. */
export interface CsvRecord {
  /** Where it begins, from 1. */
  readonly line: number
  readonly fields: readonly (string | null)[]
}

const quote = 0x22
const lf = 0x0a
const cr = 0x0d

/**
 * Reads CSV record by record (RFC 4180, and what is written in its name): fields end at the delimiter or at CR, LF or
 * both; blanks around a field do not belong to it; a quote that does not enclose a whole field is a character like
 * others; empty lines count for nothing.
 */
export class CsvReader {
  readonly #text: string
  readonly #delimiter: number
  #at: number
  #line: number

  /**
   * @param delimiter one character, no blank, quote or line end (a tab will do)
   * @param from where the first record begins
   */
  constructor(text: string, delimiter: string, from = 0) {
    this.#text = text
    this.#delimiter = delimiter.charCodeAt(0)
    this.#at = from
    this.#line = text.slice(0, from).split('\n').length
  }

  /**
   * The next record; undefined at the end.
   * @throws DecodeError when a quote is not closed, or there are more fields than `maxColumns`
   */
  next(maxColumns = Number.POSITIVE_INFINITY): CsvRecord | undefined {
    this.#skipEmptyLines()
    if (this.#at >= this.#text.length) return undefined
    const line = this.#line
    const fields: (string | null)[] = []
    for (;;) {
      if (fields.length >= maxColumns) throw exceeded('maxColumns', String(maxColumns))
      fields.push(this.#field())
      if (this.#text.charCodeAt(this.#at) !== this.#delimiter) break
      this.#at++
    }
    this.#skipLineEnd()
    return { line, fields }
  }

  #isBlank(c: number): boolean {
    return (c === 0x20 || c === 0x09) && c !== this.#delimiter
  }

  #isEnd(c: number): boolean {
    return c === this.#delimiter || c === lf || c === cr || Number.isNaN(c)
  }

  #skipBlanks(from: number): number {
    let at = from
    while (this.#isBlank(this.#text.charCodeAt(at))) at++
    return at
  }

  #skipEmptyLines(): void {
    for (;;) {
      const at = this.#skipBlanks(this.#at)
      const c = this.#text.charCodeAt(at)
      if (c !== lf && c !== cr && at < this.#text.length) return
      this.#at = at
      if (at >= this.#text.length) return
      this.#skipLineEnd()
    }
  }

  #skipLineEnd(): void {
    if (this.#at >= this.#text.length) return
    this.#at += this.#text.startsWith('\r\n', this.#at) ? 2 : 1
    this.#line++
  }

  #field(): string | null {
    const start = this.#skipBlanks(this.#at)
    const quoted = this.#text.charCodeAt(start) === quote ? this.#quoted(start) : undefined
    if (quoted !== undefined) return quoted
    let end = start
    while (!this.#isEnd(this.#text.charCodeAt(end))) end++
    this.#at = end
    while (end > start && this.#isBlank(this.#text.charCodeAt(end - 1))) end--
    return end === start ? null : this.#text.slice(start, end)
  }

  /** Undefined: the quotes do not enclose the whole field. */
  #quoted(start: number): string | undefined {
    let from = start + 1
    let value = ''
    for (;;) {
      const close = this.#text.indexOf('"', from)
      if (close < 0) throw new DecodeError('decode', `line ${this.#line}: a quote is not closed`)
      value += this.#text.slice(from, close)
      from = close + 1
      if (this.#text.charCodeAt(from) !== quote) break
      value += '"'
      from++
    }
    const after = this.#skipBlanks(from)
    if (!this.#isEnd(this.#text.charCodeAt(after))) return undefined
    for (let at = value.indexOf('\n'); at >= 0; at = value.indexOf('\n', at + 1)) this.#line++
    this.#at = after
    return value
  }
}
