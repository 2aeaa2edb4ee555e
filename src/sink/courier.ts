import type { Feed } from '../feed/feed.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { randomText, type Random } from '../lib/random.ts'
import { Attempts } from './attempts.ts'
import { outageMessage, rowsMessage, type Message } from './message.ts'
import { Heard } from './heard.ts'
import { FeedNews, type News } from './news.ts'
import { isHushed, type Outage } from './outage.ts'
import type { SinkFigures, WayOut } from './way-out.ts'

/** Where messages go. */
export interface Outlet {
  readonly kind: SinkFigures['kind']
  readonly target: string
  /** How long news are gathered before they are one message, in ms. */
  readonly groupWaitMs: number
  /** @throws DeliveryError */
  deliver(message: Message): Promise<void>
  /** Ends what is under way, too. */
  close(): void
}

export interface SinkDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Nothing is told of what is called so, for now. */
  readonly isMuted: (name: string) => boolean
}

/** Further rows are another message. */
const mostRows = 1000

/** A feed whose rows, or the name of what is or was down, of which there is something to tell. */
type Subject = Feed | string

/**
 * Carries news to one outlet as messages, one after the other: what comes within the group's wait is one, and while one cannot be
 * delivered the others go on gathering. A message is tried, with back-off, until it is taken or refused for good.
 */
export class Courier implements WayOut {
  readonly #outlet: Outlet
  readonly #deps: SinkDeps
  readonly #attempts: Attempts
  readonly #ids: string
  #made = 0
  readonly #news = new Map<Feed, FeedNews>()
  readonly #gathering = new Map<Subject, Cancel>()
  readonly #ready = new Set<Subject>()
  /** Rows of a feed beyond those of its last message. */
  readonly #rest = new Map<Feed, News[]>()
  #down: ReadonlyMap<string, Outage> = new Map()
  readonly #toldDown = new Map<string, Outage>()
  readonly #heard = new Heard()
  #isCarrying = false
  #carrying: Promise<void> | undefined
  #isClosing = false

  constructor(outlet: Outlet, deps: SinkDeps) {
    this.#outlet = outlet
    this.#deps = deps
    this.#attempts = new Attempts(`${outlet.kind} ${outlet.target}`.trim(), deps)
    this.#ids = randomText(deps.random, 16)
  }

  get feeds(): Iterable<Feed> {
    return this.#news.keys()
  }

  get figures(): SinkFigures {
    const { kind, target } = this.#outlet
    const { delivered, failed, refused, error } = this.#attempts
    const waiting = this.#gathering.size + this.#ready.size
    return { kind, target, delivered, failed, refused, waiting, ...(error === undefined ? {} : { error }) }
  }

