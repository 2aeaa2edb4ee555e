import type { Input } from './feed.ts'
import { operation } from './operation.ts'
import type {
  AggregateCells,
  Aggregates,
  AlertCells,
  Beside,
  By,
  Cells,
  Columns,
  Computation,
  Condition,
  EventCells,
  GroupCells,
  GroupKey,
  KeyOf,
  Numbers,
  Operation,
  Term,
  With,
} from './rows.ts'

/**
 * The steps of a feed, with the options that they have in a file (docs/steps.md). Where a file has an expression stands one too, as a
 * text, or a function of the row and its key.
 */

/** Only the rows for which it is true. */
export function where<R extends object, K extends string>(condition: Condition<R>): Operation<R, K, R, K> {
  return operation('where', condition, where)
}

/** Only these columns, and the key: each computed from the row, or a list of those that stay as they are. */
export function select<R extends object, K extends string, const C extends Columns<R>>(columns: C): Operation<R, K, With<R, K, Cells<C>>, K>
export function select<R extends object, K extends string, const N extends keyof R & string>(
  columns: readonly N[],
): Operation<R, K, With<R, K, Pick<R, N>>, K>
export function select<R extends object, K extends string>(columns: object): Operation<R, K, object, K> {
  return operation('select', columns, select)
}

/** These columns beside all others. */
export function derive<R extends object, K extends string, const C extends Columns<R>>(
  columns: C,
): Operation<R, K, Beside<R, Cells<C>>, K> {
  return operation('derive', columns, derive)
}

/** The first rows of an order, of each group where `per` is given; the order becomes the table's. */
export function top<R extends object, K extends string>(options: {
  readonly by: Term<NoInfer<R>> | readonly Term<NoInfer<R>>[]
  readonly limit: number
  readonly per?: By<NoInfer<R>>
}): Operation<R, K, R, K> {
  return operation('top', options, top)
}

/** One row for each value of these columns. */
export function distinct<R extends object, K extends string>(options: { readonly by: By<NoInfer<R>> }): Operation<R, K, R, K> {
  return operation('distinct', options, distinct)
}

/** A row for each group; without `by` one row of totals. */
export function group<R extends object, K extends string, const C extends Aggregates<R>, const B extends By<R> = readonly []>(options: {
  readonly by?: B
  readonly columns: C
  readonly having?: Condition<GroupCells<R, B> & AggregateCells<C>>
  readonly maxGroups?: number
}): Operation<R, K, With<unknown, string, GroupCells<R, B> & AggregateCells<C>>, GroupKey<B>> {
  return operation('group', options, group)
}

/** Aggregates of each row over time: one window after the other or, with `slide`, of the last `size`. */
export function window<
  R extends object,
  K extends string,
  const C extends Aggregates<R>,
  const S extends string | undefined = undefined,
>(options: {
  readonly size: string
  readonly slide?: S
  readonly columns: C
  readonly time?: Computation<R>
  readonly lateness?: string
  readonly maxGroups?: number
  readonly maxPanes?: number
}): Operation<R, K, With<R, K, AggregateCells<C> & (S extends string ? unknown : { readonly final: boolean })>, K> {
  return operation('window', options, window)
}

/** How fast counters rise, a second. */
export function rate<R extends object, K extends string, const C extends Numbers<R>>(options: {
  readonly over: string
  readonly columns: C
  readonly maxPoints?: number
}): Operation<R, K, Beside<R, { readonly [N in keyof C]: number | null }>, K> {
  return operation('rate', options, rate)
}

/** By how much numbers differ from the previous sample or, with `over`, from what they were so long ago. */
export function change<R extends object, K extends string, const C extends Numbers<R>>(options: {
  readonly over?: string
  readonly columns: C
  readonly maxPoints?: number
}): Operation<R, K, Beside<R, { readonly [N in keyof C]: number | null }>, K> {
  return operation('change', options, change)
}

/** Columns of the rows of another feed, as they were last: functions find its row under `right`. */
export function join<
  R extends object,
  K extends string,
  O extends object,
  const C extends Columns<R & { readonly right: Kind extends 'left' ? O | null : O }>,
  Kind extends 'inner' | 'left' = 'inner',
>(options: {
  readonly with: Input<O>
  readonly on?: Computation<R>
  readonly key?: Computation<O>
  readonly kind?: Kind
  readonly columns: C
}): Operation<R, K, Beside<R, Cells<C>>, K> {
  return operation('join', options, join)
}

/** The last points of each row, one for every sample: for charts that open full. */
export function series<R extends object, K extends string, const C extends Columns<R>>(options: {
  readonly keep: number | string
  readonly columns: C
  readonly maxPoints?: number
}): Operation<R, K, With<unknown, string, { readonly time: number } & Partial<KeyOf<R, K>> & Cells<C>>, string> {
  return operation('series', options, series)
}

/** What happened to rows, the newest first. */
export function events<R extends object, K extends string>(options: {
  readonly keep: number | string
  readonly columns?: readonly (keyof NoInfer<R> & string)[]
  readonly maxPoints?: number
}): Operation<R, K, Beside<R, EventCells>, 'seq'> {
  return operation('events', options, events)
}

/** Rows that left the upstream stay: so many, or those first seen within a time. */
export function keep<R extends object, K extends string>(extent: number | string): Operation<R, K, R, K> {
  return operation('keep', extent, keep)
}

type Filled<R, C> = {
  readonly [N in keyof C]: C[N] extends 'last'
    ? N extends keyof R
      ? R[N]
      : null
    : N extends keyof R
      ? Exclude<R[N], null | undefined> | C[N]
      : C[N]
}

/** What stands where a cell is null: `last`, the last one that was not; a number, true or false. */
export function fill<R extends object, K extends string, const C extends { readonly [N in keyof R]?: 'last' | number | boolean }>(options: {
  readonly columns: C
  readonly maxAge?: string
}): Operation<R, K, Beside<R, Filled<R, C>>, K> {
  return operation('fill', options, fill)
}

/** The rows that need attention: pending, firing, resolved. */
export function alert<R extends object, K extends string>(options: {
  readonly when: Condition<R>
  readonly for?: string
  readonly resolve?: Condition<R>
  readonly keepFiringFor?: string
  readonly onMissing?: 'keep' | 'resolve' | 'fire'
  readonly severity?: string
  readonly text?: string | ((row: R, key: string) => string)
  readonly maxGroups?: number
}): Operation<R, K, Beside<R, AlertCells>, 'key'> {
  return operation('alert', options, alert)
}
