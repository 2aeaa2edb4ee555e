import { existsSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono, type Context as HonoContext, type Next } from 'hono'
import { cors } from 'hono/cors'
import { etag } from 'hono/etag'
import { secureHeaders } from 'hono/secure-headers'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Registry } from 'prom-client'
import { nothing } from '../hub/principal.ts'
import type { Shedding } from '../hub/overload.ts'
import type { View } from '../hub/view.ts'
import type { Logger } from '../lib/log.ts'
import { randomText, type Random } from '../lib/random.ts'
import { MillraceError, type ErrorCode } from '../model/errors.ts'
import type { Board } from '../model/board.ts'
import type { Freshness } from '../model/freshness.ts'
import type { Position } from '../model/position.ts'
import { paramPrefix } from '../protocol/address.ts'
import { admit, filePaths, type Admission, type Env } from './admission.ts'
import { Askers } from './askers.ts'
import { columnHint } from './column-hint.ts'
import { serveFeedRoutes, serveMute, type FeedRoutes } from './feed-routes.ts'

type Context = HonoContext<Env>

/** What `/health` tells; `server.ts` fills it in. */
export interface Health {
  readonly version: string
  readonly uptimeMs: number
  /** What the server does less of because its event loop runs late. */
  readonly shedding: Shedding
  /** When the config was last read and found good, ms since 1970; `error`: why a later one is not in force. */
  readonly config: { readonly loadedAt: number; readonly error?: string }
  /** Sources that are not fresh, though somebody wants them. */
  readonly failing: readonly ({ readonly source: string } & Pick<Freshness, 'state' | 'cause' | 'reason' | 'since'>)[]
}

export interface HttpOptions extends FeedRoutes {
  /** Undefined: nobody is asked for a token. */
  readonly admission?: Admission | undefined
  /** Asks a source now; tells when and why, or undefined where there is none. */
  readonly poll: (source: string) => { readonly next: number | undefined; readonly why: string } | undefined
  /** The folder of the built page; without its index.html the page is told to be absent. */
  readonly pageFolder: string
  /** Pages of other origins that may read the feeds, and frame the page. */
  readonly origins: readonly string[]
  /** Whose a request is: behind a trusted proxy, not the proxy's. */
  readonly addressOf: (request: IncomingMessage) => string
  readonly registry: Registry
  /** Those of the config in force. */
  readonly boards: () => readonly Board[]
  readonly health: () => Health
  /** From listening to SIGTERM. */
  readonly isReady: () => boolean
  readonly random: Random
  readonly log: Logger
  /** Told of every limit met, by its key. */
  readonly limited: (key: string) => void
  /** The path of the WebSocket, relative to the server's root. */
  readonly webSocketPath: string
}

/** Of what is true at this moment only. */
const unstored = { 'Cache-Control': 'no-store' } as const

const statusOf: Readonly<Partial<Record<ErrorCode, ContentfulStatusCode>>> = {
  bad_query: 400,
  not_found: 404,
  too_many: 503,
  unavailable: 503,
  rate_limited: 429,
}

/** All of the server's pages and answers. Every URL in them is relative, so that a proxy may serve all of it under a prefix. */
export function createApp(options: HttpOptions): Hono<Env> {
  const app = new Hono<Env>()
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'self'", ...options.origins],
      },
      // It would stand against frame-ancestors, which says the same and more.
      xFrameOptions: options.origins.length === 0,
      // Whether the name is served by https is known to the proxy alone.
      strictTransportSecurity: false,
      crossOriginResourcePolicy: 'same-origin',
    }),
  )
  if (options.origins.length > 0)
    app.use(
      cors({
        origin: [...options.origins],
        allowMethods: options.admission === undefined ? ['GET', 'HEAD'] : ['GET', 'HEAD', 'POST', 'DELETE'],
        allowHeaders: ['Authorization', 'If-None-Match'],
      }),
    )
  const open = new Set([...filePaths(options.pageFolder), '/health', '/ready', options.webSocketPath])
  app.use(admit(options.admission, new Askers(options.addressOf), open))
  serveActions(app, options)
  serveMute(app, options)
  app.use(async (context, next) => {
    if (context.req.method === 'GET' || context.req.method === 'HEAD') return next()
    return context.text('only GET and HEAD are served here', 405, { Allow: 'GET, HEAD' })
  })
  app.get('/feeds', context =>
    context.json({ feeds: options.hub.list(context.req.query('own') !== undefined, context.var.principal.grants) }, 200, unstored),
  )
  app.get('/feeds/:name', context => snapshot(context, options))
  serveFeedRoutes(app, options)
  app.get('/boards', context => context.json({ boards: boardsFor(context, options.boards()) }, 200, unstored))
  app.get('/health', context => context.json(health(context, options.health()), 200, unstored))
  app.get('/ready', context => (options.isReady() ? context.text('ready', 200, unstored) : context.text('stopping', 503, unstored)))
  app.get('/metrics', async context => {
    // They name every source and feed, as those two do.
    const { grants } = context.var.principal
    if (!grants.covers('$sources') || !grants.covers('$feeds')) return context.notFound()
    return context.body(await options.registry.metrics(), 200, { ...unstored, 'Content-Type': options.registry.contentType })
  })
  app.get(options.webSocketPath, context =>
    context.text('this is a WebSocket: upgrade', 426, { Upgrade: 'websocket', Connection: 'Upgrade' }),
  )
  servePage(app, options.pageFolder)
  app.notFound(context => context.text('not found', 404, unstored))
  app.onError((error, context) => refusal(context, error, options))
  return app
}

