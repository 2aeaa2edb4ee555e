import { html, type TemplateResult } from 'lit'
import { guard } from 'lit/directives/guard.js'
import type { FeedQuery, TableView } from '../client/face.ts'
import { cellOf, type Row } from '../model/row.ts'
import type { MillraceTable as Face } from './face.ts'
import { FeedElement, text } from './feed-element.ts'
import { feedQuery, listOf } from './feed-query.ts'
import type { SortRequest } from './feed-table.ts'
import type { LiveContext } from './live-element.ts'
import { nextSort, sortRows } from './row-sort.ts'
import { layOut } from './upright.ts'
import { readingOrder, visibleColumns } from './column-profile.ts'

/** How many rows are asked for where nothing is written. */
const mostRows = 500

/** `<millrace-table>`: the rows of a feed, live. */
export class MillraceTable extends FeedElement implements Face {
  static override properties = {
    ...FeedElement.properties,
    columns: text,
    sortable: { type: Boolean },
    sort: { state: true },
  }
  declare columns: string
  declare sortable: boolean
  /** What a click on a head asked for; empty: as the feed comes. */
  declare sort: string

  constructor() {
    super()
    this.columns = ''
    this.sortable = false
    this.sort = ''
  }

  protected override query(): FeedQuery {
    return feedQuery(this.feed, this, mostRows, listOf(this.columns))
  }

  #columnsOf({ kind, columns, key }: TableView, rows: readonly Row[]): readonly string[] {
    const wanted = listOf(this.columns)
    if (wanted.length > 0) return wanted
    const shown = visibleColumns(columns, this.hints)
    const visible = kind === 'table' ? readingOrder(shown, key) : shown
    // A key that is composed of others says nothing that they do not.
    return key === '#' && rows.some(row => cellOf(row, key) !== null) && visible.length > 1 ? visible.filter(name => name !== key) : visible
  }

  protected override body(): TemplateResult {
    const { context, shown } = this
    const rows = shown?.rows
    if (context === undefined || shown === undefined || rows === undefined) return html``
    // Of the rows that are here: which rows are asked for is the page's to say.
    const draw = (): TemplateResult => this.#table(context, sortRows(rows, shown.table.key, this.sort), shown.table)
    return html`${guard([context, rows, this.sort, this.columns, this.sortable, this.hints], draw)}`
  }

  #table(context: LiveContext, rows: readonly Row[], table: TableView): TemplateResult {
    const shape = { key: table.key, columns: this.#columnsOf(table, rows), order: table.order }
    const layout = layOut(rows, shape, context.board.now(), context.format, this.hints)
    return html`<millrace-rows
      .context=${context}
      .rows=${layout.rows}
      .columns=${layout.columns}
      .keyColumn=${layout.keyColumn}
      .sort=${layout.sortable ? this.sort : ''}
      .sortable=${layout.sortable && this.sortable}
      .name=${this.feed}
      @sort-request=${(event: CustomEvent<SortRequest>) => (this.sort = nextSort(this.sort, event.detail.column))}
    ></millrace-rows>`
  }
}
