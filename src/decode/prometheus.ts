import { setCell, type Cell, type Row } from '../model/row.ts'
import { DecodeError, exceeded, quotable } from './decode-error.ts'
import { linesOf, type Line } from './lines.ts'
import { OpenMetricsRules } from './openmetrics-rules.ts'
import { PrometheusLine, type PrometheusSample } from './prometheus-line.ts'
import { printSeries } from './prometheus-series.ts'

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
  /** Native histograms, of which the rows say the count and the sum alone. */
  readonly histograms: number
}

/** Collects the rows of samples. */
class SeriesRows implements Prometheus {
  readonly rows: Row[] = []
  infinite = 0
  histograms = 0
  readonly #maxRows: number

  constructor(maxRows: number) {
    this.#maxRows = maxRows
  }

  /** @throws DecodeError over `maxRows` */
  add(sample: PrometheusSample): Row {
    if (this.rows.length >= this.#maxRows) throw exceeded('maxRows', String(this.#maxRows))
    const row = rowOfSample(sample)
    this.rows.push(row)
    if (Math.abs(sample.value) === Number.POSITIVE_INFINITY) this.infinite++
    return row
  }
}

/** @throws DecodeError over `maxRows` */
export function rowsOfSamples(samples: Iterable<PrometheusSample>, maxRows: number): Prometheus {
  const read = new SeriesRows(maxRows)
  for (const sample of samples) read.add(sample)
  return read
}

/** Reads an exposition line by line. */
class ExpositionReader {
  readonly #options: PrometheusOptions
  readonly #read: SeriesRows
  /** Of metrics, by their name. */
  readonly #types = new Map<string, string>()
  /** Rows of native histograms, which may be told once more in the way of classic ones. */
  readonly #derived = new Set<Row>()
  readonly #rules: OpenMetricsRules | undefined
  #hasEnded = false
  /** Some series stand there for several times. */
  #hasPast = false

  constructor(options: PrometheusOptions) {
    this.#options = options
    this.#read = new SeriesRows(options.maxRows)
    this.#rules = options.isOpenMetrics ? new OpenMetricsRules(this.#types) : undefined
  }

  /** @throws DecodeError which names the line */
  line({ text, number }: Line): void {
    try {
      if (this.#hasEnded) throw new DecodeError('decode', 'more stands behind # EOF')
      if (this.#isComment(text)) this.#comment(text)
      else if (text.trim() !== '') this.#sample(new PrometheusLine(text, this.#options.isOpenMetrics).sample(), number)
      else if (this.#options.isOpenMetrics) throw new DecodeError('decode', 'OpenMetrics has no empty lines')
    } catch (error) {
      if (!(error instanceof DecodeError) || error.kind !== 'decode') throw error
      throw new DecodeError('decode', `line ${number}: ${error.message}`)
    }
  }

  /** @throws DecodeError where it is cut short, or what belongs together does not fit */
  end(): Prometheus {
    if (this.#options.isOpenMetrics && !this.#hasEnded)
      throw new DecodeError('decode', 'the OpenMetrics text is cut short: it does not end with # EOF')
    this.#rules?.end()
    const { infinite, histograms } = this.#read
    let rows: readonly Row[] = this.#read.rows
    if (this.#derived.size > 0) {
      const told = new Set(rows.filter(row => !this.#derived.has(row)).map(row => row['series']))
      rows = rows.filter(row => !this.#derived.has(row) || !told.has(row['series']))
    }
    // Of several times the newest counts, which stands last.
    if (this.#hasPast) rows = [...new Map(rows.map(row => [row['series'], row])).values()]
    return { rows, infinite, histograms }
  }

  /** Prometheus' own format lets blanks stand before a comment. */
  #isComment(text: string): boolean {
    return (this.#options.isOpenMetrics ? text : text.trimStart()).startsWith('#')
  }

  #comment(text: string): void {
    const { isOpenMetrics } = this.#options
    const [, keyword = '', rest = ''] = /^[ \t]*#[ \t]*(HELP|TYPE|UNIT)\b[ \t]*(.*)$/s.exec(text) ?? []
    if (isOpenMetrics && text === '# EOF') {
      this.#hasEnded = true
      return
    }
    if (keyword === '') {
      if (isOpenMetrics) throw new DecodeError('decode', 'OpenMetrics has no comments but HELP, TYPE, UNIT and EOF')
      return
    }
    // Prometheus' own library takes a help of nothing for any other comment.
    if (keyword === 'HELP' && rest === '' && !isOpenMetrics) return
    const line = new PrometheusLine(rest, isOpenMetrics)
    const name = line.describedName()
    const said = line.rest()
    if (keyword !== 'TYPE') return
    const type = said.toLowerCase()
    if (!types.has(type))
      throw new DecodeError('decode', `${quotable(name, 40)} has the type ${quotable(JSON.stringify(said), 30)}, which is none`)
    this.#types.set(name, type)
  }

  #sample(sample: PrometheusSample, line: number): void {
    const { name, labels, sum } = sample
    if (sum === undefined) {
      const { series } = this.#read.add(sample)
      if (typeof series === 'string' && this.#rules?.take(series, sample, line) === true) this.#hasPast = true
      return
    }
    // By its own name: its count and sum may be told in the classic way, too.
    if (this.#rules?.take(printSeries(name, labels), sample, line) === true) this.#hasPast = true
    const ofGauges = this.#types.get(name)?.startsWith('gauge') === true ? 'g' : ''
    this.#derived.add(this.#read.add({ ...sample, name: `${name}_${ofGauges}count` }))
    this.#derived.add(this.#read.add({ ...sample, name: `${name}_${ofGauges}sum`, value: sum }))
    this.#read.histograms++
  }
}

/**
 * Reads Prometheus' text format or OpenMetrics.
 * @throws DecodeError which names the line and the reason, or the limit
 */
export function decodePrometheus(text: string, options: PrometheusOptions): Prometheus {
  const reader = new ExpositionReader(options)
  for (const line of linesOf(text)) reader.line(line)
  return reader.end()
}
