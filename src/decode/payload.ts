import type { Cell } from '../model/row.ts'
import type { Degradation } from '../model/table.ts'
import type { JsonOptions } from './json.ts'

/** What an upstream answered. */
export interface Payload {
  /** Without any content coding. */
  readonly body: Buffer
  /** The Content-Type as it came, with its parameters; empty where none was said. */
  readonly mediaType: string
}

export type Format = 'json' | 'ndjson' | 'geojson' | 'csv' | 'xml' | 'syndication' | 'prometheus' | 'text'

/** What is configured of how a payload is read. */
export interface DecodeOptions extends JsonOptions {
  /** Default: detected. */
  readonly format?: Format
  /** Default: found by looking, then what the media type says. */
  readonly charset?: string
  /** Whether the first record of CSV names the columns; default: found by looking. */
  readonly header?: boolean
  /** Its named groups are the columns of a plain text; each match is a row. Flags `gmu`. */
  readonly pattern?: RegExp
  /** Where the rows stand is configured: a JSON document stays as it is. */
  readonly rows?: string
  readonly maxRows: number
  readonly maxColumns: number
}

/** What an earlier answer of the same source told of its format; the next one is read in the same way. */
export interface Dialect {
  readonly format: Format
  /** Of CSV. */
  readonly delimiter?: string
  readonly header?: boolean
}

/** A thing worth saying in the log once. */
export interface Remark {
  /** What it is about: of the same thing nothing is said again. */
  readonly about: string
  readonly sentence: string
}

/** A payload as a document in which rows are found. */
export interface Decoded {
  readonly document: Cell
  readonly dialect: Dialect
  /** Numbers and booleans are still texts, as in CSV and XML: their types are found per column. */
  readonly isText?: boolean
  /** A list of one item cannot be told from the item itself, as in XML. */
  readonly isListless?: boolean
  /** The column that tells rows apart in this format, where it has one. */
  readonly key?: string
  readonly remarks?: readonly Remark[]
  /** Part of the payload could not be taken. */
  readonly degraded?: Degradation
}
