import type { OperatorFunction } from 'rxjs'
import type { AggregateName } from '../operator/group.options.ts'
import type { Cell } from '../model/row.ts'
import type { Sample as AnySample, Table as AnyTable } from '../model/table.ts'

/** What the compiler knows of rows on their way through the steps. `K` is the name of the key column; `string`: it is not known. */

export interface Table<R extends object, K extends string> extends Omit<AnyTable, 'key' | 'rows'> {
  readonly key: K
  readonly rows: ReadonlyMap<string, R>
}

/** What operators of RxJS are given among the steps of a feed, and give. Tables stay as they are; what `changes` says of them is not asked. */
export interface Sample<R extends object, K extends string> extends Omit<AnySample, 'table' | 'changes'> {
  readonly table: Table<R, K>
  readonly changes: ReadonlyMap<string, R | undefined> | 'all'
}

/** A step of a feed: an operator of RxJS, ours or any other. */
export type Operation<A extends object, KA extends string, B extends object, KB extends string> = OperatorFunction<
  Sample<A, KA>,
  Sample<B, KB>
>

/** A CEL expression, as a file has it. */
type Text = string | number | boolean

/** What may become a cell: undefined is null, a Date is ISO 8601. */
type Value = Cell | Date | undefined

export type Condition<R> = Text | ((row: R, key: string) => boolean | null | undefined)
export type Columns<R> = Readonly<Record<string, Text | ((row: R, key: string) => Value)>>
export type Computation<R> = Text | ((row: R, key: string) => Value)
export type Numbers<R> = Readonly<Record<string, Text | ((row: R, key: string) => number | null | undefined)>>

/** An aggregate as a file has it, `sum(bikes)`, or of a function: `{sum: row => row.bikes}`, `{quantile: row => row.docks, q: 0.9}`. */
export type Aggregate<R> =
  | string
  | { readonly [N in Exclude<AggregateName, 'quantile'>]: Readonly<Record<N, (row: R, key: string) => Value>> }[Exclude<
      AggregateName,
      'quantile'
    >]
  | { readonly quantile: (row: R, key: string) => Value; readonly q: number }
export type Aggregates<R> = Readonly<Record<string, Aggregate<R>>>

/** The members of several types as those of one. */
type Flat<T> = { readonly [N in keyof T]: T[N] }

/** `R` with the members of `C` in the place of its own. */
export type Beside<R, C> = Flat<Omit<R, keyof C> & C>

/** The key column of a row, as far as it is known. */
export type KeyOf<R, K extends string> = string extends K ? unknown : Pick<R, Extract<K, keyof R>>

type CellFrom<V> = V extends undefined ? null : V extends Date ? string : V

/** The cells that columns come to; those of a CEL expression may be any. */
export type Cells<C> = { readonly [N in keyof C]: C[N] extends (...given: never) => infer V ? CellFrom<V> : Cell }

export type With<R, K extends string, C> = Flat<KeyOf<R, K> & C>

type Counting = 'count' | 'distinct'
type Choosing = 'min' | 'max' | 'first' | 'last'
type Calculating = Exclude<AggregateName, Counting | Choosing>

/** What one aggregate comes to: null where no cell counts. */
type Aggregated<A> = A extends `${Counting}(${string}`
  ? number
  : A extends `${Calculating}(${string}`
    ? number | null
    : A extends string
      ? Cell
      : keyof A extends Counting
        ? number
        : keyof A extends Choosing
          ? A[keyof A] extends (...given: never) => infer V
            ? CellFrom<V> | null
            : never
          : number | null

export type AggregateCells<C> = { readonly [N in keyof C]: Aggregated<C[N]> }

/** Columns by which rows are put in groups: one, or several. */
export type By<R> = (keyof R & string) | readonly (keyof R & string)[]

/** The name of the key column of groups: the column itself where it is one. */
export type GroupKey<B> = B extends string ? B : B extends readonly [infer Only extends string] ? Only : '#'

type Members<B> = B extends readonly (infer M)[] ? M : B

/** The columns that name a group. */
export type GroupCells<R, B> = Pick<R, Extract<Members<B>, keyof R>> & (GroupKey<B> extends '#' ? { readonly '#': string } : unknown)

/** A column to order by, `-` before it is descending. */
export type Term<R> = (keyof R & string) | `-${keyof R & string}`

export interface EventCells {
  readonly seq: number
  /** ms since 1970 UTC. */
  readonly time: number
  readonly change: 'appeared' | 'changed' | 'left'
  readonly key: string
}

export interface AlertCells {
  readonly key: string
  readonly state: 'pending' | 'firing' | 'resolved'
  /** ms since 1970 UTC, as is `activeAt`. */
  readonly since: number
  readonly activeAt: number
  readonly value: Cell
  readonly severity: string | null
  readonly text: string | null
}
