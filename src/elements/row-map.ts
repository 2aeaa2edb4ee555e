import { html, type PropertyValues, type TemplateResult } from 'lit'
import { cellOf, type Row } from '../model/row.ts'
import type { Cancel } from '../lib/clock.ts'
import { quantityOf } from './column-kind.ts'
import { labelColumn, profileColumns, rowLabel, showValue, type ColumnProfile } from './column-profile.ts'
import { LiveElement } from './live-element.ts'
import { gridStep, placeColumns, placesOf, projectionOf, type Place, type PlaceColumns, type Projection } from './place-columns.ts'
import { keyOfRow } from './row-lines.ts'

const marginPx = 22
const [leastRadius, mostRadius] = [2.5, 7]
/** So near, in px, a dot is pointed at. */
const reachPx = 14
const gridPx = 110

interface Dot extends Place {
  readonly key: string
  readonly x: number
  readonly y: number
  readonly radius: number
}

/** What a line of the grid is called, and where that is written. */
interface GridName {
  readonly text: string
  readonly x: number
  readonly y: number
}

/** Rows as dots where they are, as large as one of their numbers; no tiles, as nothing is asked of other servers. */
export class RowMap extends LiveElement {
  static override properties = {
    ...LiveElement.properties,
    rows: { attribute: false },
    columns: { attribute: false },
    keyColumn: { attribute: false },
    measure: { attribute: false },
    name: { attribute: false },
    pointed: { state: true },
  }
  declare rows: readonly Row[]
  declare columns: readonly string[]
  declare keyColumn: string
  /** The column that the size of a dot stands for. */
  declare measure: string | undefined
  declare name: string
  /** Key of the row that is pointed at. */
  declare pointed: string | undefined
  #dots: readonly Dot[] = []
  #profiles: readonly ColumnProfile[] = []
  #columns: PlaceColumns | undefined
  #places: readonly Place[] = []
  /** What the map is around: of those that were last there. */
  #around: readonly Place[] = []
  #drawnColour = ''

