import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import uPlot from 'uplot'
import type { Cancel } from '../lib/clock.ts'
import { LiveElement } from './live-element.ts'
import type { ChartData } from './trail.ts'

export interface ChartLine {
  readonly id: string
  readonly label: string
  /** The value now, as text. */
  readonly text: string
}

/** What is drawn: while paused, what was then. */
interface Held {
  readonly lines: readonly ChartLine[]
  /** In s, as uPlot has it. */
  readonly times: readonly number[]
  readonly values: ReadonlyMap<string, readonly (number | null)[]>
  readonly nowMs: number
}

const shortestMs = 30_000
/** A chart that nothing changes is moved on after so long. */
const idleMs = 900
const longestMs = 300_000
/** What is shorter was a click. */
const leastDragPx = 8

/** Lines over the last minutes. The legend is made of buttons, so that keyboards reach it. */
export class FeedChart extends LiveElement {
  static override properties = {
    ...LiveElement.properties,
    trail: { attribute: false },
    lines: { attribute: false },
    name: { attribute: false },
    axisText: { attribute: false },
    whole: { attribute: false },
    paused: { attribute: false },
    zoom: { state: true },
    cursorIndex: { state: true },
    hiddenLines: { state: true },
    isBare: { state: true },
  }
  declare trail: ChartData
  /** All of it is drawn, not the last minutes alone. */
  declare whole: boolean | undefined
  /** It stands still; what comes is drawn once it goes on. */
  declare paused: boolean | undefined
  /** A part of the time axis that was chosen, in s; undefined: it follows the time. */
  declare zoom: readonly [number, number] | undefined
  declare lines: readonly ChartLine[]
  declare name: string
  /** A value of the lines as text. */
  declare axisText: (value: number) => string
  /** The point under the pointer. */
  declare cursorIndex: number | undefined
  declare hiddenLines: ReadonlySet<string>
  /** No line has a value: a frame without one would look as if it were broken. */
  declare isBare: boolean
  #plot: uPlot | undefined
  #held: Held = { lines: [], times: [], values: new Map(), nowMs: 0 }
  #drawnLines = ''
  #drawnAt = Number.NEGATIVE_INFINITY
  #drawnColour = ''

  constructor() {
    super()
    this.hiddenLines = new Set()
    this.isBare = false
  }

  protected override listen(): readonly Cancel[] {
    const size = new ResizeObserver(() => this.#resize())
    size.observe(this)
    return [this.context.pulse.on(() => this.#beat()), () => size.disconnect(), () => this.#destroy()]
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('lines') || changed.has('trail') || changed.has('paused')) this.#hold()
  }

  protected override updated(changed: PropertyValues<this>): void {
    const drawn = JSON.stringify([this.whole, this.#held.lines.map(({ id }) => id), [...this.hiddenLines]])
    if (drawn !== this.#drawnLines) {
      this.#drawnLines = drawn
      this.#redraw()
    } else if (changed.has('lines') || changed.has('trail') || changed.has('paused')) this.#setData()
  }

  get #shown(): readonly ChartLine[] {
    return this.#held.lines.filter(({ id }) => !this.hiddenLines.has(id))
  }

  /** Copies what the trail holds now, as it goes on changing. */
  #hold(): void {
    const { trail, lines } = this
    if (this.paused === true && this.#held.lines.length > 0) return
    this.#held = {
      lines,
      times: trail.times.map(time => time / 1000),
      values: new Map(lines.map(({ id }) => [id, [...trail.line(id)]])),
      nowMs: this.context.clock.now(),
    }
    this.isBare = lines.every(({ id }) => this.#held.values.get(id)?.every(value => value === null) === true)
  }

  get #data(): uPlot.AlignedData {
    const { times, values } = this.#held
    return [times, ...this.#shown.map(({ id }) => values.get(id) ?? [])] as uPlot.AlignedData
  }

  #range(): [number, number] {
    if (this.zoom !== undefined) return [...this.zoom]
    const { times, nowMs } = this.#held
    const [first = 0, last = 0] = [times[0], times.at(-1)]
    if (this.whole === true) return [first, Math.max(last, first + 1)]
    const since = nowMs - (times[0] ?? nowMs / 1000) * 1000
    return [(nowMs - Math.min(Math.max(since, shortestMs), longestMs)) / 1000, nowMs / 1000]
  }

  #beat(): void {
    // What decides between light and dark may be anything of the page it stands in.
    if (this.#plot !== undefined && this.#colour('text') !== this.#drawnColour) this.#redraw()
    // Time goes on where nothing changes; what was just drawn is not drawn again for that.
    else if (this.whole !== true && this.context.clock.monotonic() - this.#drawnAt >= idleMs) {
      this.#hold()
      this.#setData()
    }
  }

  #setData(): void {
    if (this.paused === true) return
    this.#drawnAt = this.context.clock.monotonic()
    this.#plot?.setData(this.#data)
  }

  /** Zooms to what was drawn over with the pointer. */
  #select = (plot: uPlot): void => {
    const { left, width } = plot.select
    if (width < leastDragPx) return
    this.#zoomTo([plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')])
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  }

