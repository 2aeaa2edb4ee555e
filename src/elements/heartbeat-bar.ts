import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { LiveElement } from './live-element.ts'
import { barHeight, outcomeWords, pollDetail, pollOutcomes, type PollFacts } from './poll-facts.ts'

const mostBeats = 60
const heights = 8

/**
 * The last polls of a source, the newest at the right: a bar each, as high as it took, its look by what came of it. What is pointed at or
 * focused is told in words below; the keyboard goes through them by arrows, as one stop.
 */
export class HeartbeatBar extends LiveElement {
  static override properties = {
    ...LiveElement.properties,
    polls: { attribute: false },
    name: { attribute: false },
    pointed: { state: true },
    focused: { state: true },
  }
  /** The oldest first. */
  declare polls: readonly PollFacts[]
  declare name: string
  /** The `seq` of the poll under the pointer, or that has the focus. */
  declare pointed: number | undefined
  declare focused: number | undefined

  get #told(): PollFacts | undefined {
    const wanted = this.pointed ?? this.focused
    return this.polls.find(({ seq }) => seq === wanted) ?? this.polls.at(-1)
  }

  #text(poll: PollFacts): string {
    const { board, format } = this.context
    const reason = poll.reason === '' ? '' : `: ${poll.reason}`
    return `${format.time(poll.at, board.now())}, ${outcomeWords[poll.outcome]}, ${pollDetail(poll, format)}${reason}`
  }

  #move = (event: KeyboardEvent): void => {
    // A narrow screen has room for some of them only.
    const beats = [...this.querySelectorAll<HTMLElement>('button.beat')].filter(beat => beat.offsetParent !== null)
    const at = beats.findIndex(beat => beat === event.target)
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: beats.length - 1 }[event.key]
    if (at < 0 || to === undefined) return
    event.preventDefault()
    beats[Math.min(Math.max(to, 0), beats.length - 1)]?.focus()
  }

  #beat(poll: PollFacts, longestMs: number, stop: number | undefined): TemplateResult {
    const { seq, outcome, durationMs } = poll
    return html`<button
      type="button"
      class="beat ${outcome} h-${outcome === 'failed' ? heights : barHeight(durationMs, longestMs, heights)}"
      data-seq=${seq}
      tabindex=${seq === stop ? 0 : -1}
      aria-label=${this.#text(poll)}
      @pointerenter=${() => (this.pointed = seq)}
      @pointerleave=${() => (this.pointed = undefined)}
      @focus=${() => (this.focused = seq)}
      @blur=${() => (this.focused = undefined)}
    ></button>`
  }

  /** What stands below: the poll asked about, else the last one. */
  #detail(): TemplateResult {
    const poll = this.#told
    if (poll === undefined) return html`<p class="beat-detail quiet">Not asked yet.</p>`
    const { board, format } = this.context
    const asked = this.pointed !== undefined || this.focused !== undefined
    return html`<p class="beat-detail">
      <span class="quiet">${asked ? '' : 'last, '}${format.time(poll.at, board.now())}</span>
      <i class="beat-key ${poll.outcome}"></i><b>${outcomeWords[poll.outcome]}</b> <span class="quiet">${pollDetail(poll, format)}</span>
      ${poll.reason === '' ? nothing : html`<span class="reason">${poll.reason}</span>`}
    </p>`
  }

  #legend(): TemplateResult {
    const counts = new Map(pollOutcomes.map(outcome => [outcome, this.polls.filter(poll => poll.outcome === outcome).length]))
    return html`<ul class="beat-legend" aria-label="Of the last ${this.polls.length} polls">
      ${pollOutcomes
        .filter(outcome => (counts.get(outcome) ?? 0) > 0)
        .map(outcome => html`<li><i class="beat-key ${outcome}"></i>${counts.get(outcome)} ${outcomeWords[outcome]}</li>`)}
    </ul>`
  }

  protected override render(): TemplateResult {
    const { polls } = this
    const longestMs = Math.max(...polls.map(({ durationMs }) => durationMs), 1)
    const known = polls.some(({ seq }) => seq === this.focused)
    const stop = known ? this.focused : polls.at(-1)?.seq
    return html`<div class="beats" role="group" aria-label="Last polls of ${this.name}, the newest at the right" @keydown=${this.#move}>
        ${Array.from({ length: Math.max(0, mostBeats - polls.length) }, () => html`<i class="beat none"></i>`)}
        ${repeat(
          polls,
          ({ seq }) => seq,
          poll => this.#beat(poll, longestMs, stop),
        )}
      </div>
      ${this.#detail()} ${this.#legend()}`
  }
}
