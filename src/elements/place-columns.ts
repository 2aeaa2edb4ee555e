import { cellOf, type Row } from '../model/row.ts'
import { quantityOf } from './column-kind.ts'

/** The columns that say where a row is, in degrees. */
export interface PlaceColumns {
  readonly latitude: string
  readonly longitude: string
}

const latitudeName = /^(lat|latitude|.*[_.-](lat|latitude))$/i
const longitudeName = /^(lon|lng|long|longitude|.*[_.-](lon|lng|longitude))$/i
const sampleRows = 60

function holdsDegrees(rows: readonly Row[], column: string, most: number): boolean {
  const cells = rows
    .slice(0, sampleRows)
    .map(row => cellOf(row, column))
    .filter(cell => cell !== null)
  return cells.length > 0 && cells.every(cell => Math.abs(quantityOf(cell) ?? Number.NaN) <= most)
}

/** Found by their names and what they hold; undefined: the rows are nowhere. */
export function placeColumns(rows: readonly Row[], columns: readonly string[]): PlaceColumns | undefined {
  const latitude = columns.find(column => latitudeName.test(column) && holdsDegrees(rows, column, 90))
  const longitude = columns.find(column => longitudeName.test(column) && holdsDegrees(rows, column, 180))
  return latitude === undefined || longitude === undefined ? undefined : { latitude, longitude }
}

/** A row as a dot. */
export interface Place {
  readonly row: Row
  readonly latitude: number
  readonly longitude: number
}

export function placesOf(rows: readonly Row[], { latitude, longitude }: PlaceColumns): readonly Place[] {
  return rows.flatMap(row => {
    const [lat, lon] = [quantityOf(cellOf(row, latitude)), quantityOf(cellOf(row, longitude))]
    return lat !== undefined && lon !== undefined ? [{ row, latitude: lat, longitude: lon }] : []
  })
}

/** Where on the canvas a place is, in px, and back. */
export interface Projection {
  readonly point: (longitude: number, latitude: number) => readonly [number, number]
  /** Degrees of latitude a px is high. */
  readonly degreesPerPx: number
}

/** Puts all places into a box with a margin; a degree of longitude is as wide as it is at their latitude. */
export function projectionOf(places: readonly Place[], width: number, height: number, margin: number): Projection {
  const [lats, lons] = [places.map(({ latitude }) => latitude), places.map(({ longitude }) => longitude)]
  const extent = (values: readonly number[]) =>
    values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)] as const, [Infinity, -Infinity] as const)
  const [south, north] = places.length === 0 ? [-60, 75] : extent(lats)
  const [west, east] = places.length === 0 ? [-180, 180] : extent(lons)
  const middle = (south + north) / 2
  const narrowing = Math.max(Math.cos((middle * Math.PI) / 180), 0.05)
  const tall = Math.max(north - south, 0.01)
  const wide = Math.max((east - west) * narrowing, 0.01)
  const scale = Math.min((width - 2 * margin) / wide, (height - 2 * margin) / tall)
  const centre = (west + east) / 2
  return {
    degreesPerPx: 1 / scale,
    point: (longitude, latitude) => [width / 2 + (longitude - centre) * narrowing * scale, height / 2 - (latitude - middle) * scale],
  }
}

/** A round distance between two lines of a grid, in degrees, of about `wantedDegrees`. */
export function gridStep(wantedDegrees: number): number {
  const power = 10 ** Math.floor(Math.log10(wantedDegrees))
  const step = [1, 2, 5, 10].find(factor => factor * power >= wantedDegrees) ?? 10
  return step * power
}