  protected override listen(): readonly Cancel[] {
    const size = new ResizeObserver(() => this.#draw())
    size.observe(this)
    // What decides between light and dark may be anything of the page it stands in.
    const restyle = (): void => {
      if (this.#colour('text') !== this.#drawnColour) this.#draw()
    }
    return [this.context.pulse.on(restyle), () => size.disconnect()]
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('rows') && !changed.has('columns')) return
    this.#profiles = profileColumns(this.columns, this.rows, this.#profiles, this.context.hints.of(this.name))
    this.#columns = placeColumns(this.rows, this.columns) ?? this.#columns
    this.#places = this.#columns === undefined ? [] : placesOf(this.rows, this.#columns)
    if (this.#places.length > 0) this.#around = this.#places
  }

  protected override updated(): void {
    this.#draw()
  }

  #colour(name: string): string {
    const probe = this.querySelector(`.probe-${name}`)
    return probe === null ? 'gray' : getComputedStyle(probe).color
  }

  /** The radius of a row's dot: its area is in proportion to what the number is above the least. */
  #sizer(): (row: Row) => number {
    const column = this.measure
    const values = column === undefined ? [] : this.rows.map(row => quantityOf(cellOf(row, column))).filter(value => value !== undefined)
    const [least, most] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)] as const, [
      Infinity,
      -Infinity,
    ] as const)
    if (column === undefined || !(most > least)) return () => 4
    return row => {
      const share = ((quantityOf(cellOf(row, column)) ?? least) - least) / (most - least)
      return leastRadius + (mostRadius - leastRadius) * Math.sqrt(share)
    }
  }

  #draw(): void {
    const canvas = this.querySelector('canvas')
    const { clientWidth: width = 0, clientHeight: height = 0 } = canvas ?? {}
    const pen = canvas?.getContext('2d')
    if (canvas === null || pen === null || pen === undefined || width === 0) return
    this.#drawnColour = this.#colour('text')
    const ratio = devicePixelRatio
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio)
      canvas.height = Math.round(height * ratio)
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    pen.clearRect(0, 0, width, height)
    const projection = projectionOf(this.#around, width, height, marginPx)
    const names = this.#drawGrid(pen, projection, width, height)
    const radiusOf = this.#sizer()
    this.#dots = this.#places.map(place => {
      const [x, y] = projection.point(place.longitude, place.latitude)
      return { ...place, key: keyOfRow(place.row, this.keyColumn), x, y, radius: radiusOf(place.row) }
    })
    this.#drawDots(pen)
    this.#drawNames(pen, names)
  }

  /** Lines at round degrees. @returns their names, which are all there is to say where this is: they go above the dots */
  #drawGrid(pen: CanvasRenderingContext2D, { point, degreesPerPx }: Projection, width: number, height: number): readonly GridName[] {
    const names: GridName[] = []
    const step = gridStep(degreesPerPx * gridPx)
    const digits = Math.max(0, -Math.floor(Math.log10(step)))
    const [centreX, centreY] = point(0, 0)
    const perDegreeX = point(1, 0)[0] - centreX
    const perDegreeY = centreY - point(0, 1)[1]
    pen.strokeStyle = this.#colour('grid')
    pen.lineWidth = 1
    const name = (degrees: number, positive: string, negative: string) =>
      `${Math.abs(degrees).toFixed(digits)}° ${degrees === 0 ? '' : degrees > 0 ? positive : negative}`.trim()
    for (
      let lon = Math.ceil(Math.max(-centreX / perDegreeX, -180) / step) * step;
      lon <= 180 && centreX + lon * perDegreeX < width;
      lon += step
    ) {
      const x = centreX + lon * perDegreeX
      stroke(pen, x, 0, x, height)
      names.push({ text: name(lon, 'E', 'W'), x: x + 4, y: height - 6 })
    }
    for (
      let lat = Math.ceil(Math.max((centreY - height) / perDegreeY, -90) / step) * step;
      lat <= 90 && centreY - lat * perDegreeY > 0;
      lat += step
    ) {
      const y = centreY - lat * perDegreeY
      stroke(pen, 0, y, width, y)
      names.push({ text: name(lat, 'N', 'S'), x: 6, y: y - 5 })
    }
    return names
  }

  #drawNames(pen: CanvasRenderingContext2D, names: readonly GridName[]): void {
    pen.font = '11px system-ui, sans-serif'
    pen.fillStyle = this.#colour('text')
    pen.strokeStyle = this.#colour('surface')
    pen.lineWidth = 3
    pen.lineJoin = 'round'
    for (const { text, x, y } of names) {
      pen.strokeText(text, x, y)
      pen.fillText(text, x, y)
    }
  }

  #drawDots(pen: CanvasRenderingContext2D): void {
    const colour = this.#colour('line-1')
    const chosen = this.#dots.find(({ key }) => key === this.pointed)
    pen.fillStyle = colour
    pen.globalAlpha = 0.72
    for (const { x, y, radius } of this.#dots) disc(pen, x, y, radius)
    pen.globalAlpha = 1
    if (chosen === undefined) return
    pen.strokeStyle = this.#colour('text')
    pen.lineWidth = 2
    pen.beginPath()
    pen.arc(chosen.x, chosen.y, chosen.radius + 3, 0, 2 * Math.PI)
    pen.stroke()
  }

  #point = (event: PointerEvent): void => {
    const { offsetX: x, offsetY: y } = event
    const [nearest] = this.#dots
      .map(dot => ({ dot, distance: Math.hypot(dot.x - x, dot.y - y) }))
      .filter(({ distance }) => distance < reachPx)
      .toSorted((a, b) => a.distance - b.distance)
    this.pointed = nearest?.dot.key
  }

  /** The row that is pointed at, in words. */
  #told(): TemplateResult {
    const { board, format } = this.context
    const row = this.#dots.find(({ key }) => key === this.pointed)?.row
    if (row === undefined || this.pointed === undefined)
      return html`<span class="quiet"
        >${format.number(this.#places.length)}
        places${this.measure === undefined ? '' : `, sized by ${this.#profiles.find(({ name }) => name === this.measure)?.label ?? this.measure}`}</span
      >`
    const label = labelColumn(this.#profiles, this.keyColumn)
    const shown = this.#profiles.filter(({ name, kind, hidden }) => name !== label && kind !== 'json' && !hidden).slice(0, 6)
    return html`<b>${rowLabel(row, label, this.pointed)}</b>
      <span class="quiet"
        >${shown.map(profile => `${profile.label} ${showValue(cellOf(row, profile.name), profile, board.now(), format)}`).join(' · ')}</span
      >`
  }

  protected override render(): TemplateResult {
    if (this.#columns === undefined) return html`<p class="empty">These rows have no latitude and longitude.</p>`
    return html`<canvas
        role="img"
        aria-label="Map of ${this.name}: ${this.context.format.number(this.#places.length)} places"
        @pointermove=${this.#point}
        @pointerdown=${this.#point}
        @pointerleave=${() => (this.pointed = undefined)}
      ></canvas>
      <span class="probe-text" hidden></span><span class="probe-grid" hidden></span><span class="probe-surface" hidden></span
      ><span class="probe-line-1" hidden></span>
      <p class="map-detail">${this.#told()}</p>`
  }
}

function stroke(pen: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  pen.beginPath()
  pen.moveTo(x1, y1)
  pen.lineTo(x2, y2)
  pen.stroke()
}

function disc(pen: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  pen.beginPath()
  pen.arc(x, y, radius, 0, 2 * Math.PI)
  pen.fill()
}
