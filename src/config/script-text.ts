import type { Path } from './finding.ts'

/** A stretch of a text, from one offset to another. */
export type Range = readonly [from: number, to: number]

/** An entry of what is written between brackets. */
interface Entry {
  /** Absent in a list. */
  readonly name?: Range
  readonly value: Range
}

const openers = '([{'
const closers = ')]}'

/**
 * Reads as much of a program's text as it takes to point at a member of what a call was given: brackets, texts and comments are known,
 * and what is between them is not looked at.
 */
export class ScriptText {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /**
   * Where a member of what a call was given stands, as far as it is written there: its name and value, or those of the last part of its
   * path that are. `line` is the offset of the line of the call, `nth` counts calls of that name there, from 0; undefined where it is not
   * found.
   */
  find(
    { line, call, nth }: { readonly line: number; readonly call: string; readonly nth: number },
    path: Path,
  ): { readonly name: Range; readonly value: Range; readonly isWhole: boolean } | undefined {
    const start = this.#call(line, call, nth)
    if (start === undefined) return undefined
    let inside = this.#valueFrom(this.#text.indexOf('(', start) + 1)
    let found = { name: [start, start + call.length] as Range, value: inside }
    for (const [i, member] of path.entries()) {
      const entry = this.#entries(inside).find(({ name }, at) =>
        typeof member === 'number' ? at === member : name !== undefined && this.#nameAt(name) === member,
      )
      if (entry === undefined) return { ...found, isWhole: false }
      found = { name: entry.name ?? entry.value, value: entry.value }
      inside = entry.value
      if (i === path.length - 1) return { ...found, isWhole: true }
    }
    return { ...found, isWhole: true }
  }

  /** The text at a value that is written as one; undefined: it is none. */
  isLiteral([from]: Range): boolean {
    return /['"`]/.test(this.#text.charAt(from))
  }

  #call(from: number, call: string, nth: number): number | undefined {
    const end = this.#text.indexOf('\n', from)
    const line = this.#text.slice(from, end === -1 ? undefined : end)
    const at = [...line.matchAll(new RegExp(`(?<![\\w$])${call}(?=\\s*[(<])`, 'g'))][nth]?.index
    return at === undefined ? undefined : from + at
  }

  #nameAt([from, to]: Range): string {
    const written = this.#text.slice(from, to)
    return /^['"`]/.test(written) ? written.slice(1, -1) : written
  }

  /** What begins here, up to the comma or bracket that ends it. */
  #valueFrom(start: number): Range {
    const from = this.#skipBlank(start)
    return [from, this.#end(from, /[,)\]}]/)]
  }

  /** The entries of a map or list that is written there; none where it is anything else. */
  #entries([from]: Range): Entry[] {
    const opener = this.#text.charAt(from)
    if (opener !== '{' && opener !== '[') return []
    const entries: Entry[] = []
    for (let at = this.#skipBlank(from + 1); at < this.#text.length && !closers.includes(this.#text.charAt(at));) {
      const [start, end] = this.#valueFrom(at)
      entries.push(opener === '[' ? { value: [start, end] } : this.#named([start, end]))
      at = this.#skipBlank(this.#text.charAt(end) === ',' ? end + 1 : end)
      if (end <= start && this.#text.charAt(end) !== ',') break
    }
    return entries
  }

  #named([from, to]: Range): Entry {
    const colon = this.#end(from, /[:,(]/)
    const nameEnd = from + this.#text.slice(from, Math.min(colon, to)).trimEnd().length
    if (this.#text.charAt(colon) !== ':' || colon >= to) return { name: [from, nameEnd], value: [from, to] }
    return { name: [from, nameEnd], value: [this.#skipBlank(colon + 1), to] }
  }

  /** The first of these characters that stands outside of brackets, texts and comments. */
  #end(from: number, wanted: RegExp): number {
    let depth = 0
    for (let at = this.#skipBlank(from); at < this.#text.length; at = this.#skipBlank(at)) {
      const character = this.#text.charAt(at)
      if (depth === 0 && wanted.test(character)) return at
      if (openers.includes(character)) depth++
      if (closers.includes(character)) depth--
      at = /['"`]/.test(character) ? this.#textEnd(at) : at + 1
    }
    return this.#text.length
  }

  #textEnd(from: number): number {
    const quote = this.#text.charAt(from)
    for (let at = from + 1; at < this.#text.length; at++) {
      const character = this.#text.charAt(at)
      if (character === '\\') at++
      else if (character === quote) return at + 1
      else if (quote === '`' && this.#text.startsWith('${', at)) at = this.#end(at + 2, /}/)
    }
    return this.#text.length
  }

  #skipBlank(from: number): number {
    const blank = /(?:\s+|\/\/[^\n]*|\/\*.*?\*\/)*/sy
    blank.lastIndex = from
    blank.test(this.#text)
    return blank.lastIndex
  }
}
