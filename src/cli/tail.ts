import { connect, MillraceError } from '../client-node.ts'
import type { Change, Feed, FeedFreshness, Millrace } from '../client/face.ts'
import { webSocketUrl } from '../client/server-url.ts'
import { systemClock } from '../lib/clock.ts'
import { forTerminal, jsonForTerminal } from '../lib/safe-text.ts'
import { noHints } from '../model/hint.ts'
import { cellOf } from '../model/row.ts'
import { WebSocket } from 'ws'
import { absentOn } from './tail-columns.ts'
import { hintsOf, prettyLines } from './tail-lines.ts'
import { tokenHint, tokenSource, unauthorized, type TokenOptions } from './token-source.ts'

export interface TailOptions extends TokenOptions {
  readonly url: string
  readonly json?: boolean
  readonly raw?: boolean
  readonly status?: boolean
  readonly limit?: number
}

/** `millrace tail <feed>`: data on stdout, everything else on stderr; reconnects by itself; Ctrl-C ends it with 0. */
export async function tailFeed(feed: string, options: TailOptions): Promise<void> {
  process.once('SIGINT', () => process.exit(0))
  const token = tokenSource(options)
  if (token === undefined) return
  if (options.raw === true) return tailFrames(feed, options, token())
  const clock = systemClock()
  const millrace = connect(options.url, { token, clock })
  let isEnding = false
  let said = ''
  millrace.onState(({ phase, reason, code }) => {
    if (isEnding) return
    if (phase === 'open') said = ''
    if (phase !== 'disconnected' && phase !== 'refused' && phase !== 'closed') return
    // The token is read anew at once; what comes of that is said.
    if (phase === 'disconnected' && code === unauthorized) return
    // Each try fails anew; what is the same is said once.
    const line = `${phase}, ${webSocketUrl(options.url)}${reason === undefined ? '' : `: ${forTerminal(reason)}`}`
    if (line !== said) process.stderr.write(`${line}${phase === 'closed' ? '' : '; tried again until it answers'}\n`)
    said = line
    if (phase === 'closed' && code === unauthorized) process.stderr.write(`${tokenHint}\n`)
  })
  const followed = millrace.feed(feed)
  followed.onError(error => {
    process.stderr.write(`${forTerminal(error.message)}\n`)
    if (!error.retry) process.exit(1)
  })
  if (options.status === true) {
    followed.onFreshness(freshness => process.stderr.write(`${statusLine(freshness)}\n`))
    tellWhy(millrace, feed)
  } else tellDown(followed)
  // Asked for before the feed, so that they are there when its rows come.
  const hints = options.json === true ? Promise.resolve(noHints) : hintsOf(millrace, feed)
  let print: ((change: Change) => string) | undefined
  let left = options.limit ?? Number.POSITIVE_INFINITY
  try {
    for await (const change of followed.changes()) {
      if (print === undefined) for (const line of await absentOn(millrace, feed)) process.stderr.write(`${forTerminal(line)}\n`)
      print ??=
        options.json === true
          ? jsonLines
          : prettyLines(
              () => followed.table.key,
              await hints,
              () => clock.now(),
            )
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

/** Why nothing is shown, where the feed is down before any of its rows has come: each cause once. */
function tellDown(followed: Feed): void {
  let told = ''
  followed.onFreshness(freshness => {
    if (freshness.state !== 'down' || freshness.cause === told || followed.rows !== undefined) return
    process.stderr.write(`${statusLine(freshness)}\n`)
    told = freshness.cause ?? ''
  })
}

/** Why its source is asked when it is, where it is a source: one line whenever there is another reason. */
function tellWhy(millrace: Millrace, feed: string): void {
  const [name = ''] = feed.split('?', 1)
  let told = ''
  millrace.feed('$sources', { where: `source == ${JSON.stringify(name)}`, fields: ['why'] }).subscribe(([row]) => {
    const why = row === undefined ? undefined : cellOf(row, 'why')
    if (typeof why !== 'string') return
    const [reason = ''] = why.split(':', 1)
    // While it is being asked there is no next poll yet, and no policy that has its time.
    if (reason !== told) process.stderr.write(`${why.includes(':') ? 'asked next by ' : ''}${forTerminal(why)}\n`)
    told = reason
  })
}

function jsonLines(change: Change): string {
  const { type, set, del, epoch, version, tick, at } = change
  return `${jsonForTerminal(JSON.stringify({ type, epoch, version, tick, at, set: Object.fromEntries(set), del }))}\n`
}

function statusLine({ state, cause, reason }: FeedFreshness): string {
  return `${state}${cause === undefined ? '' : ` (${cause})`}${reason === undefined ? '' : `: ${forTerminal(reason)}`}`
}

/** The frames as they come, one a line; ends when the server closes. */
async function tailFrames(feed: string, options: TailOptions, token: string | undefined): Promise<void> {
  const socket = new WebSocket(webSocketUrl(options.url), { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } })
  let left = options.limit ?? Number.POSITIVE_INFINITY
  socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', feed })))
  socket.on('message', (data: Buffer) => {
    if (left-- <= 0) return
    process.stdout.write(`${jsonForTerminal(data.toString('utf8'))}\n`)
    if (left <= 0) socket.close(1000)
  })
  await new Promise<void>(resolve => {
    socket.on('close', (code, reason) => {
      if (code !== 1000 && code !== 1005) process.stderr.write(`closed ${code} ${forTerminal(reason.toString('utf8'))}\n`)
      process.exitCode = code === 1000 || code === 1005 ? 0 : 1
      resolve()
    })
    socket.on('error', error => process.stderr.write(`${error.message}\n`))
  })
}
