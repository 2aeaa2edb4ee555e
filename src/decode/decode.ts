import type { Degradation } from '../model/table.ts'
import { decodeCsv, printLines, printNames, type Csv } from './csv.ts'
import { DecodeError, quotable } from './decode-error.ts'
import { detectFormat, essenceOf } from './detect.ts'
import { featureRows, isFeatureCollection } from './geojson.ts'
import { decodeJson } from './json.ts'
import { decodeNdjson } from './ndjson.ts'
import { matchRows } from './pattern.ts'
import type { Decoded, DecodeOptions, Dialect, Format, Payload, Remark } from './payload.ts'
import { decodePrometheus, isOpenMetrics, type Prometheus } from './prometheus.ts'
import { isInstantVector, vectorRows } from './prometheus-api.ts'
import { isJsonFeed, syndicationRows } from './syndication.ts'
import { decodeText } from './text.ts'
import { decodeXml } from './xml.ts'

/**
 * Makes a document of a payload, by the format that is configured, that an earlier answer had, or that is detected.
 * @param known what an earlier answer of the source told
 * @throws DecodeError
 */
export function decode(payload: Payload, options: DecodeOptions, known?: Dialect): Decoded {
  const text = decodeText(payload.body, payload.mediaType, options.charset)
  const task: Task = { text, mediaType: payload.mediaType, options, known }
  if (options.format !== undefined) return decodeAs(options.format, task)
  if (options.pattern !== undefined) return decodeAs('text', task)
  const found = known?.format ?? detectFormat(text, payload.mediaType)
  // Where rows are configured, a document stays as it is, so that the path leads somewhere.
  return decodeAs(options.rows === undefined ? found : plainFormat(found, text), task)
}

function plainFormat(format: Format, text: string): Format {
  if (format === 'syndication') return isJsonText(text) ? 'json' : 'xml'
  return format === 'geojson' ? 'json' : format
}

function isJsonText(text: string): boolean {
  return text.trimStart().startsWith('{')
}

/** One payload to read. */
interface Task {
  readonly text: string
  readonly mediaType: string
  readonly options: DecodeOptions
  readonly known: Dialect | undefined
}

function decodeAs(format: Format, task: Task): Decoded {
  const { text, mediaType, options } = task
  switch (format) {
    case 'json':
    case 'geojson':
      return jsonDocument(format, task)
    case 'ndjson': {
      const { items, rounded, firstRounded } = decodeNdjson(text, options)
      return { document: items, dialect: { format }, remarks: roundedRemark(rounded, firstRounded) }
    }
    case 'csv':
      return csvDocument(task)
    case 'xml':
      return { document: decodeXml(text, options), dialect: { format }, isText: true, isListless: true }
    case 'syndication':
      return { document: syndicationRows(isJsonText(text) ? decodeJson(text, options).value : text, options), dialect: { format } }
    case 'prometheus': {
      const read = decodePrometheus(text, { isOpenMetrics: isOpenMetrics(text, mediaType), maxRows: options.maxRows })
      return seriesDocument(read, { format })
    }
    case 'text':
      return textDocument(task)
  }
}

function seriesDocument({ rows, infinite, histograms }: Prometheus, dialect: Dialect): Decoded {
  const remarks: Remark[] = []
  const are = infinite === 1 ? '1 sample is infinite: its' : `${infinite} samples are infinite: their`
  if (infinite > 0) remarks.push({ about: 'infinite', sentence: `${are} value is null` })
  const of = histograms === 1 ? '1 native histogram' : `${histograms} native histograms`
  if (histograms > 0)
    remarks.push({ about: 'histograms', sentence: `of ${of} the count and the sum are rows, and the buckets are left out` })
  return { document: rows, dialect, key: 'series', remarks }
}

function textDocument({ text, options: { pattern, maxRows } }: Task): Decoded {
  if (pattern === undefined) throw new DecodeError('decode', 'format: text needs a pattern: with named groups')
  const rows = matchRows(text, pattern, maxRows)
  const remarks = rows.length > 0 ? [] : [{ about: 'pattern', sentence: 'the pattern matches nowhere' }]
  return { document: rows, dialect: { format: 'text' }, isText: true, remarks }
}

/**
 * JSON that shows itself as GeoJSON or JSON Feed is read as that, unless it is said or known how it is read; what Prometheus answers to a
 * query is a row for each series, unless JSON or where its rows are is said.
 */
function jsonDocument(format: 'json' | 'geojson', { text, options, known }: Task): Decoded {
  const { value, rounded, firstRounded } = decodeJson(text, options)
  const remarks = roundedRemark(rounded, firstRounded)
  const mayLook = options.format === undefined && options.rows === undefined && known === undefined
  if (format === 'geojson' || (mayLook && isFeatureCollection(value)))
    return { document: featureRows(value), dialect: { format: 'geojson' }, remarks }
  if (mayLook && isJsonFeed(value)) return { document: syndicationRows(value, options), dialect: { format: 'syndication' }, remarks }
  if (options.format === undefined && options.rows === undefined && isInstantVector(value))
    return seriesDocument(vectorRows(value, options.maxRows), { format: 'json' })
  return { document: value, dialect: { format: 'json' }, remarks }
}

function roundedRemark(rounded: number, example = ''): readonly Remark[] {
  if (rounded === 0) return []
  const sentence = `${rounded} integers beyond 2^53 were rounded, such as ${example}; keep their digits with bigNumbers: text`
  return [{ about: 'rounded', sentence }]
}

function csvDocument({ text, mediaType, options, known }: Task): Decoded {
  const delimiter = known?.delimiter ?? (essenceOf(mediaType) === 'text/tab-separated-values' ? '\t' : undefined)
  const header = options.header ?? known?.header
  const csv = decodeCsv(text, {
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(header === undefined ? {} : { header }),
    maxRows: options.maxRows,
    maxColumns: options.maxColumns,
    maxCells: options.maxCells,
  })
  const degraded = raggedDegradation(csv)
  return {
    document: csv.items,
    dialect: csv.items.length === 0 ? { format: 'csv' } : { format: 'csv', delimiter: csv.delimiter, header: csv.header },
    isText: true,
    remarks: csvRemarks(csv),
    ...(degraded === undefined ? {} : { degraded }),
  }
}

function raggedDegradation({ long }: Csv): Degradation | undefined {
  if (long.count === 0) return undefined
  const [verb, is] = long.count === 1 ? ['has', 'is'] : ['have', 'are']
  return { cause: 'rows', reason: quotable(`${printLines(long)} of the CSV ${verb} more fields than its header and ${is} left out`, 200) }
}

function csvRemarks({ short, renamed, header }: Csv): readonly Remark[] {
  const remarks: Remark[] = []
  if (short.count > 0)
    remarks.push({
      about: 'short',
      sentence: `${printLines(short)} of the CSV ${short.count === 1 ? 'has' : 'have'} fewer fields than its header: what is missing is null`,
    })
  if (renamed.length > 0)
    remarks.push({ about: 'renamed', sentence: `the CSV has columns without a name of their own, which are called ${printNames(renamed)}` })
  if (!header)
    remarks.push({
      about: 'header',
      sentence: 'the CSV seems to have no header: its columns are called 0, 1, ..; say header: true if it has one',
    })
  return remarks
}
