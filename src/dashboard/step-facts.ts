import { cellOf, type Row } from '../model/row.ts'
import { numberOf, textOf } from '../elements/row-facts.ts'

/** A row of `$steps`. */
export interface StepFacts {
  readonly feed: string
  readonly step: number
  readonly kind: string
  /** Of the first: what the feed is computed from. */
  readonly inputs: readonly string[]
  readonly rowsIn: number | undefined
  readonly rowsOut: number | undefined
  readonly durationMs: number | undefined
  readonly error: string
  /** Ms since 1970 by the server's clock. */
  readonly errorAt: number | undefined
}

export function stepFacts(row: Row): StepFacts {
  const inputs = cellOf(row, 'inputs')
  return {
    feed: textOf(row, 'feed'),
    step: numberOf(row, 'step') ?? 0,
    kind: textOf(row, 'kind'),
    inputs: Array.isArray(inputs) ? inputs.filter(input => typeof input === 'string') : [],
    rowsIn: numberOf(row, 'rowsIn'),
    rowsOut: numberOf(row, 'rowsOut'),
    durationMs: numberOf(row, 'duration'),
    error: textOf(row, 'error'),
    errorAt: numberOf(row, 'errorAt'),
  }
}

/** The feeds on the way to `feed`, inputs before what is computed from them; those nothing is known of are where it begins. */
export function wayTo(feed: string, steps: readonly StepFacts[]): readonly string[] {
  const inputs = new Map(steps.filter(({ step }) => step === 0).map(({ feed, inputs }) => [feed, inputs]))
  const seen = new Set<string>()
  const way: string[] = []
  const visit = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    for (const input of inputs.get(name) ?? []) visit(input)
    way.push(name)
  }
  visit(feed)
  return way
}
