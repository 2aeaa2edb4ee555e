import { exceeded } from '../decode/decode-error.ts'
import type { Decoded } from '../decode/payload.ts'
import { formatSize } from '../lib/unit.ts'
import type { Deadline } from './deadline.ts'
import { PollError } from './failure.ts'
import type { Fetched } from './fetch.ts'
import { HeldBody } from './held-body.ts'
import { nextPage } from './next-page.ts'
import type { PagesOptions } from './pages.options.ts'

/** One page, decoded once that is asked for. */
export interface Page {
  readonly fetched: Fetched
  readonly decoded: () => Decoded
  /** The URL of the next one; undefined: it is the last. */
  readonly next: string | undefined
}

export interface PagedBodyOptions extends PagesOptions {
  readonly url: string
  /** Of all pages together. */
  readonly maxBodyBytes: number
}

export interface PagedBodyDeps {
  readonly fetch: (url: string, held: HeldBody, deadline: Deadline) => Promise<Fetched>
  readonly decode: (fetched: Fetched) => Decoded
  readonly countRows: (decoded: Decoded) => number
}

interface Held {
  readonly body: HeldBody
  /** What the page that is held leads to. */
  next: string | undefined
}

/** The bodies that a source's table was made of: one, or as many as there are pages. */
export class PagedBody {
  readonly #options: PagedBodyOptions
  readonly #deps: PagedBodyDeps
  readonly #held: Held[] = []
  /** Pages of the answer that was taken last; 0: there was none. */
  #count = 0
  #askingFor = 1

  constructor(options: PagedBodyOptions, deps: PagedBodyDeps) {
    this.#options = options
    this.#deps = deps
  }

  /** The page that was asked for last, from 1. */
  get askingFor(): number {
    return this.#askingFor
  }

  /**
   * All pages of one answer, at least one.
   * @throws PollError `http` where they lead in a circle, DecodeError `too_large` over `maxPages` or `maxBody`, or what a request throws
   */
  async fetch(deadline: Deadline): Promise<readonly [Page, ...Page[]]> {
    const { url } = this.#options
    const first = this.#page(await this.#fetch(url, 0, deadline), 0)
    return first.next === undefined ? [first] : await this.#others(first, first.next, deadline)
  }

  async #others(first: Page, second: string, deadline: Deadline): Promise<readonly [Page, ...Page[]]> {
    const pages: [Page, ...Page[]] = [first]
    const asked = new Set([this.#options.url, first.fetched.url])
    for (let next: string | undefined = second; next !== undefined;) {
      if (asked.has(next)) throw new PollError('http', `pages: page ${pages.length} leads back to one before it`)
      asked.add(next)
      const page = this.#page(await this.#fetch(next, pages.length, deadline), pages.length)
      this.#check(pages, page)
      pages.push(page)
      next = page.next
    }
    return pages
  }

  /** They are what the table was made of. */
  isSame(pages: readonly Page[]): boolean {
    return pages.length === this.#count && pages.every(({ fetched }) => fetched.isSame)
  }

  /** A table was made of them. @returns whether it shows for the first time that validators are frozen */
  hold(pages: readonly Page[]): boolean {
    let isNews = false
    for (const [index, { fetched, next }] of pages.entries()) {
      const held = this.#held[index]
      if (held === undefined) continue
      if (fetched.status !== 304 && held.body.hold(fetched)) isNews = true
      held.next = next
    }
    this.#held.length = this.#count = pages.length
    return isNews
  }

  /** What was answered has to be asked for again in full. */
  forget(): void {
    for (const { body } of this.#held) body.forget()
    this.#count = 0
  }

  #fetch(url: string, index: number, deadline: Deadline): Promise<Fetched> {
    this.#askingFor = index + 1
    return this.#deps.fetch(url, this.#heldAt(index).body, deadline)
  }

  #heldAt(index: number): Held {
    return (this.#held[index] ??= { body: new HeldBody(), next: undefined })
  }

  #page(fetched: Fetched, index: number): Page {
    let made: Decoded | undefined
    const decoded = (): Decoded => (made ??= this.#deps.decode(fetched))
    // Headers tell anew each time; what stands in a body is known while that is the same.
    const isKnown = fetched.isSame && this.#options.pages?.kind !== 'link'
    return { fetched, decoded, next: isKnown ? this.#heldAt(index).next : this.#next(fetched, decoded, index) }
  }

  #next(fetched: Fetched, decoded: () => Decoded, index: number): string | undefined {
    const { pages, url } = this.#options
    if (pages === undefined) return undefined
    const read = { fetched, index, document: () => decoded().document, rows: () => this.#deps.countRows(decoded()) }
    return nextPage(pages, url, read)
  }

  /** What an upstream does that does not know the parameter would go on for ever, and give each row again and again. */
  #check(before: readonly Page[], page: Page): void {
    const { pages, maxPages, maxBodyBytes } = this.#options
    if (before.length >= maxPages) throw exceeded('maxPages', String(maxPages))
    const bytes = [...before, page].reduce((sum, { fetched }) => sum + fetched.body.byteLength, 0)
    if (bytes > maxBodyBytes) throw exceeded('maxBody', formatSize(maxBodyBytes))
    const counts = pages?.kind === 'offset' || pages?.kind === 'page'
    const last = before.at(-1)
    if (counts && last?.fetched.body.equals(page.fetched.body) === true && this.#deps.countRows(page.decoded()) > 0)
      throw new PollError(
        'http',
        `pages: page ${before.length + 1} is the same as the one before: does the upstream know \`${pages.query}\`?`,
      )
  }
}
