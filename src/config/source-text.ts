import type { Place } from './problem.ts'

/** A text with its lines: from an offset to a place. */
export class SourceText {
  readonly text: string
  readonly #starts: readonly number[]

  constructor(text: string) {
    this.text = text
    this.#starts = [0, ...[...text.matchAll(/\r\n|\r|\n/g)].map(({ index, 0: end }) => index + end.length)]
  }

  /** The line, counted from 0, in which an offset stands. */
  lineOf(offset: number): number {
    let [low, high] = [0, this.#starts.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  get lineCount(): number {
    return this.#starts.length
  }

  /** Where a line, counted from 0, begins. */
  offset(index: number): number {
    return this.#starts[index] ?? this.text.length
  }

  /** A line, counted from 0, without its end. */
  line(index: number): string {
    return this.text.slice(this.offset(index), this.offset(index + 1)).replace(/[\r\n]+$/, '')
  }

  /** The place of what stands from one offset to another, cut at the end of its first line. */
  place(from: number, to: number): Place {
    const index = this.lineOf(Math.min(Math.max(from, 0), this.text.length))
    const text = this.line(index)
    const start = Math.min(from - (this.#starts[index] ?? 0), text.length)
    const length = Math.max(1, Math.min(to - from, text.trimEnd().length - start))
    return { line: index + 1, column: start + 1, length, text }
  }
}