/** What changes something, or gives something away. */
function serveActions(app: Hono<Env>, { admission, poll }: HttpOptions): void {
  if (admission !== undefined)
    app.all('/ticket', context => {
      if (context.req.method !== 'POST') return context.text('only POST is served here', 405, { Allow: 'POST' })
      return context.json(admission.issueTicket(context.var.principal), 200, unstored)
    })
  app.post('/sources/:name/poll', context => {
    const name = context.req.param('name')
    const { isAdmin, grants } = context.var.principal
    const asked = isAdmin && grants.covers(name) ? poll(name) : undefined
    return asked === undefined ? context.notFound() : context.json({ source: name, ...asked }, 202, unstored)
  })
}

/** A board names feeds: each of its tiles is for those who may read its feed. */
function boardsFor(context: Context, boards: readonly Board[]): readonly Board[] {
  const { grants } = context.var.principal
  return boards
    .map(board => ({ ...board, tiles: board.tiles.filter(({ feed }) => grants.covers(feed)) }))
    .filter(({ tiles }) => tiles.length > 0)
}

/** Names, and reasons, which may hold some, are for those whose feeds they are. */
function health(context: Context, { failing, config, ...rest }: Health): object {
  const { grants } = context.get('principal') ?? { grants: nothing }
  const { error, ...loaded } = config
  const told = failing.map(({ source, reason, ...fault }) =>
    grants.covers(source) ? { source, ...fault, ...(reason === undefined ? {} : { reason }) } : fault,
  )
  const why = error === undefined ? {} : { error: grants.covers('$sources') ? error : 'a config that was read later is not in force' }
  return { status: 'ok', ...rest, config: { ...loaded, ...why }, failing: told }
}

function servePage(app: Hono<Env>, folder: string): void {
  if (existsSync(join(folder, 'index.html'))) app.get('*', cacheByName, etag(), serveStatic({ root: folder }))
  else
    app.get('/', context => context.text('The page is not built: npm run build makes it; the feeds are served at feeds all the same.', 503))
}

/** Files with a hash in their name never change; the page itself is asked for anew. */
async function cacheByName(context: Context, next: Next): Promise<void> {
  await next()
  if (!context.res.ok && context.res.status !== 304) return
  const hashed = context.req.path.startsWith('/assets/')
  context.header('Cache-Control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache')
}

async function snapshot(context: Context, options: HttpOptions): Promise<Response> {
  const view = await provenView(context, options)
  const hint = columnHint(view)
  const headersOf = (etag: string): Record<string, string> => ({
    ...freshnessHeaders(view, options.now()),
    ...(hint === undefined ? {} : { 'Millrace-Hint': hint }),
    ETag: etag,
    // Of a reader's own rights nothing is for a cache that others share.
    ...(options.admission === undefined ? { 'Cache-Control': 'no-cache' } : { 'Cache-Control': 'private, no-cache' }),
  })
  const held = etagOf(view.position)
  if (matches(context.req.header('If-None-Match'), held)) return context.body(null, 304, headersOf(held))
  const { frame, position } = await view.frames.whole()
  const headers = { ...headersOf(etagOf(position)), 'Content-Type': 'application/json', 'Content-Length': String(frame.byteLength) }
  return context.body(streamOf(frame), 200, headers)
}

/** What slept is waited for as health does, so that who asks seldom does not see what was there when he last asked. */
async function provenView(context: Context, { hub, awaken }: HttpOptions): Promise<View> {
  const { asker } = context.var
  const [name, address] = [context.req.param('name') ?? '', addressOf(context)]
  // A set of params goes with its last reader: there is none that sleeps, and its source need not be asked.
  const hasParams = Object.keys(context.req.query()).some(key => key.startsWith(paramPrefix))
  const proof = asker.grants.covers(name) && !hasParams ? awaken(name) : undefined
  const view = await hub.get(address, {}, asker)
  if (proof === undefined) return view
  await proof
  return hub.get(address, {}, asker)
}

function etagOf({ epoch, version }: Position): string {
  return `"${epoch}-${version}"`
}

/** Bytes that all who ask share: as a body of their own they would be copied for each, and kept until it is read. */
function streamOf(bytes: Buffer): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes)
      controller.close()
    },
  })
}

/** `feeds/quotes?where=..`: the path and query are the address. */
function addressOf(context: Context): string {
  const query = new URL(context.req.url).search
  return (context.req.param('name') ?? '') + (query === '?' ? '' : query)
}

function freshnessHeaders(view: View, now: number): Record<string, string> {
  const { state, cause, validatedAt } = view.freshness
  const age = validatedAt === undefined ? undefined : Math.max(0, Math.floor((now - validatedAt) / 1000))
  return { 'Millrace-State': cause === undefined ? state : `${state}; cause=${cause}`, ...(age === undefined ? {} : { Age: String(age) }) }
}

/** Weak comparison: a proxy that compresses makes the tag weak. */
function matches(header: string | undefined, etag: string): boolean {
  return header !== undefined && header.split(',').some(tag => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*')
}

function refusal(context: Context, error: Error, options: HttpOptions): Response {
  const { code, message, retry, details } = error instanceof MillraceError ? error : internal(error, options)
  for (const detail of details) if ('limit' in detail) options.limited(detail.limit)
  const headers: Record<string, string> = { ...unstored, ...(retry ? { 'Retry-After': '5' } : {}) }
  return context.json({ code, message, retry, ...(details.length === 0 ? {} : { details }) }, statusOf[code] ?? 500, headers)
}

function internal(error: Error, { random, log }: HttpOptions): MillraceError {
  const id = randomText(random, 8)
  log.error({ id, err: error }, `a request led to a fault (${id})`)
  return new MillraceError('internal', `a fault of the server; its log has it under ${id}`)
}
