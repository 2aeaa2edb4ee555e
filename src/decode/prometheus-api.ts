import type { Cell } from '../model/row.ts'
import { isMembers, type Members } from './path.ts'
import { prometheusNumber } from './prometheus-line.ts'
import { rowsOfSamples, type Prometheus } from './prometheus.ts'

interface VectorSample extends Members {
  readonly metric: Readonly<Record<string, string>>
  /** When it was asked, s since 1970 UTC, and what it was then. */
  readonly value: readonly [time: number, value: string]
}

interface InstantVector extends Members {
  readonly data: Members & { readonly result: readonly VectorSample[] }
}

function isSample(sample: Cell): sample is VectorSample {
  if (!isMembers(sample) || !isMembers(sample['metric']) || !Array.isArray(sample['value'])) return false
  const [, value] = sample['value'] as readonly Cell[]
  return typeof value === 'string' && Object.values(sample['metric']).every(label => typeof label === 'string')
}

/** What Prometheus' HTTP API answers to an instant query: a value for each of some series. */
export function isInstantVector(document: Cell): document is InstantVector {
  if (!isMembers(document) || document['status'] !== 'success' || !isMembers(document['data'])) return false
  const { resultType, result } = document['data']
  return resultType === 'vector' && Array.isArray(result) && (result as readonly Cell[]).every(isSample)
}

/**
 * A row for each series, as from the text format, but for the time: it is that of the question, and another one each time.
 * @throws DecodeError over `maxRows`
 */
export function vectorRows({ data: { result } }: InstantVector, maxRows: number): Prometheus {
  const samples = result.map(({ metric: { __name__: name = '', ...labels }, value: [, value] }) => {
    return { name, labels: Object.entries(labels), value: prometheusNumber(value) ?? Number.NaN }
  })
  return rowsOfSamples(samples, maxRows)
}