  follow(feeds: readonly Feed[]): void {
    for (const feed of this.#news.keys()) if (!feeds.includes(feed)) this.#forget(feed)
    for (const feed of feeds) {
      if (this.#news.has(feed)) continue
      this.#news.set(feed, new FeedNews(feed))
      this.touch(feed)
    }
  }

  touch(feed: Feed): void {
    const news = this.#news.get(feed)
    if (this.#deps.isMuted(feed.name)) return news?.skip()
    news?.begin()
    this.#gather(feed)
  }

  outages(now: ReadonlyMap<string, Outage>): void {
    this.#down = now
    for (const name of new Set([...now.keys(), ...this.#toldDown.keys()]))
      if (now.has(name) !== this.#toldDown.has(name)) this.#gather(name)
  }

  save(): unknown {
    return this.#heard.save(name => this.#feed(name)?.options.fingerprint)
  }

  restore(saved: unknown): ReadonlyMap<string, Outage> {
    const { firing, down } = this.#heard.restore(saved, name => this.#feed(name)?.options.fingerprint)
    for (const [feed, news] of this.#news) news.resume(firing.get(feed.name) ?? new Map())
    for (const [name, outage] of down) this.#toldDown.set(name, outage)
    return down
  }

  async close(withinMs: number): Promise<void> {
    this.#isClosing = true
    for (const [subject, cancel] of this.#gathering) {
      cancel()
      this.#ready.add(subject)
    }
    this.#gathering.clear()
    this.#attempts.interrupt()
    const late = this.#deps.clock.after(withinMs, () => this.#outlet.close())
    this.#carry()
    await this.#carrying
    late()
    this.#outlet.close()
  }

  #feed(name: string): Feed | undefined {
    return [...this.#news.keys()].find(feed => feed.name === name)
  }

  #forget(feed: Feed): void {
    this.#heard.forget(feed.name)
    this.#news.delete(feed)
    this.#gathering.get(feed)?.()
    this.#gathering.delete(feed)
    this.#ready.delete(feed)
    this.#rest.delete(feed)
  }

  #gather(subject: Subject): void {
    if (this.#isClosing || this.#gathering.has(subject) || this.#ready.has(subject)) return
    const cancel = this.#deps.clock.after(this.#outlet.groupWaitMs, () => {
      this.#gathering.delete(subject)
      this.#ready.add(subject)
      this.#carry()
    })
    this.#gathering.set(subject, cancel)
  }

  #carry(): void {
    if (this.#isCarrying) return
    this.#isCarrying = true
    this.#carrying = this.#carryAll()
  }

  async #carryAll(): Promise<void> {
    for (let message = this.#next(); message !== undefined; message = this.#next()) await this.#deliver(message)
    // At once, so that nobody who comes now is passed over.
    this.#isCarrying = false
  }

  /** The next message there is something to tell by. */
  #next(): Message | undefined {
    for (const subject of this.#ready) {
      // While there is a rest of a feed its further news are not gathered: after the last of it the feed is looked at once more.
      const hadRest = typeof subject !== 'string' && this.#rest.has(subject)
      const message = typeof subject === 'string' ? this.#tellOutage(subject) : this.#tellRows(subject)
      const hasRest = typeof subject !== 'string' && this.#rest.has(subject)
      if (!hadRest && !hasRest) this.#ready.delete(subject)
      if (message !== undefined) return message
    }
    return undefined
  }

  #tellRows(feed: Feed): Message | undefined {
    if (this.#deps.isMuted(feed.name)) {
      this.#rest.delete(feed)
      this.#news.get(feed)?.skip()
      return undefined
    }
    const rows = this.#rest.get(feed) ?? this.#news.get(feed)?.take() ?? []
    const rest = rows.slice(mostRows)
    if (rest.length > 0) this.#rest.set(feed, rest)
    else this.#rest.delete(feed)
    return rows.length === 0 ? undefined : rowsMessage(feed.name, rows.slice(0, mostRows), this.#make())
  }

  #tellOutage(name: string): Message | undefined {
    const [down, told] = [this.#down.get(name), this.#toldDown.get(name)]
    const outage = down ?? told
    // It is looked at again when the mute ends.
    if (outage === undefined || isHushed(outage, this.#deps.isMuted)) return undefined
    if (down !== undefined && told === undefined) {
      this.#toldDown.set(name, down)
      return outageMessage(down, true, this.#make())
    }
    if (down !== undefined || told === undefined) return undefined
    this.#toldDown.delete(name)
    return outageMessage(told, false, this.#make())
  }

  #make(): Pick<Message, 'id' | 'at'> {
    return { id: `${this.#ids}-${++this.#made}`, at: this.#deps.clock.now() }
  }

  async #deliver(message: Message): Promise<void> {
    for (;;) {
      try {
        await this.#outlet.deliver(message)
        this.#heard.add(message)
        return this.#attempts.succeeded()
      } catch (error) {
        const delayMs = this.#attempts.fail(error)
        if (delayMs === undefined) return this.#heard.add(message)
        if (this.#isClosing) return this.#deps.log.error({ id: message.id }, `not told, as the server stops: ${message.title}`)
        await this.#attempts.wait(delayMs)
      }
    }
  }
}
