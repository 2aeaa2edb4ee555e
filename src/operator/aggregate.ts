import { parseAggregateCall, type AggregateCall } from '../expression/call.ts'
import type { ExpressionOptions } from '../expression/expression.ts'
import { aggregateNames, type AggregateName } from './group.options.ts'
import type { Value } from './row-function.ts'

/** One aggregate over the rows of a group or the samples of a window; without `value` it counts them. */
export interface Aggregate {
  readonly name: AggregateName
  readonly value?: Value
  /** Which quantile, from 0 to 1. */
  readonly q?: number
}

/** Whether the order of the cells matters. */
export function isOrdered({ name }: Aggregate): boolean {
  return name === 'first' || name === 'last'
}

/**
 * Reads `sum(num_bikes_available)`: one call of an aggregate, whose argument is a CEL expression over the row.
 * @throws ExpressionError
 */
export function parseAggregate(text: string, options: ExpressionOptions): AggregateCall<AggregateName> {
  return parseAggregateCall(text, aggregateNames, options)
}
