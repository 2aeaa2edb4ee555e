import type { Context as HonoContext, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Hub } from '../hub/hub.ts'
import { parseDuration } from '../lib/unit.ts'
import type { Env } from './admission.ts'

/** What is asked of single feeds but their data; `server.ts` fills it in. */
export interface FeedRoutes {
  readonly hub: Hub
  readonly now: () => number
  /** Resolves once a source of the feed that slept has answered, or did not within 5 s; undefined: none slept. */
  readonly awaken: (feed: string) => Promise<void> | undefined
  /** Nothing is told of the feed but to its readers, until then, in ms since 1970; false: there is no such feed. */
  readonly mute: (feed: string, until: number) => boolean
  /** ms since 1970; undefined: it is not muted. */
  readonly mutedUntil: (feed: string) => number | undefined
  /** The numbers of feeds, as a Prometheus scrapes them; `covers`: which feeds there are for who asks. */
  readonly feedMetrics: (covers: (feed: string) => boolean) => string
}

const unstored = { 'Cache-Control': 'no-store' } as const
const maxBodyBytes = 4096

type Context = HonoContext<Env>

/** `feeds/<name>/health` and `metrics/feeds`. */
export function serveFeedRoutes(app: Hono<Env>, routes: FeedRoutes): void {
  app.get('/feeds/:name/health', context => health(context, routes))
  app.get('/metrics/feeds', context => {
    const { grants } = context.var.principal
    const text = routes.feedMetrics(feed => grants.covers(feed))
    return context.body(text, 200, { ...unstored, 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' })
  })
}

/** Muting is for admins alone, as asking a source is. */
export function serveMute(app: Hono<Env>, routes: FeedRoutes): void {
  const path = '/feeds/:name/mute'
  const tooLarge = bodyLimit({ maxSize: maxBodyBytes, onError: context => context.text('the body is too large', 413) })
  app.post(path, tooLarge, async context => {
    if (!mayMute(context)) return context.notFound()
    const now = routes.now()
    const until = untilOf(await context.req.text(), now)
    if (until === undefined) {
      const message = 'expected {"for": "2h"}, or {"until": ..} with a time to come, as text of ISO 8601 or ms since 1970'
      return context.json({ code: 'bad_query', message, retry: false }, 400, unstored)
    }
    return mute(context, routes, until)
  })
  app.delete(path, context => (mayMute(context) ? mute(context, routes, 0) : context.notFound()))
}

function mayMute(context: HonoContext<Env>): boolean {
  const { isAdmin, grants } = context.get('principal')
  return isAdmin && grants.covers(context.req.param('name') ?? '')
}

function mute(context: HonoContext<Env>, routes: FeedRoutes, until: number): Response | Promise<Response> {
  const feed = context.req.param('name') ?? ''
  const wasMuted = routes.mutedUntil(feed) !== undefined
  if (!routes.mute(feed, until)) return context.notFound()
  return context.json({ feed, mutedUntil: until === 0 ? null : until, wasMuted }, 200, unstored)
}

/** Until when, ms since 1970; undefined where the body does not say a time to come. */
function untilOf(body: string, now: number): number | undefined {
  let asked: unknown
  try {
    asked = JSON.parse(body)
  } catch {
    return undefined
  }
  if (typeof asked !== 'object' || asked === null) return undefined
  const until = 'until' in asked ? instantOf(asked.until) : undefined
  const forMs = 'for' in asked && typeof asked.for === 'string' ? parseDuration(asked.for) : undefined
  const found = until ?? (forMs === undefined ? undefined : now + forMs)
  return found !== undefined && found > now ? found : undefined
}

function instantOf(value: unknown): number | undefined {
  const at = typeof value === 'string' ? Date.parse(value) : value
  return typeof at === 'number' && Number.isFinite(at) ? at : undefined
}

/** 200 while what the feed shows can be believed, 503 with the cause while it cannot; who asks is a reader until the linger ends. */
async function health(context: Context, { hub, awaken }: FeedRoutes): Promise<Response> {
  const name = context.req.param('name') ?? ''
  const { asker } = context.var
  if (asker.grants.covers(name)) await awaken(name)
  const { state, cause, reason, since, validatedAt, asOf, next } = await hub.freshnessOf(name, asker)
  const isHealthy = state === 'fresh' || state === 'degraded'
  return context.json({ feed: name, state, cause, reason, since, validatedAt, asOf, next }, isHealthy ? 200 : 503, unstored)
}
