import type { Finding, Path } from './finding.ts'
import type { Place } from './problem.ts'

/** A config as plain values, and what is known of where they came from. */
export interface Tree {
  readonly value: unknown
  /** Where a finding points; undefined where there is no text. */
  place(path: Path, at: Finding['at']): Place | undefined
  /** What stands at a path, in a few words and without secrets. */
  found(path: Path): string
  /** The number or boolean that an unquoted `${PORT}` may be taken for where no text is wanted. */
  alternative(path: Path): number | boolean | undefined
  /** Whether a comment follows the unquoted text of a path on its line: YAML may have cut an expression there. */
  hasCommentBehind(path: Path): boolean
  /** The text with what came from variables as it was written. */
  redact(text: string): string
  /** The value at a path is a secret: it is shown nowhere from now on. Returns whether it stands in the file as it is. */
  conceal(path: Path): boolean
}

/** What is said of a value that is not to be shown. */
export const concealedValue = 'a secret'
