import type { Feed, FeedQuery, Millrace, UpdateInfo } from '../client/face.ts'
import type { Clock } from '../lib/clock.ts'
import type { MillraceError } from '../model/errors.ts'
import type { Kind } from '../model/table.ts'
import type { Row } from '../model/row.ts'
import { Activity, type TableShape } from '../elements/measures.ts'
import { Reader } from '../elements/reader.ts'
import { nextSort, sortRows } from '../elements/row-sort.ts'
import { FrameLog } from './frame-log.ts'

/** How many rows are asked for at first, and at most. */
const firstRows = 500
export const mostRows = 100_000
/** Of a series, which is drawn: enough that its chart opens full. */
const seriesRows = 5000
/** Least ms between two deltas of more than the first rows: what nobody can follow is not sent. */
const largeThrottleMs = 1000
const newestFirst = '-time'
/** Firing, pending, resolved. */
const firingFirst = 'state'

/** The rows of one feed as the feed's page shows them: a part of a large one, filtered and sorted as asked. */
export class FeedReading {
  readonly name: string
  readonly activity = new Activity()
  readonly frames: FrameLog
  readonly #millrace: Millrace
  readonly #clock: Clock
  readonly #onChange: () => void
  /** Shown now. While another filter, order or limit is on its way, what was shown stays. */
  #shown: Reader | undefined
  #coming: Reader | undefined
  #sort = ''
  #sorted: { readonly from: readonly Row[]; readonly sort: string; readonly rows: readonly Row[] } | undefined
  #limit = firstRows
  #where = ''
  #byServer = false
  /** What changed since somebody looked, with the former rows. */
  #changes = new Map<string, Row | undefined>()
  error: string | undefined
  /** What is wrong with the filter, in words; empty: nothing. */
  filterError = ''
  /** The rights to it were withdrawn: what is held is not to be shown any more. */
  isForbidden = false

  constructor(name: string, millrace: Millrace, clock: Clock, onChange: () => void) {
    this.name = name
    this.frames = new FrameLog(clock)
    this.#millrace = millrace
    this.#clock = clock
    this.#onChange = onChange
    this.#open()
  }

  get feed(): Feed | undefined {
    return (this.#shown ?? this.#coming)?.feed
  }

  get shape(): (TableShape & { readonly kind: Kind; readonly rows: ReadonlyMap<string, Row> }) | undefined {
    const table = this.#shown?.feed.table
    return table === undefined || this.#shown?.feed.rows === undefined ? undefined : table
  }

  get sort(): string {
    return this.#sort
  }

  get limit(): number {
    return this.#limit
  }

  /** The filter that is in force or on its way; empty: none. */
  get where(): string {
    return this.#where
  }

  /** Another filter, order or limit is on its way. */
  get isWaiting(): boolean {
    return this.#coming !== undefined
  }

  /** As a program would ask for the same. */
  get query(): FeedQuery {
    return { ...(this.#where === '' ? {} : { where: this.#where }), ...(this.#sort === '' ? {} : { order: [this.#sort] }) }
  }

  /** In the order asked for; undefined before the first data. */
  get rows(): readonly Row[] | undefined {
    const rows = this.#shown?.feed.rows
    const key = this.#shown?.feed.table.key
    if (rows === undefined || key === undefined || this.#sort === '' || this.#sortedByServer) return rows
    if (this.#sorted?.from !== rows || this.#sorted.sort !== this.#sort) {
      this.#sorted = { from: rows, sort: this.#sort, rows: sortRows(rows, key, this.#sort) }
    }
    return this.#sorted.rows
  }

  /** What changed since it was last taken, with the former rows; a table that is shown first, or anew, is no change. */
  takeChanges(): ReadonlyMap<string, Row | undefined> {
    const changes = this.#changes
    this.#changes = new Map()
    return changes
  }

  get #sortedByServer(): boolean {
    return this.#shown?.feed.query.order !== undefined
  }

  /** Sorts by a column: downwards, upwards, and back to the order of the feed. */
  sortBy(column: string, total: number): void {
    this.#sort = nextSort(this.#sort, column)
    // Only a part is here: which rows come first is the server's to say.
    this.#byServer = total > this.#limit
    if (this.#byServer || this.#sortedByServer) this.#open()
    this.#onChange()
  }

  showMore(): void {
    this.#limit = mostRows
    this.#byServer = this.#sortedByServer
    this.#open()
  }

  /** Only rows for which the expression is true, as the server judges it; empty: all. */
  filterBy(where: string): void {
    if (where === this.#where) return
    this.#where = where
    this.filterError = ''
    this.#open()
    this.#onChange()
  }

  #open(): void {
    this.#coming?.leave()
    const feed = this.#millrace.feed(this.name, {
      limit: this.#limit,
      ...(this.#where === '' ? {} : { where: this.#where }),
      ...(this.#byServer && this.#sort !== '' ? { order: [this.#sort] } : {}),
      ...(this.#limit === firstRows ? {} : { throttle: largeThrottleMs }),
    })
    const coming: Reader = new Reader(feed, this.#clock, {
      lingerMs: 0,
      onRows: (_, info) => this.#take(coming, info),
      onFreshness: () => this.#onChange(),
      onError: error => this.#fail(coming, error),
    })
    this.#coming = coming
    coming.want()
  }

  #take(reader: Reader, info: UpdateInfo): void {
    for (const [key, before] of info.changes) {
      const after = info.table.rows.get(key)
      if (before !== undefined && after !== undefined) this.activity.note(before, after)
    }
    if (info.type === 'snapshot') this.#changes.clear()
    else for (const [key, before] of info.changes) if (!this.#changes.has(key)) this.#changes.set(key, before)
    this.frames.note(reader.feed.stats, info)
    this.#arrived(reader)
  }

  #fail(reader: Reader, error: MillraceError): void {
    if (reader === this.#coming && error.code === 'bad_query' && this.#where !== '') {
      // What was shown stays; the filter is to be mended.
      this.filterError = error.message
      reader.leave()
      this.#coming = undefined
    } else {
      this.isForbidden = error.code === 'forbidden'
      this.error = error.code === 'forbidden' ? 'You may no longer read this feed: your token does not open it.' : error.message
    }
    this.#onChange()
  }

  #arrived(reader: Reader): void {
    this.error = undefined
    this.isForbidden = false
    const isFirst = this.#shown === undefined
    if (reader !== this.#shown) {
      this.#shown?.leave()
      this.#shown = reader
      this.#coming = undefined
    }
    if (isFirst) this.#beginWithWhatMatters(reader.feed)
    this.#onChange()
  }

  /** The newest of a series, whose first rows are its oldest: of a long one they are all that came. Of alerts those that fire. */
  #beginWithWhatMatters({ table, rows }: Feed): void {
    const sort = { series: newestFirst, alerts: firingFirst, table: '', events: '' }[table.kind]
    if (sort === '') return
    this.#sort = sort
    if ((rows?.length ?? 0) < this.#limit) return
    this.#byServer = true
    if (table.kind === 'series') this.#limit = seriesRows
    this.#open()
  }

  close(): void {
    this.#shown?.leave()
    this.#coming?.leave()
  }
}
