import type { Millrace } from '../client/face.ts'
import type { Clock } from '../lib/clock.ts'
import type { Row } from '../model/row.ts'
import { rowComparator, parseOrderTerm } from '../model/order.ts'
import { Activity, type TableShape } from '../elements/measures.ts'
import { Reader } from '../elements/reader.ts'
import { keyOfRow } from '../elements/row-lines.ts'

/** How many rows are asked for at first, and at most. */
export const firstRows = 500
export const mostRows = 5000

/** The rows of one feed as the feed's page shows them: a part of a large one, sorted as asked. */
export class FeedReading {
  readonly name: string
  readonly activity = new Activity()
  readonly #millrace: Millrace
  readonly #clock: Clock
  readonly #onChange: () => void
  /** Shown now. While another order or limit is on its way, what was shown stays. */
  #shown: Reader | undefined
  #coming: Reader | undefined
  #sort = ''
  #sorted: { readonly from: readonly Row[]; readonly sort: string; readonly rows: readonly Row[] } | undefined
  #limit = firstRows
  error: string | undefined
  /** The rights to it were withdrawn: what is held is not to be shown any more. */
  isForbidden = false

  constructor(name: string, millrace: Millrace, clock: Clock, onChange: () => void) {
    this.name = name
    this.#millrace = millrace
    this.#clock = clock
    this.#onChange = onChange
    this.#open()
  }

  get feed() {
    return (this.#shown ?? this.#coming)?.feed
  }

  get shape(): TableShape | undefined {
    const table = this.#shown?.feed.table
    return table === undefined || this.#shown?.feed.rows === undefined ? undefined : table
  }

  get sort(): string {
    return this.#sort
  }

  get limit(): number {
    return this.#limit
  }

  /** In the order asked for; undefined before the first data. */
  get rows(): readonly Row[] | undefined {
    const rows = this.#shown?.feed.rows
    const key = this.#shown?.feed.table.key
    if (rows === undefined || key === undefined || this.#sort === '' || this.#sortedByServer) return rows
    if (this.#sorted?.from !== rows || this.#sorted.sort !== this.#sort) {
      const compare = rowComparator([parseOrderTerm(this.#sort)])
      const sorted = rows.toSorted((a, b) => compare(a, keyOfRow(a, key), b, keyOfRow(b, key)))
      this.#sorted = { from: rows, sort: this.#sort, rows: sorted }
    }
    return this.#sorted.rows
  }

  get #sortedByServer(): boolean {
    return this.#shown?.feed.query.order !== undefined
  }

  /** Sorts by a column: downwards, upwards, and back to the order of the feed. */
  sortBy(column: string, total: number): void {
    this.#sort = this.#sort === `-${column}` ? column : this.#sort === column ? '' : `-${column}`
    // Only a part is here: which rows come first is the server's to say.
    if (total > this.#limit || this.#sortedByServer) this.#open(total > this.#limit)
    this.#onChange()
  }

  showMore(): void {
    this.#limit = mostRows
    this.#open(this.#sortedByServer)
  }

  #open(byServer = false): void {
    this.#coming?.leave()
    const query = { limit: this.#limit, ...(byServer && this.#sort !== '' ? { order: [this.#sort] } : {}) }
    const feed = this.#millrace.feed(this.name, query)
    const coming: Reader = new Reader(feed, this.#clock, {
      lingerMs: 0,
      onRows: (_, { changes, table }) => {
        for (const [key, before] of changes) {
          const after = table.rows.get(key)
          if (before !== undefined && after !== undefined) this.activity.note(before, after)
        }
        this.#arrived(coming)
      },
      onFreshness: () => this.#onChange(),
      onError: error => {
        this.isForbidden = error.code === 'forbidden'
        this.error = error.code === 'forbidden' ? 'You may no longer read this feed: your token does not open it.' : error.message
        this.#onChange()
      },
    })
    this.#coming = coming
    coming.want()
  }

  #arrived(reader: Reader): void {
    this.error = undefined
    this.isForbidden = false
    if (reader !== this.#shown) {
      this.#shown?.leave()
      this.#shown = reader
      this.#coming = undefined
    }
    this.#onChange()
  }

  close(): void {
    this.#shown?.leave()
    this.#coming?.leave()
  }
}
