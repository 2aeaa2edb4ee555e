import { DecodeError } from '../../src/decode/decode-error.ts'
import { decode } from '../../src/decode/decode.ts'
import type { Decoded, DecodeOptions, Dialect } from '../../src/decode/payload.ts'
import { silentLogger } from '../../src/lib/log.ts'
import type { Row } from '../../src/model/row.ts'
import { Tabulator } from '../../src/source/tabulate.ts'

export const decodeLimits = {
  maxRows: 100_000,
  maxColumns: 1000,
  maxCells: 1_000_000,
  maxDepth: 64,
  maxCellBytes: 65_536,
  maxKeyBytes: 1024,
}

export interface Body {
  readonly body: string | Buffer
  readonly type?: string
  readonly known?: Dialect
}

type More = Partial<DecodeOptions>

/** What the decoder makes of a body. */
export function decoded({ body, type = '', known }: Body, more: More = {}): Decoded {
  const payload = { body: Buffer.isBuffer(body) ? body : Buffer.from(body), mediaType: type }
  return decode(payload, { ...decodeLimits, bigNumbers: 'flag', ...more }, known)
}

/** `decode: the reason`, or `accepted`; any error but a `DecodeError` is thrown. */
export function refusal(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    if (error instanceof DecodeError) return `${error.kind}: ${error.message}`
    throw error
  }
  return 'accepted'
}

export function newTabulator(more: { readonly rows?: string; readonly key?: readonly string[] } = {}): Tabulator {
  return new Tabulator({ ...decodeLimits, index: false, ignore: [], onDuplicateKey: 'last', ...more }, 'tested', silentLogger)
}

/** The rows of a source that answered once, by key. */
export function tableOf(body: Body, more: More = {}, key?: readonly string[]): Map<string, Row> {
  const rows = more.rows === undefined ? {} : { rows: more.rows }
  return new Map(newTabulator({ ...rows, ...(key === undefined ? {} : { key }) }).take(decoded(body, more)).table.rows)
}
