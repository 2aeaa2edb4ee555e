import { DecodeError, quotable } from './decode-error.ts'
import { prometheusNumber, type PrometheusSample } from './prometheus-line.ts'
import { printSeries } from './prometheus-series.ts'

/** One bucket of a histogram. */
interface Bucket {
  /** As it is written. */
  readonly le: string
  readonly most: number
  readonly count: number
  readonly line: number
}

/** What counts, and is never negative: types of metrics by the suffix that its samples have. */
const counting = new Map([
  ['', ['counter']],
  ['_total', ['counter']],
  ['_bucket', ['histogram', 'gaugehistogram']],
  ['_count', ['histogram', 'summary']],
  ['_gcount', ['gaugehistogram']],
])

function refused(reason: string): DecodeError {
  return new DecodeError('decode', reason)
}

/**
 * What OpenMetrics demands of samples beyond how they are written, as far as a number would be wrong where it does not hold. Prometheus'
 * own format demands nothing of the kind, and exporters that count without a lock live by that.
 */
export class OpenMetricsRules {
  readonly #types: ReadonlyMap<string, string>
  /** Series to their time so far, in ms. */
  readonly #times = new Map<string, number | undefined>()
  /** Series of histograms, without `le`, to their buckets. */
  readonly #buckets = new Map<string, Bucket[]>()

  /** `types`: of metrics, by their name, as far as they were described. */
  constructor(types: ReadonlyMap<string, string>) {
    this.#types = types
  }

  /**
   * @returns whether the series stood there before, with no newer time: then this is what it is worth
   * @throws DecodeError
   */
  take(series: string, sample: PrometheusSample, line: number): boolean {
    const { name, value, time } = sample
    const suffix = this.#countingSuffix(name)
    if (suffix !== undefined && value < 0) throw refused(`${quotable(series, 60)} counts, and is negative`)
    if (suffix === '_bucket') this.#takeBucket(sample, line)
    const isAgain = this.#times.has(series)
    const before = this.#times.get(series)
    if (isAgain && (before === undefined || time === undefined)) throw refused(`${quotable(series, 60)} stands there twice`)
    if (before !== undefined && time !== undefined && time < before)
      throw refused(`${quotable(series, 60)} stood there before with a newer time`)
    this.#times.set(series, time)
    return isAgain
  }

  /** @throws DecodeError which names the line */
  end(): void {
    for (const buckets of this.#buckets.values()) {
      buckets.sort((a, b) => a.most - b.most)
      for (const [index, { le, count, line }] of buckets.entries()) {
        const inner = buckets[index - 1]
        if (inner !== undefined && count < inner.count)
          throw refused(
            `line ${line}: the bucket le="${quotable(le, 20)}" holds fewer than that of le="${quotable(inner.le, 20)}", which is within it`,
          )
      }
    }
  }

  /** By which the type of its metric says that it counts; undefined: it does not. */
  #countingSuffix(name: string): string | undefined {
    for (const [suffix, types] of counting) {
      if (name.endsWith(suffix) && types.includes(this.#types.get(name.slice(0, name.length - suffix.length)) ?? '')) return suffix
    }
    return undefined
  }

  #takeBucket({ name, labels, value, time }: PrometheusSample, line: number): void {
    const le = labels.find(([label]) => label === 'le')?.[1]
    const most = le === undefined ? undefined : prometheusNumber(le)
    if (le === undefined || most === undefined) return
    const histogram = `${printSeries(
      name,
      labels.filter(([label]) => label !== 'le'),
    )} ${time ?? ''}`
    const buckets = this.#buckets.get(histogram)
    if (buckets === undefined) this.#buckets.set(histogram, [{ le, most, count: value, line }])
    else buckets.push({ le, most, count: value, line })
  }
}
