import { setCell, type Cell, type Row } from '../model/row.ts'
import { DecodeError } from './decode-error.ts'
import { isMembers, type Members } from './path.ts'

/** A document of GeoJSON (RFC 7946) with any number of features. */
export function isFeatureCollection(document: Cell): document is Members & { readonly features: readonly Cell[] } {
  return isMembers(document) && document['type'] === 'FeatureCollection' && Array.isArray(document['features'])
}

function pointOf(geometry: Cell): readonly [lon: number, lat: number] | undefined {
  if (!isMembers(geometry) || geometry['type'] !== 'Point' || !Array.isArray(geometry['coordinates'])) return undefined
  const [lon, lat] = geometry['coordinates'] as readonly Cell[]
  return typeof lon === 'number' && typeof lat === 'number' ? [lon, lat] : undefined
}

/**
 * Its `id`, its properties, `lat` and `lon` of a point, `geometry`; a property called `id` or `geometry` stands in `properties.id`,
 * `properties.geometry`; one called `lat` or `lon` stands as it is, and what the point has in its place is in `geometry` alone.
 */
function featureRow(feature: Cell): Row {
  if (!isMembers(feature)) return { value: feature }
  const { id, geometry = null, properties } = feature
  const row: Record<string, Cell> = id === undefined || id === null ? {} : { id }
  for (const [name, cell] of Object.entries(isMembers(properties) ? properties : {})) {
    const isTaken = name === 'geometry' || (name === 'id' && Object.hasOwn(row, 'id') && row['id'] !== cell)
    setCell(row, isTaken ? `properties.${name}` : name, cell)
  }
  const point = pointOf(geometry)
  for (const [i, name] of ['lon', 'lat'].entries()) if (point !== undefined && !Object.hasOwn(row, name)) row[name] = point[i] ?? null
  row['geometry'] = geometry
  return row
}

/**
 * The features of a document as rows.
 * @throws DecodeError when it is no feature collection
 */
export function featureRows(document: Cell): readonly Row[] {
  if (!isFeatureCollection(document)) throw new DecodeError('decode', 'the JSON is no GeoJSON feature collection')
  return document.features.map(featureRow)
}
