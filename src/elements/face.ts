import type { FeedFreshness, Millrace, TableView, TokenSource } from '../client/face.ts'
import type { MillraceError } from '../model/errors.ts'
import type { Row } from '../model/row.ts'

/** The public face of the elements: what a page's script sees of them. Attributes have the names of the properties, in small letters. */

/** What every element has. A change of any of the properties is followed at once; what was shown stays until the new rows are there. */
export interface MillraceElement extends HTMLElement {
  /** The name of the feed or its address; empty: nothing is read. */
  feed: string
  /** Where the server is; default: where the script came from, else the page's own. */
  server: string
  /** An expression over the columns: only these rows. */
  where: string
  /** Terms separated by commas, `-` before a name is descending. */
  order: string
  /** At most so many rows. */
  limit: number | undefined
  /** Least ms between two changes. */
  throttle: number | undefined
  /** `light`, `dark` or `auto`; empty: as the page around it. */
  theme: string
  /** Without header and border. */
  bare: boolean
  /** As last shown, in order; undefined before the first data. */
  readonly rows: readonly Row[] | undefined
  readonly freshness: FeedFreshness
}

export interface MillraceTable extends MillraceElement {
  /** The columns to show, in this order, separated by commas; default: all. */
  columns: string
  /** The heads of the columns are buttons that sort. */
  sortable: boolean
}

export interface MillraceChart extends MillraceElement {
  /** The column to draw; default: the one that tells most. */
  column: string
}

export interface MillraceValue extends MillraceElement {
  /** The column to show; default: the one that tells most. */
  column: string
  /** The key of the row; default: the first. */
  key: string
  /** What stands above the value; default: its key, or the feed, and the column. */
  label: string
  /** A line of the last minute beside the value. */
  spark: boolean
}

export interface MillraceEventMap {
  /** The first rows, and each change of them. */
  'millrace-rows': CustomEvent<{ readonly rows: readonly Row[]; readonly table: TableView }>
  'millrace-freshness': CustomEvent<FeedFreshness>
  /** The server refused the feed, or its data were faulty. */
  'millrace-error': CustomEvent<MillraceError>
}

export interface SharedConnectionOptions {
  /** Where the server asks for one. */
  readonly token?: TokenSource
}

/**
 * The connection that all elements of the page share for a server; it stays open from then on. The token of the last call counts,
 * also for elements that were there before.
 * @param server as in the attribute; empty: the default
 * @throws TypeError where `server` is no URL
 */
export type ShareConnection = (server?: string, options?: SharedConnectionOptions) => Millrace

/** Exported by the module. */
export declare const shareConnection: ShareConnection

declare global {
  interface HTMLElementTagNameMap {
    'millrace-table': MillraceTable
    'millrace-chart': MillraceChart
    'millrace-value': MillraceValue
    'millrace-freshness': MillraceElement
    'millrace-alerts': MillraceElement
  }
  interface HTMLElementEventMap extends MillraceEventMap {}
}
