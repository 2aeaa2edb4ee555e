import type { ErrorDetail } from '../model/errors.ts'

/** A place in the text of an expression, in UTF-16 units; `end` is the place after the last one. */
export interface TextRange {
  readonly start: number
  readonly end: number
}

/** An expression that cannot be used: what is wrong, in one line for people, and where. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError'
  readonly start: number
  readonly end: number
  /** The limit that was met, where one was. */
  readonly details: readonly ErrorDetail[]

  constructor(message: string, range: TextRange, details: readonly ErrorDetail[] = []) {
    super(message)
    this.start = range.start
    this.end = range.end
    this.details = details
  }
}
