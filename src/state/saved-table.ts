import { z } from 'zod'
import { tableSum } from '../model/checksum.ts'
import type { Row } from '../model/row.ts'
import type { Proof, SavedTable } from '../model/saved.ts'
import type { Table } from '../model/table.ts'
import { SectionError } from './section.ts'

/** UTF-16 units of a table that are encoded in one turn of the loop; a ms or two. */
const partLength = 256 * 1024

export const proofSchema = z.object({
  validatedAt: z.number(),
  asOf: z.number().optional(),
  degraded: z.object({ cause: z.enum(['shape', 'rows', 'key', 'cardinality']), reason: z.string() }).optional(),
})

/** The first line; each further one is a row: `[key, row]`. */
const headSchema = z.object({
  fingerprint: z.string(),
  key: z.string(),
  columns: z.array(z.string()),
  order: z.array(z.object({ column: z.string(), descending: z.boolean() })),
  kind: z.enum(['table', 'series', 'events', 'alerts']),
  count: z.number(),
  sum: z.string(),
  proof: proofSchema,
})

/** A table of a source that is defined as `fingerprint` says. */
export interface KeptTable {
  readonly fingerprint: string
  readonly saved: SavedTable
}

/** The section of a table's source. */
export function tableSection(source: string): string {
  return `table-${source}`
}

export function isTableSection(section: string): boolean {
  return section.startsWith('table-')
}

/** The payload of a table's section, part by part: each is the work of one turn of the loop. */
export function* tableParts({ fingerprint, saved }: KeptTable): Generator<Buffer> {
  const { table, count, sum } = saved
  const { key, columns, order, kind } = table
  let text = `${JSON.stringify({ fingerprint, key, columns, order, kind, count, sum, proof: proofOf(saved) })}\n`
  for (const row of table.rows) {
    text += `${JSON.stringify(row)}\n`
    if (text.length < partLength) continue
    yield Buffer.from(text)
    text = ''
  }
  yield Buffer.from(text)
}

/** @throws SectionError when it is no table, or not the one that its sum is of. */
export function readTable(payload: Buffer): KeptTable {
  const lines = linesOf(payload)
  const first = lines.next()
  const head = headSchema.safeParse(first.done === true ? undefined : JSON.parse(first.value))
  if (!head.success) throw new SectionError('it holds no table')
  const { fingerprint, key, columns, order, kind, count, sum, proof } = head.data
  const rows = new Map<string, Row>()
  for (const line of lines) {
    const [name, row] = JSON.parse(line) as [string, Row]
    rows.set(name, row)
  }
  if (rows.size !== count || tableSum(key, columns, rows) !== sum) throw new SectionError('its rows are not those of its checksum')
  const table: Table = { key, columns, order, kind, rows }
  return { fingerprint, saved: { table, count, sum, ...plainProof(proof) } }
}

export function proofOf({ validatedAt, asOf, degraded }: Proof): Proof {
  return plainProof({ validatedAt, asOf, degraded })
}

/** What is not there is left out. */
export function plainProof({ validatedAt, asOf, degraded }: z.output<typeof proofSchema>): Proof {
  return { validatedAt, ...(asOf === undefined ? {} : { asOf }), ...(degraded === undefined ? {} : { degraded }) }
}

/** One by one, as the whole may be longer than a text can be. */
function* linesOf(payload: Buffer): Generator<string> {
  for (let at = 0; at < payload.byteLength;) {
    const end = payload.indexOf(10, at)
    const until = end < 0 ? payload.byteLength : end
    yield payload.toString('utf8', at, until)
    at = until + 1
  }
}
