import { z } from 'zod'
import { DecodeError, quotable } from '../decode/decode-error.ts'
import type { Row } from '../model/row.ts'

/** A JSON Schema, as it was parsed. */
export type JsonSchema = Readonly<Record<string, unknown>>

type Issue = z.core.$ZodIssue

/** Rows as a JSON Schema has them, that of one row or of an array of rows. */
export class Shape {
  readonly #schema: z.ZodType

  /** @throws Error one sentence: what of the schema is not understood */
  constructor(schema: JsonSchema) {
    const { items } = schema
    const ofRow = schema['type'] === 'array' && typeof items === 'object' && items !== null ? { ...schema, ...items } : schema
    this.#schema = z.fromJSONSchema(ofRow)
  }

  /** @throws DecodeError `shape` that names the row, the column and what was expected */
  check(rows: readonly Row[]): void {
    for (const [place, row] of rows.entries()) {
      const [issue] = this.#schema.safeParse(row).error?.issues ?? []
      if (issue === undefined) continue
      const column = issue.path.length === 0 ? '' : `, column ${quotable(issue.path.join('.'), 60)}`
      throw new DecodeError('shape', `shape: the row at place ${place}${column}: ${quotable(expected(issue), 120)}`)
    }
  }
}

/** `expected number, received string` */
function expected(issue: Issue): string {
  if (issue.code !== 'invalid_union') return issue.message.replace(/^Invalid (input|option): /, '').replace(/^[A-Z]/, c => c.toLowerCase())
  const wanted = new Set(issue.errors.flat().map(inner => ('expected' in inner ? inner.expected : expected(inner))))
  return `expected ${[...wanted].join(' or ')}`
}