  #zoomTo(zoom: readonly [number, number] | undefined): void {
    this.zoom = zoom
    // The axis asks for its range again.
    const [min, max] = this.#range()
    this.#plot?.setScale('x', { min, max })
  }

  /** Nearer or further, about the middle: for the keyboard, and for fingers. */
  #scaleBy(factor: number): void {
    const [from, to] = this.#range()
    const [middle, half] = [(from + to) / 2, ((to - from) / 2) * factor]
    this.#zoomTo([middle - half, middle + half])
  }

  #resize(): void {
    const { clientWidth: width = 0, clientHeight: height = 0 } = this.querySelector('.plot') ?? {}
    if (width === 0) return
    if (this.#plot === undefined) this.#redraw()
    else if (width !== this.#plot.width || height !== this.#plot.height) this.#plot.setSize({ width, height })
  }

  #destroy(): void {
    this.#plot?.destroy()
    this.#plot = undefined
    this.#drawnLines = ''
  }

  /** The colour as it is in force now: a canvas knows no custom properties. */
  #colour(name: string): string {
    const probe = this.querySelector(`.probe-${name}`)
    return probe === null ? 'gray' : getComputedStyle(probe).color
  }

  #redraw(): void {
    const place = this.querySelector<HTMLElement>('.plot')
    if (place === null || place.clientWidth === 0) return
    this.#plot?.destroy()
    this.#drawnColour = this.#colour('text')
    this.#plot = new uPlot(this.#options(place.clientWidth, place.clientHeight), this.#data, place)
  }

  #options(width: number, height: number): uPlot.Options {
    const { format } = this.context
    const axis = {
      stroke: this.#colour('text'),
      font: '12px system-ui, sans-serif',
      grid: { stroke: this.#colour('grid'), width: 1 },
      ticks: { show: false },
    }
    const time = new Intl.DateTimeFormat(format.locale, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
    return {
      width,
      height,
      legend: { show: false },
      cursor: {
        y: false,
        points: { size: 7 },
        drag: { x: true, y: false, setScale: false },
        // All charts of the page point at the same time.
        sync: { key: 'time' },
        bind: { dblclick: () => () => (this.#zoomTo(undefined), null) },
      },
      scales: { x: { time: true, range: () => this.#range() } },
      axes: [
        { ...axis, grid: { show: false }, size: 34, space: 90, values: (_, splits) => splits.map(split => time.format(split * 1000)) },
        { ...axis, size: 64, values: (_, splits) => splits.map(split => this.axisText(split)) },
      ],
      hooks: { setCursor: [({ cursor }) => (this.cursorIndex = cursor.idx ?? undefined)], setSelect: [this.#select] },
      series: [{}, ...this.#shown.map(line => this.#series(line))],
    }
  }

  #series({ id, label }: ChartLine): uPlot.Series {
    const stroke = this.#colour(`line-${this.#indexOf(id)}`)
    return { label, stroke, width: 1.75, points: { show: false }, spanGaps: this.whole === true }
  }

  #indexOf(id: string): number {
    return this.#held.lines.findIndex(line => line.id === id) + 1
  }

  /** The value at the pointer while there is one, else the one of now. */
  #valueText({ id, text }: ChartLine): string {
    if (this.cursorIndex === undefined) return text
    const value = this.#held.values.get(id)?.[this.cursorIndex] ?? null
    return value === null ? '–' : this.axisText(value)
  }

  #toggle(id: string): void {
    const hidden = new Set(this.hiddenLines)
    if (!hidden.delete(id)) hidden.add(id)
    this.hiddenLines = hidden
  }

  protected override render(): TemplateResult {
    return html`<div
        class="plot"
        part="plot"
        role="img"
        aria-label="Chart of ${this.name}: ${this.#held.lines.map(({ label }) => label).join(', ')}"
      ></div>
      ${this.isBare ? html`<p class="bare">No current value since this page was opened.</p>` : nothing}
      <span class="probe-text" hidden></span><span class="probe-grid" hidden></span>
      <div class="zoom" role="group" aria-label="Zoom">
        <button
          type="button"
          class="plain"
          aria-label="Nearer"
          title="Nearer; or draw over a part of the chart"
          @click=${() => this.#scaleBy(0.5)}
        >
          +
        </button>
        <button type="button" class="plain" aria-label="Further" title="Further" @click=${() => this.#scaleBy(2)}>−</button>
        ${
          this.zoom === undefined
            ? nothing
            : html`<button type="button" class="plain" title="Or double-click the chart" @click=${() => this.#zoomTo(undefined)}>
                Reset zoom
              </button>`
        }
      </div>
      <ul class="legend" part="legend">
        ${this.#held.lines.map(
          (line, i) =>
            html`<li>
              <button type="button" aria-pressed=${this.hiddenLines.has(line.id) ? 'false' : 'true'} @click=${() => this.#toggle(line.id)}>
                <i class="probe-line-${i + 1}"></i><span class="label">${line.label}</span
                ><span class="value">${this.#valueText(line)}</span>
              </button>
            </li>`,
        )}
      </ul>`
  }
}
