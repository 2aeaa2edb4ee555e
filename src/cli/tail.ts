import { connect, MillraceError } from '../client-node.ts'
import type { Change, FeedFreshness, Millrace } from '../client/face.ts'
import { webSocketUrl } from '../client/server-url.ts'
import { cellOf, type Row } from '../model/row.ts'
import { WebSocket } from 'ws'
import { tokenHint, tokenSource, unauthorized, type TokenOptions } from './token-source.ts'

export interface TailOptions extends TokenOptions {
  readonly url: string
  readonly json?: boolean
  readonly raw?: boolean
  readonly status?: boolean
  readonly limit?: number
}

const color = process.stdout.isTTY && process.env['NO_COLOR'] === undefined
const paint = (code: number, text: string): string => (color ? `\u001B[${code}m${text}\u001B[0m` : text)
const [red, green, yellow, dim] = [31, 32, 33, 2]

/** `millrace tail <feed>`: data on stdout, everything else on stderr; reconnects by itself; Ctrl-C ends it with 0. */
export async function tailFeed(feed: string, options: TailOptions): Promise<void> {
  process.once('SIGINT', () => process.exit(0))
  process.stdout.on('error', () => process.exit(0))
  const token = tokenSource(options)
  if (token === undefined) return
  if (options.raw === true) return tailFrames(feed, options, token())
  const millrace = connect(options.url, { token })
  let isEnding = false
  let said = ''
  millrace.onState(({ phase, reason, code }) => {
    if (isEnding) return
    if (phase === 'open') said = ''
    if (phase !== 'disconnected' && phase !== 'refused' && phase !== 'closed') return
    // Each try fails anew; what is the same is said once.
    const line = `${phase}, ${webSocketUrl(options.url)}${reason === undefined ? '' : `: ${printable(reason)}`}`
    if (line !== said) process.stderr.write(`${line}${phase === 'closed' ? '' : '; tried again until it answers'}\n`)
    said = line
    if (phase === 'closed' && code === unauthorized) process.stderr.write(`${tokenHint}\n`)
  })
  const followed = millrace.feed(feed)
  followed.onError(error => {
    process.stderr.write(`${printable(error.message)}\n`)
    if (!error.retry) process.exit(1)
  })
  if (options.status === true) {
    followed.onFreshness(freshness => process.stderr.write(`${statusLine(freshness)}\n`))
    tellWhy(millrace, feed)
  }
  const print = options.json === true ? jsonLines : prettyLines(() => followed.table.key)
  let left = options.limit ?? Number.POSITIVE_INFINITY
  try {
    for await (const change of followed.changes()) {
      process.stdout.write(print(change))
      if (--left <= 0) break
    }
  } catch (error) {
    // The server refused for good; the listeners above have said so.
    if (!(error instanceof MillraceError)) throw error
    process.exitCode = 1
  }
  isEnding = true
  millrace.close()
}

/** Why its source is asked when it is, where it is a source: one line whenever there is another reason. */
function tellWhy(millrace: Millrace, feed: string): void {
  const [name = ''] = feed.split('?', 1)
  let told = ''
  millrace.feed('$sources', { where: `source == ${JSON.stringify(name)}`, fields: ['why'] }).subscribe(([row]) => {
    const why = row === undefined ? undefined : cellOf(row, 'why')
    if (typeof why !== 'string') return
    const [reason = ''] = why.split(':', 1)
    if (reason !== told) process.stderr.write(`asked next by ${printable(why)}\n`)
    told = reason
  })
}

function jsonLines(change: Change): string {
  const { type, set, del, epoch, version, tick, at } = change
  return `${JSON.stringify({ type, epoch, version, tick, at, set: Object.fromEntries(set), del })}\n`
}

/** `+` new, `~` changed, `-` left; of a changed row only the cells that did. */
function prettyLines(keyColumn: () => string): (change: Change) => string {
  const shown = new Map<string, Row>()
  return change => {
    const lines: string[] = []
    if (change.type === 'snapshot') {
      shown.clear()
      lines.push(paint(dim, `snapshot of ${change.set.size} ${change.set.size === 1 ? 'row' : 'rows'}, version ${change.version}`))
    }
    for (const [key, row] of change.set) {
      lines.push(rowLine(key, row, shown.get(key), keyColumn(), change.columns))
      shown.set(key, row)
    }
    for (const key of change.del) {
      shown.delete(key)
      lines.push(paint(red, `- ${printable(key)}`))
    }
    return `${lines.join('\n')}\n`
  }
}

function rowLine(key: string, row: Row, before: Row | undefined, keyColumn: string, columns: readonly string[]): string {
  const changed = columns.filter(
    column =>
      column !== keyColumn && (before === undefined ? cellOf(row, column) !== null : cellOf(row, column) !== cellOf(before, column)),
  )
  const cells = changed.map(column => `${paint(dim, `${printable(column)}=`)}${printable(JSON.stringify(cellOf(row, column)))}`)
  const mark = before === undefined ? paint(green, '+') : paint(yellow, '~')
  return `${mark} ${printable(key)}  ${cells.join('  ')}`
}

/** Names and cells are an upstream's text: control characters must not reach the terminal. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is to be found
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd')
}

function statusLine({ state, cause, reason }: FeedFreshness): string {
  return `${state}${cause === undefined ? '' : ` (${cause})`}${reason === undefined ? '' : `: ${printable(reason)}`}`
}

/** The frames as they come, one a line; ends when the server closes. */
async function tailFrames(feed: string, options: TailOptions, token: string | undefined): Promise<void> {
  const socket = new WebSocket(webSocketUrl(options.url), { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } })
  let left = options.limit ?? Number.POSITIVE_INFINITY
  socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', feed })))
  socket.on('message', (data: Buffer) => {
    if (left-- <= 0) return
    process.stdout.write(`${data.toString('utf8')}\n`)
    if (left <= 0) socket.close(1000)
  })
  await new Promise<void>(resolve => {
    socket.on('close', (code, reason) => {
      if (code !== 1000 && code !== 1005) process.stderr.write(`closed ${code} ${printable(reason.toString('utf8'))}\n`)
      process.exitCode = code === 1000 || code === 1005 ? 0 : 1
      resolve()
    })
    socket.on('error', error => process.stderr.write(`${error.message}\n`))
  })
}
