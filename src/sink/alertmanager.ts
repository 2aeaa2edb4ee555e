import { compileExpression, type Expression } from '../expression/expression.ts'
import type { Feed } from '../feed/feed.ts'
import type { Cancel } from '../lib/clock.ts'
import { cellOf, cellText, type Cell, type Row } from '../model/row.ts'
import { Attempts } from './attempts.ts'
import type { SinkDeps } from './courier.ts'
import { FeedNews, type News } from './news.ts'
import { isHushed, type Outage } from './outage.ts'
import { DeliveryError, Poster } from './post.ts'
import type { AlertmanagerOptions } from './sink.options.ts'
import type { SinkFigures, WayOut } from './way-out.ts'

const defaultResendMs = 60_000
/** What was not sent again for so many resends ends there. */
const endsAfterResends = 4
/** How long it is sent that an alert is resolved, in ms: one message may get lost. */
const resolvedForMs = 15 * 60_000
const mostAlerts = 1000

/** An alert as the Alertmanager's API v2 takes it. */
interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
}

/** An alert that is told of. */
interface Told {
  readonly of: { readonly feed: string } | { readonly outage: Outage }
  /** They make it the same alert from message to message, so they stay as they were first. */
  readonly labels: Readonly<Record<string, string>>
  annotations: Readonly<Record<string, string>>
  readonly startsAt: number
  /** ms since 1970; undefined: it fires. */
  endedAt?: number
  /** When it is no longer told that it has ended, ms (monotonic). */
  forgetMono?: number
}

/**
 * Tells an Alertmanager which alerts fire and which are resolved: what changed at once, all of them every resend. What is told is
 * what is the case then, so a message that does not get there is followed by a later one and never queued.
 */
export class Alertmanager implements WayOut {
  readonly #deps: SinkDeps
  readonly #poster: Poster
  readonly #attempts: Attempts
  readonly #labels: ReadonlyMap<string, Expression>
  readonly #resendMs: number
  readonly #news = new Map<Feed, FeedNews>()
  readonly #touched = new Set<Feed>()
  #down: ReadonlyMap<string, Outage> = new Map()
  readonly #told = new Map<string, Told>()
  /** What is to be sent before the next resend. */
  readonly #changed = new Set<string>()
  #timer: Cancel | undefined
  #resend: Cancel | undefined
  #sending: Promise<void> | undefined
  #isClosing = false
  /** It asked to be left alone until then: ms, monotonic. */
  #retryMono = Number.NEGATIVE_INFINITY

  constructor({ url, headers, labels = new Map(), resend }: AlertmanagerOptions, deps: SinkDeps) {
    this.#deps = deps
    this.#poster = new Poster(new URL('api/v2/alerts', url.endsWith('/') ? url : `${url}/`), headers, deps.clock)
    this.#attempts = new Attempts(`alertmanager ${this.#poster.host}`, deps)
    this.#labels = new Map([...labels].map(([name, text]) => [name, compileExpression(text, { origin: 'config' })]))
    this.#resendMs = resend ?? defaultResendMs
  }

  get feeds(): Iterable<Feed> {
    return this.#news.keys()
  }

  get figures(): SinkFigures {
    const { delivered, failed, refused, error } = this.#attempts
    const waiting = this.#touched.size + this.#changed.size
    return {
      kind: 'alertmanager',
      target: this.#poster.host,
      delivered,
      failed,
      refused,
      waiting,
      ...(error === undefined ? {} : { error }),
    }
  }

  follow(feeds: readonly Feed[]): void {
    for (const feed of this.#news.keys()) {
      if (feeds.includes(feed)) continue
      this.#news.delete(feed)
      this.#touched.delete(feed)
      for (const [id, { of }] of this.#told) if ('feed' in of && of.feed === feed.name) this.#end(id, this.#deps.clock.now())
      this.#soon()
    }
    for (const feed of feeds) {
      if (this.#news.has(feed)) continue
      this.#news.set(feed, new FeedNews(feed))
      this.touch(feed)
    }
  }

  touch(feed: Feed): void {
    if (this.#deps.isMuted(feed.name)) return
    this.#touched.add(feed)
    this.#soon()
  }

  outages(now: ReadonlyMap<string, Outage>): void {
    this.#down = now
    this.#soon()
  }

  async close(withinMs: number): Promise<void> {
    this.#isClosing = true
    this.#timer?.()
    this.#resend?.()
    const late = this.#deps.clock.after(withinMs, () => this.#poster.close())
    await this.#sending
    await this.#send(false)
    late()
    this.#poster.close()
  }

  /** What one tick brings is one message. */
  #soon(): void {
    if (this.#isClosing || this.#timer !== undefined) return
    const { clock } = this.#deps
    this.#timer = clock.after(Math.max(0, this.#retryMono - clock.monotonic()), () => {
      this.#timer = undefined
      this.#start(false)
    })
  }

  #start(all: boolean): void {
    if (this.#isClosing) return
    if (this.#sending !== undefined) return void this.#sending.then(() => this.#start(all))
    this.#sending = this.#send(all).finally(() => {
      this.#sending = undefined
    })
  }

