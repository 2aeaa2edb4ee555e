import type { DecodeError } from '../decode/decode-error.ts'
import type { Row } from '../model/row.ts'
import type { Table } from '../model/table.ts'
import type { Spurious } from './spurious-changes.ts'
import type { Tabulated } from './tabulate.ts'

/** Rows as JSON text, which is read faster than it is cloned; their cells are JSON. */
export interface Batch {
  /** `[[key, row], ..]` */
  readonly set: string
  readonly gone: readonly string[]
  /** All keys, in their order, batch by batch; none where setting and deleting leads to it. */
  readonly order: readonly string[]
}

/** What the main thread says to a thread that reads. */
export type ToWorker =
  | { readonly kind: 'resume'; readonly table: Omit<Table, 'rows'>; readonly rows: string; readonly isLast: boolean }
  | { readonly kind: 'take'; readonly body: Uint8Array; readonly mediaType: string }
  | { readonly kind: 'same' }
  | { readonly kind: 'next' }

/** What a thread that reads says. */
export type ToMain =
  | (Pick<Tabulated, 'held' | 'unsettled' | 'degraded'> & {
      readonly kind: 'taken'
      readonly isAll: boolean
      readonly isSame: boolean
      readonly table: Omit<Table, 'rows'>
      readonly found: string
      readonly spurious: Spurious
      readonly said: readonly Said[]
    })
  | { readonly kind: 'batch'; readonly batch: Batch | undefined }
  | {
      readonly kind: 'failed'
      readonly message: string
      readonly cause?: DecodeError['kind']
      readonly limit?: string | undefined
      readonly said: readonly Said[]
    }

export interface Said {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly text: string
}

/** Rows and characters of JSON that are handed over at once: reading them takes a few ms. */
const batchRows = 1000
const batchLength = 128 * 1024
const batchKeys = 10_000

/** Rows as JSON texts of a bounded length. */
export function* rowTexts(rows: Iterable<readonly [string, Row]>): Generator<string, undefined> {
  let texts: string[] = []
  let length = 0
  for (const row of rows) {
    const text = JSON.stringify(row)
    texts.push(text)
    length += text.length
    if (texts.length < batchRows && length < batchLength) continue
    yield `[${texts.join(',')}]`
    texts = []
    length = 0
  }
  if (texts.length > 0) yield `[${texts.join(',')}]`
}

export function* batches(
  set: Iterable<readonly [string, Row]>,
  gone: readonly string[],
  order: readonly string[],
): Generator<Batch, undefined> {
  for (let i = 0; i < gone.length; i += batchKeys) yield { set: '[]', gone: gone.slice(i, i + batchKeys), order: [] }
  for (const text of rowTexts(set)) yield { set: text, gone: [], order: [] }
  for (let i = 0; i < order.length; i += batchKeys) yield { set: '[]', gone: [], order: order.slice(i, i + batchKeys) }
}
