import { endOfComments, findDelimiter } from './csv-dialect.ts'
import { DecodeError, quotable } from './decode-error.ts'
import { looksLikeNdjson } from './ndjson.ts'
import type { Format } from './payload.ts'
import { looksLikePrometheus } from './prometheus.ts'
import { isSyndicationRoot } from './syndication.ts'
import { rootName } from './xml.ts'

const byMediaType: Readonly<Record<string, Format>> = {
  'application/json': 'json',
  'text/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'application/x-jsonlines': 'ndjson',
  'application/json-lines': 'ndjson',
  'application/json-seq': 'ndjson',
  'application/stream+json': 'ndjson',
  'application/geo+json': 'geojson',
  'application/vnd.geo+json': 'geojson',
  'application/feed+json': 'syndication',
  'application/rss+xml': 'syndication',
  'application/atom+xml': 'syndication',
  'application/rdf+xml': 'syndication',
  'text/csv': 'csv',
  'application/csv': 'csv',
  'text/x-csv': 'csv',
  'text/comma-separated-values': 'csv',
  'text/tab-separated-values': 'csv',
  'application/openmetrics-text': 'prometheus',
}

/** Without parameters, in lower case. */
export function essenceOf(mediaType: string): string {
  return mediaType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** What the media type says by itself; undefined: it takes a look (`text/plain` may be anything, `text/xml` a feed). */
function saidFormat(mediaType: string): Format | undefined {
  const essence = essenceOf(mediaType)
  if (Object.hasOwn(byMediaType, essence)) return byMediaType[essence]
  if (essence.endsWith('+json')) return 'json'
  return essence === 'text/plain' && /;\s*version\s*=\s*"?0\.0\.4/i.test(mediaType) ? 'prometheus' : undefined
}

function formatOfXml(text: string): Format {
  const root = rootName(text) ?? ''
  if (/^html$/i.test(root) || /^\s*<!doctype\s+html/i.test(text))
    throw new DecodeError('decode', 'the body is HTML, in which no rows are looked for')
  return isSyndicationRoot(root) ? 'syndication' : 'xml'
}

/** A text of two records or more that nearly all fall into the same number of fields. */
function looksLikeCsv(text: string): boolean {
  const fit = findDelimiter(text.slice(endOfComments(text)))
  return fit !== undefined && fit.records > 1 && fit.share >= 0.9
}

function seenFormat(text: string, mediaType: string): Format {
  const [c = ''] = text.trimStart()
  if (c === '') throw new DecodeError('decode', 'the body is empty')
  if (c === '{' || c === '[') return looksLikeNdjson(text) ? 'ndjson' : 'json'
  if (c === '<') return formatOfXml(text)
  if (looksLikePrometheus(text)) return 'prometheus'
  if (/^\s*(-?\d[\d.eE+-]*|true|false|null|"(?:[^"\\\n]|\\.){0,1000}")\s*$/.test(text)) return 'json'
  if (looksLikeCsv(text)) return 'csv'
  if (/\+xml$|\/xml$/.test(essenceOf(mediaType))) return 'xml'
  const said = mediaType === '' ? 'without a Content-Type' : `of type ${quotable(essenceOf(mediaType), 40)}`
  throw new DecodeError(
    'decode',
    `the body ${said} is none of JSON, NDJSON, XML, RSS, Prometheus text and CSV; say which with format:, or give a pattern:`,
  )
}

/**
 * The format of a body: as its media type says, where that is a format by itself and the body does not contradict it;
 * else as it looks.
 * @throws DecodeError when it is none that is known
 */
export function detectFormat(text: string, mediaType: string): Format {
  const said = saidFormat(mediaType)
  // JSON documents a line each are often called JSON; what calls itself JSON and is none shall be told so.
  if (said === 'json') return looksLikeNdjson(text) ? 'ndjson' : 'json'
  return said ?? seenFormat(text, mediaType)
}