  async #send(all: boolean): Promise<void> {
    this.#takeNews()
    this.#takeOutages()
    const hadFailed = this.#attempts.error !== undefined
    const ids = [...(all ? this.#told.keys() : this.#changed)].filter(id => !this.#isMuted(this.#told.get(id)))
    try {
      for (let from = 0; from < ids.length; from += mostAlerts) await this.#post(ids.slice(from, from + mostAlerts))
      this.#forget()
      // What could not be repeated for a while may be about to end there, though it fires.
      if (!all && hadFailed && ids.length > 0 && ids.length < this.#told.size) this.#sendAllIn(0)
      else if (all || this.#resend === undefined) this.#sendAllIn(this.#resendMs)
    } catch (error) {
      const delayMs = this.#attempts.fail(error)
      this.#retryMono = this.#deps.clock.monotonic() + (error instanceof DeliveryError ? (error.retryAfterMs ?? 0) : 0)
      // What was refused is sent again with the next resend: it may have been another alert that was not to its liking.
      this.#sendAllIn(delayMs ?? this.#resendMs)
    }
  }

  /** What was resolved long ago. */
  #forget(): void {
    const mono = this.#deps.clock.monotonic()
    for (const [id, { forgetMono = Infinity }] of this.#told) if (forgetMono <= mono && !this.#changed.has(id)) this.#told.delete(id)
  }

  #sendAllIn(delayMs: number): void {
    this.#resend?.()
    this.#resend = undefined
    if (this.#isClosing || this.#told.size === 0) return
    this.#resend = this.#deps.clock.after(delayMs, () => {
      this.#resend = undefined
      this.#start(true)
    })
  }

  async #post(ids: readonly string[]): Promise<void> {
    const alerts = ids.flatMap(id => this.#told.get(id) ?? []).map(told => this.#posted(told))
    // What changes meanwhile is changed once more.
    for (const id of ids) this.#changed.delete(id)
    try {
      await this.#poster.post(JSON.stringify(alerts), { 'content-type': 'application/json' })
      this.#attempts.succeeded()
    } catch (error) {
      for (const id of ids) if (this.#told.has(id)) this.#changed.add(id)
      throw error
    }
  }

  #posted({ labels, annotations, startsAt, endedAt }: Told): PostedAlert {
    const endsAt = endedAt ?? this.#deps.clock.now() + endsAfterResends * this.#resendMs
    return { labels, annotations, startsAt: instant(startsAt), endsAt: instant(endsAt) }
  }

  #takeNews(): void {
    for (const feed of this.#touched) {
      for (const news of this.#news.get(feed)?.take() ?? []) this.#take(feed, news)
    }
    this.#touched.clear()
  }

  #take(feed: Feed, { key, change, row }: News): void {
    const id = JSON.stringify([feed.name, key])
    const since = cellOf(row, 'since')
    const at = typeof since === 'number' ? since : this.#deps.clock.now()
    if (change === 'resolved') return this.#end(id, at)
    if (change !== 'firing') return
    this.#changed.add(id)
    this.#told.set(id, {
      of: { feed: feed.name },
      labels: this.#labelsOf(feed.name, key, row),
      annotations: annotationsOf(feed.name, key, row),
      startsAt: at,
    })
  }

  #takeOutages(): void {
    for (const [name, outage] of this.#down) {
      const { cause, reason, since, feeds } = outage
      const id = JSON.stringify([name])
      if (this.#told.has(id) && this.#told.get(id)?.endedAt === undefined) continue
      this.#changed.add(id)
      this.#told.set(id, {
        of: { outage },
        labels: { alertname: 'MillraceDown', feed: name },
        annotations: texts({ summary: `${name} is down`, cause: cause ?? null, reason: reason ?? null, stops: feeds.join(', ') }),
        startsAt: since,
      })
    }
    for (const [id, { of }] of this.#told) if ('outage' in of && !this.#down.has(of.outage.subject)) this.#end(id, this.#deps.clock.now())
  }

  #isMuted(told: Told | undefined): boolean {
    if (told === undefined) return true
    return 'feed' in told.of ? this.#deps.isMuted(told.of.feed) : isHushed(told.of.outage, this.#deps.isMuted)
  }

  #end(id: string, at: number): void {
    const told = this.#told.get(id)
    if (told === undefined || told.endedAt !== undefined) return
    told.endedAt = at
    told.forgetMono = this.#deps.clock.monotonic() + resolvedForMs
    this.#changed.add(id)
  }

  #labelsOf(feed: string, key: string, row: Row): Readonly<Record<string, string>> {
    const own: Record<string, Cell> = { alertname: feed, key, severity: cellOf(row, 'severity') }
    const further = [...this.#labels].map(([name, label]) => [name, label.evaluate(row, key)] as const)
    return texts({ ...own, ...Object.fromEntries(further) })
  }
}

function annotationsOf(feed: string, key: string, row: Row): Readonly<Record<string, string>> {
  return texts({ summary: cellOf(row, 'text') ?? `${feed}: ${key}`, value: cellOf(row, 'value') })
}

/** Labels and annotations are texts; one that is empty counts as none. */
function texts(cells: Readonly<Record<string, Cell>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(cells)
      .map(([name, cell]) => [name, cellText(cell)] as const)
      .filter(([, text]) => text !== ''),
  )
}

function instant(ms: number): string {
  return new Date(ms).toISOString()
}
