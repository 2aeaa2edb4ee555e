import { html, type TemplateResult } from 'lit'
import type { Tile } from '../model/board.ts'
import type { PageContext } from './page-element.ts'

/** The element that shows a tile. */
export function tileContent(tile: Tile, context: PageContext): TemplateResult {
  const { show, feed, title = feed, where = '', limit, column = '', key = '' } = tile
  const [order, columns] = [tile.order?.join(',') ?? '', tile.columns?.join(',') ?? '']
  const heading = html`<h2 slot="title">${title}</h2>`
  switch (show) {
    case 'table':
      return html`<millrace-table
        class="tile"
        .shared=${context}
        .feed=${feed}
        .where=${where}
        .order=${order}
        .limit=${limit}
        .columns=${columns}
        sortable
        >${heading}</millrace-table
      >`
    case 'chart':
      return html`<millrace-chart
        class="tile"
        .shared=${context}
        .feed=${feed}
        .where=${where}
        .order=${order}
        .limit=${limit}
        .column=${column}
        >${heading}</millrace-chart
      >`
    case 'figure':
      return html`<millrace-value
        class="tile"
        .shared=${context}
        .feed=${feed}
        .where=${where}
        .order=${order}
        .column=${column}
        .key=${key}
        .label=${tile.title ?? ''}
        spark
      ></millrace-value>`
    case 'alerts':
      return html`<millrace-alerts class="tile" .shared=${context} .feed=${feed} .where=${where} .order=${order} .limit=${limit}
        >${heading}</millrace-alerts
      >`
    case 'map':
      return html`<board-map class="tile" .shared=${context} .feed=${feed} .where=${where} .order=${order} .limit=${limit} .column=${column}
        >${heading}</board-map
      >`
    case 'heartbeat':
    default:
      return html`<board-heartbeat
        class="tile"
        .shared=${context}
        .feed=${'$polls'}
        .where=${`source == ${JSON.stringify(feed)}`}
        .source=${feed}
        >${heading}</board-heartbeat
      >`
  }
}
