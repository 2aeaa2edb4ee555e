import { cellOf, cellText, type Cell, type Row } from '../model/row.ts'
import type { Change, News } from './news.ts'
import type { Outage } from './outage.ts'

/** What a receiver is told at once: rows of one feed, or an outage of what feeds are computed from. */
export interface Message {
  /** The same at each try, so that a receiver can tell what it has had. */
  readonly id: string
  /** When it was made, ms since 1970 UTC. */
  readonly at: number
  /** Of an outage the source, which is a feed of its own name. */
  readonly feed: string
  /** firing: at least one alert is; up: after down. */
  readonly status: 'firing' | 'resolved' | 'changed' | 'down' | 'up'
  /** One line for people. */
  readonly title: string
  /** A line for each row, at most 20. */
  readonly text: string
  readonly rows: readonly News[]
  readonly outage?: Outage
}

const mostLines = 20

const order: readonly Change[] = ['firing', 'resolved', 'appeared', 'changed', 'left']

/** `3 firing, 1 resolved` */
function counted(rows: readonly News[]): string {
  const counts = order.map(change => ({ change, count: rows.filter(row => row.change === change).length }))
  return counts
    .filter(({ count }) => count > 0)
    .map(({ change, count }) => `${count} ${change}`)
    .join(', ')
}

/** What is said of a row: its `text`, or its `value`, where it has one. */
function line({ key, change, row }: News): string {
  const said = cellOf(row, 'text') ?? cellOf(row, 'value')
  const subject = key === '' ? change : `${change} ${key}`
  return said === null ? subject : `${subject}: ${cellText(said)}`
}

function lines(rows: readonly News[]): string {
  const shown = rows.slice(0, mostLines).map(line)
  const more = rows.length - shown.length
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('\n')
}

function statusOf(rows: readonly News[]): Message['status'] {
  if (rows.some(({ change }) => change === 'firing')) return 'firing'
  return rows.some(({ change }) => change === 'resolved') ? 'resolved' : 'changed'
}

/** `made`: id and instant. */
export function rowsMessage(feed: string, rows: readonly News[], made: Pick<Message, 'id' | 'at'>): Message {
  return { ...made, feed, status: statusOf(rows), title: `${feed}: ${counted(rows)}`, text: lines(rows), rows }
}

export function outageMessage(outage: Outage, isDown: boolean, made: Pick<Message, 'id' | 'at'>): Message {
  const { subject, isSource, reason, feeds } = outage
  const what = `${isSource ? 'source' : 'feed'} '${subject}'`
  const title = isDown ? `${what} is down${reason === undefined ? '' : `: ${reason}`}` : `${what} is up again`
  const own = isDown ? 'its steps fail, not its sources' : 'its steps work again'
  const text = isSource ? `feeds that read it: ${feeds.join(', ')}` : own
  return { ...made, feed: subject, status: isDown ? 'down' : 'up', title, text, rows: [], outage }
}

/** The message as templates and receivers see it: the columns `messageColumns`. */
export function messageRow({ id, at, feed, status, title, text, rows, outage }: Message): Row {
  const told: Cell = rows.map(({ key, change, row }) => ({ key, change, row }))
  const { cause, reason, since } = outage ?? {}
  return {
    id,
    at,
    feed,
    status,
    title,
    text,
    count: rows.length,
    rows: told,
    cause: cause ?? null,
    reason: reason ?? null,
    since: since ?? null,
  }
}
