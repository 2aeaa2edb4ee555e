import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import type { UpdateInfo } from '../client/face.ts'
import type { Cancel } from '../lib/clock.ts'
import type { Row } from '../model/row.ts'
import { knownFreshness } from '../elements/freshness-view.ts'
import { outcomeWords, pollDetail, pollFacts, type PollFacts } from '../elements/poll-facts.ts'
import { Reader } from '../elements/reader.ts'
import { breadcrumb } from './breadcrumb.ts'
import type { SourceFacts } from './own-feeds.ts'
import { PageElement } from './page-element.ts'
import { askNow } from './poll-now.ts'
import { feedHash } from './route.ts'
import { scheduleFacts, sourceFigures } from './source-facts.ts'

const mostPolls = 60

/** One source: how its polls went, when the next is due and why, and what was learned of it. */
export class SourcePage extends PageElement {
  static override properties = {
    ...PageElement.properties,
    name: { attribute: false },
    polls: { state: true },
    error: { state: true },
    asked: { state: true },
  }
  declare name: string
  /** The oldest first; undefined before they are there. */
  declare polls: readonly PollFacts[] | undefined
  declare error: string
  /** What became of "poll now", in words. */
  declare asked: string
  #readers: readonly Reader[] = []

  constructor() {
    super()
    this.error = ''
    this.asked = ''
  }

  protected override listen(): readonly Cancel[] {
    if (this.hasUpdated) this.#open()
    return [this.context.board.onChange(() => this.requestUpdate()), this.context.pulse.on(() => this.requestUpdate()), () => this.#leave()]
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('name')) this.#open()
  }

  #open(): void {
    const { millrace, clock } = this.context
    this.#leave()
    this.polls = undefined
    this.error = ''
    this.asked = ''
    const feed = millrace.feed('$polls', { where: `source == ${JSON.stringify(this.name)}`, limit: mostPolls })
    const onFreshness = (): void => this.requestUpdate()
    const polls = new Reader(feed, clock, {
      lingerMs: 0,
      onFreshness,
      onRows: (rows, info) => this.#take(rows, info),
      onError: ({ message }) => (this.error = message),
    })
    // What somebody looks at is alive. Its rows are not shown; where they are not public, it sleeps on.
    const rows = millrace.feed(this.name, { limit: 1, throttle: 1000 })
    const awake = new Reader(rows, clock, { lingerMs: 0, onFreshness, onRows: onFreshness })
    this.#readers = [polls, awake]
    for (const reader of this.#readers) reader.want()
  }

  #leave(): void {
    for (const reader of this.#readers) reader.leave()
    this.#readers = []
  }

  #take(rows: readonly Row[], { table }: UpdateInfo): void {
    const polls = rows.map(pollFacts)
    this.polls = table.order[0] === '-seq' ? polls.toReversed() : polls
    this.error = ''
  }

  async #pollNow(): Promise<void> {
    this.asked = 'asking'
    this.asked = await askNow(this.name)
  }

  #heartbeat(): TemplateResult {
    const { polls, error } = this
    const body =
      polls === undefined
        ? html`<p class="empty">${error === '' ? 'Waiting for the last polls.' : error}</p>`
        : html`<heartbeat-bar .context=${this.context} .polls=${polls} .name=${this.name}></heartbeat-bar>`
    return html`<section class="panel" aria-label="Heartbeat">
      <header>
        <h2>Heartbeat</h2>
        ${this.context.board.isAdmin ? html`<span role="status" class="quiet">${this.asked}</span> ${this.#pollButton()}` : nothing}
      </header>
      <div class="pad">${body}</div>
    </section>`
  }

  #pollButton(): TemplateResult {
    return html`<button type="button" class="plain" ?disabled=${this.asked === 'asking'} @click=${() => void this.#pollNow()}>
      Poll now
    </button>`
  }

  #recent(): TemplateResult | typeof nothing {
    const { polls, context } = this
    if (polls === undefined || polls.length === 0) return nothing
    const { board, format } = context
    const line = (poll: PollFacts) =>
      html`<tr>
        <td>${format.time(poll.at, board.now())}</td>
        <td><i class="beat-key ${poll.outcome}"></i>${outcomeWords[poll.outcome]}</td>
        <td>${pollDetail(poll, format)}</td>
        <td class="wrap">${poll.reason}</td>
      </tr>`
    return html`<details class="panel">
      <summary><h2>Last ${polls.length} polls as a list</h2></summary>
      <div class="scroll" role="region" aria-label="Last polls" tabindex="0">
        <table class="plain-table">
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Outcome</th>
              <th scope="col">Answer</th>
              <th scope="col">Reason</th>
            </tr>
          </thead>
          <tbody>
            ${polls.toReversed().map(line)}
          </tbody>
        </table>
      </div>
    </details>`
  }

  #unknown(): TemplateResult {
    return html`${breadcrumb(this.name)}
      <section class="panel">
        <p class="empty">There is no source “${this.name}” on this server, or your token does not open it.</p>
      </section>`
  }

  protected override render(): TemplateResult {
    const { board, format } = this.context
    const facts: SourceFacts | undefined = board.sources.get(this.name)
    if (facts === undefined && board.feeds !== undefined) return this.#unknown()
    const known = knownFreshness(facts?.freshness, undefined, board)
    return html`${breadcrumb(this.name, 'source')}
      <header class="feed">
        <h1>${this.name}</h1>
        <freshness-line .context=${this.context} .freshness=${known} .explain=${true}></freshness-line>
        <p class="description">
          ${facts === undefined || facts.origin === '' ? nothing : html`Asked of <code>${facts.origin}</code>. `}<a
            href=${feedHash(this.name)}
            >Its rows</a
          >
        </p>
      </header>
      ${facts === undefined ? nothing : sourceFigures(facts, this.polls ?? [], format)} ${this.#heartbeat()}
      ${facts === undefined ? nothing : scheduleFacts(facts, { nowMs: board.now(), connected: board.connected }, format)} ${this.#recent()}`
  }
}
