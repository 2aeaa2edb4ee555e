import { setCell, type Cell, type Row } from '../model/row.ts'
import { DecodeError, exceeded, quotable } from './decode-error.ts'
import { linesOf, type Line } from './lines.ts'
import { PrometheusLine, type Label, type PrometheusSample } from './prometheus-line.ts'

export interface PrometheusOptions {
  /** Its times are seconds, `# EOF` ends it, exemplars may stand in it. */
  readonly isOpenMetrics: boolean
  readonly maxRows: number
}

/** Of both formats; Go's library writes the longer name of `gaugehistogram`. */
const types = new Set([
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'gauge_histogram',
  'summary',
  'info',
  'stateset',
  'untyped',
  'unknown',
])

/** Whether it is OpenMetrics rather than Prometheus' own format: the media type says so, or how it ends. */
export function isOpenMetrics(text: string, mediaType: string): boolean {
  return /^application\/openmetrics-text/i.test(mediaType) || /(^|\n)# EOF\r?\n?$/.test(text.slice(-10))
}

const sampleStart = /^([a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})?|\{".*\})[ \t]+[+-]?(\d|\.\d|inf|nan)/i

/** By looking: descriptions of metrics, or a line that is a sample, before anything else. */
export function looksLikePrometheus(text: string): boolean {
  for (const line of linesOf(text.slice(0, 16_384))) {
    const written = line.text.trimStart()
    if (/^# (HELP|TYPE|UNIT|EOF)\b/.test(written)) return true
    if (written !== '' && !written.startsWith('#')) return sampleStart.test(written)
  }
  return false
}

/** Prometheus' own format lets blanks stand before a comment. */
function isComment({ text }: Line, { isOpenMetrics }: PrometheusOptions): boolean {
  return (isOpenMetrics ? text : text.trimStart()).startsWith('#')
}

/** @returns whether the text ends here */
function readComment({ text }: Line, options: PrometheusOptions): boolean {
  const [, keyword = '', rest = ''] = /^[ \t]*#[ \t]*(HELP|TYPE|UNIT)\b[ \t]*(.*)$/s.exec(text) ?? []
  if (options.isOpenMetrics && text === '# EOF') return true
  if (keyword === '') {
    if (options.isOpenMetrics) throw new DecodeError('decode', 'OpenMetrics has no comments but HELP, TYPE, UNIT and EOF')
    return false
  }
  // Prometheus' own library takes a help of nothing for any other comment.
  if (keyword === 'HELP' && rest === '' && !options.isOpenMetrics) return false
  const line = new PrometheusLine(rest, options.isOpenMetrics)
  const name = line.describedName()
  const said = line.rest()
  if (keyword === 'TYPE' && !types.has(said.toLowerCase()))
    throw new DecodeError('decode', `${quotable(name, 40)} has the type ${quotable(JSON.stringify(said), 30)}, which is none`)
  return false
}

/** A sample for each line that has one. */
function* samplesOf(text: string, options: PrometheusOptions): Generator<PrometheusSample> {
  let hasEnded = false
  for (const line of linesOf(text)) {
    try {
      if (hasEnded) throw new DecodeError('decode', 'more stands behind # EOF')
      if (isComment(line, options)) hasEnded = readComment(line, options)
      else if (line.text.trim() !== '') yield new PrometheusLine(line.text, options.isOpenMetrics).sample()
      else if (options.isOpenMetrics) throw new DecodeError('decode', 'OpenMetrics has no empty lines')
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      throw new DecodeError('decode', `line ${line.number}: ${error.message}`)
    }
  }
  if (options.isOpenMetrics && !hasEnded) throw new DecodeError('decode', 'the OpenMetrics text is cut short: it does not end with # EOF')
}

const plainName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const plainLabel = /^[a-zA-Z_][a-zA-Z0-9_]*$/

function quoted(text: string): string {
  return `"${text.replace(/[\\"\n]/g, c => (c === '\n' ? '\\n' : `\\${c}`))}"`
}

/** A series by its name, if it has one, and labels, as Prometheus prints it, the labels in the order of their names. */
export function printSeries(name: string, labels: readonly Label[]): string {
  const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const printed = sorted.map(([label, value]) => `${plainLabel.test(label) ? label : quoted(label)}=${quoted(value)}`)
  if (name === '') return `{${printed.join(',')}}`
  if (plainName.test(name)) return printed.length === 0 ? name : `${name}{${printed.join(',')}}`
  return `{${[quoted(name), ...printed].join(',')}}`
}

/** The columns of a row that are no labels; a label of such a name stands in `exported_..`, as Prometheus has it. */
const own = new Set(['series', 'metric', 'value', 'time'])

function rowOfSample({ name, labels, value, time }: PrometheusSample): Row {
  // To Prometheus a label that is empty is none.
  const filled = labels.filter(([, text]) => text !== '')
  const row: Record<string, Cell> = { series: printSeries(name, filled), ...(name === '' ? {} : { metric: name }) }
  for (const [label, text] of filled) {
    let column = own.has(label) ? `exported_${label}` : label
    while (column !== label && labels.some(([other]) => other === column)) column = `exported_${column}`
    setCell(row, column, text)
  }
  row['value'] = Number.isFinite(value) ? value : null
  if (time !== undefined) row['time'] = time
  return row
}

export interface Prometheus {
  /** A row for each series: `series` is its name and labels, `metric` its name; then its labels; `value`, `time` in ms. */
  readonly rows: readonly Row[]
  /** Samples that are infinite, which no row can say: their value is null, as that of NaN is. */
  readonly infinite: number
}

/** @throws DecodeError over `maxRows` */
export function rowsOfSamples(samples: Iterable<PrometheusSample>, maxRows: number): Prometheus {
  const rows: Row[] = []
  let infinite = 0
  for (const sample of samples) {
    if (rows.length >= maxRows) throw exceeded('maxRows', String(maxRows))
    rows.push(rowOfSample(sample))
    if (Math.abs(sample.value) === Number.POSITIVE_INFINITY) infinite++
  }
  return { rows, infinite }
}

/**
 * Reads Prometheus' text format or OpenMetrics.
 * @throws DecodeError which names the line and the reason, or the limit
 */
export function decodePrometheus(text: string, options: PrometheusOptions): Prometheus {
  return rowsOfSamples(samplesOf(text, options), options.maxRows)
}
