import type { Feed } from '../feed/feed.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { randomText, type Random } from '../lib/random.ts'
import { Attempts } from './attempts.ts'
import { outageMessage, rowsMessage, type Message } from './message.ts'
import { Heard } from './heard.ts'
import { FeedNews, type News } from './news.ts'
import { DeliveryError } from './post.ts'
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

/** A message that was not taken so far. */
interface Draft {
  readonly subject: Subject
  readonly message: Message
  /** It, or one that it has taken the place of, may have arrived, though nobody said so. */
  readonly mayBeKnown: boolean
}

/**
 * Carries news to one outlet as messages, one after the other: what comes within the group's wait is one, and while one cannot be
 * delivered the others go on gathering. A message is tried, with back-off, until it is taken or refused for good; before each further
 * try it is looked at whether it still holds, and may be told.
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
  readonly #rest = new Map<Feed, readonly News[]>()
  /** What waits for the end of a mute. */
  readonly #parked = new Map<Subject, Draft>()
  #down: ReadonlyMap<string, Outage> = new Map()
  readonly #toldDown = new Map<string, Outage>()
  readonly #heard = new Heard()
  #isCarrying = false
  /** Whose message is under way. */
  #carried: Subject | undefined
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
    const carried = this.#carried === undefined ? [] : [this.#carried]
    const waiting = new Set([...this.#gathering.keys(), ...this.#ready, ...carried]).size
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
    for (const subject of this.#parked.keys()) if (typeof subject === 'string') this.#gather(subject)
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
    this.#parked.delete(feed)
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
    for (let draft = this.#next(); draft !== undefined; draft = this.#next()) {
      this.#carried = draft.subject
      await this.#deliver(draft)
      this.#carried = undefined
    }
    // At once, so that nobody who comes now is passed over.
    this.#isCarrying = false
  }

  /** The next message there is something to tell by. */
  #next(): Draft | undefined {
    for (const subject of this.#ready) {
      this.#ready.delete(subject)
      const draft = this.#nextOf(subject)
      if (draft !== undefined) return draft
    }
    return undefined
  }

  #nextOf(subject: Subject): Draft | undefined {
    const parked = this.#parked.get(subject)
    this.#parked.delete(subject)
    const draft = parked && this.#renew(parked)
    if (draft !== undefined) {
      this.#ready.add(subject)
      return draft
    }
    const message = typeof subject === 'string' ? this.#tellOutage(subject) : this.#tellRows(subject)
    return message && { subject, message, mayBeKnown: false }
  }

  #tellRows(feed: Feed): Message | undefined {
    const news = this.#news.get(feed)
    if (news === undefined) return undefined
    if (this.#deps.isMuted(feed.name)) {
      // Alerts are told when the mute ends, as far as they still hold.
      if (feed.store.kind !== 'alerts') this.#rest.delete(feed)
      news.skip()
      return undefined
    }
    const rest = news.renew(this.#rest.get(feed) ?? [], false)
    const rows = rest.length > 0 ? rest : news.take()
    const further = rows.slice(mostRows)
    if (further.length > 0) this.#rest.set(feed, further)
    else this.#rest.delete(feed)
    // While there is a rest of a feed its further news are not gathered: after the last of it the feed is looked at once more.
    if (rest.length > 0 || further.length > 0) this.#ready.add(feed)
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

  async #deliver(first: Draft): Promise<void> {
    let draft: Draft | undefined = first
    while (draft !== undefined) {
      const { message } = draft
      try {
        await this.#outlet.deliver(message)
        this.#heard.add(message)
        return this.#attempts.succeeded()
      } catch (error) {
        const delayMs = this.#attempts.fail(error)
        if (delayMs === undefined) return this.#heard.add(message)
        if (this.#isClosing) return this.#deps.log.error({ id: message.id }, `not told, as the server stops: ${message.title}`)
        await this.#attempts.wait(delayMs)
        const isUnsent = error instanceof DeliveryError && error.isUnsent
        draft = this.#renew({ ...draft, mayBeKnown: draft.mayBeKnown || !isUnsent })
      }
    }
  }

  /** What a message has come to before it is tried once more; the same one where nothing of it is other. */
  #renew(draft: Draft): Draft | undefined {
    const { subject } = draft
    const message = typeof subject === 'string' ? this.#renewOutage(subject, draft) : this.#renewRows(subject, draft)
    return message && { ...draft, message }
  }

  #renewRows(feed: Feed, draft: Draft): Message | undefined {
    const { message, mayBeKnown } = draft
    const news = this.#news.get(feed)
    if (news === undefined) return undefined
    if (this.#deps.isMuted(feed.name)) {
      if (feed.store.kind === 'alerts') this.#parked.set(feed, draft)
      return undefined
    }
    const rows = news.renew(message.rows, mayBeKnown)
    if (rows.length === message.rows.length && rows.every((row, i) => row === message.rows[i])) return message
    return rows.length === 0 ? undefined : rowsMessage(feed.name, rows, this.#make())
  }

  #renewOutage(name: string, draft: Draft): Message | undefined {
    const { message, mayBeKnown } = draft
    const { outage, status } = message
    const down = this.#down.get(name)
    const said = down ?? outage
    if (said === undefined) return undefined
    if (isHushed(said, this.#deps.isMuted)) {
      this.#parked.set(name, draft)
      return undefined
    }
    const saysDown = status === 'down'
    if (saysDown === (down !== undefined)) return message
    if (mayBeKnown) return this.#tellOutage(name)
    // It was never told, and what was told before is the case again.
    if (saysDown) this.#toldDown.delete(name)
    else if (outage !== undefined) this.#toldDown.set(name, outage)
    return undefined
  }
}
