import type { z } from 'zod'
import type { feedSchema } from '../config/feed-section.ts'
import { authored, siteOf, type Authored, type Site } from '../lib/authored.ts'
import type { Row } from '../model/row.ts'
import type { Operation } from './rows.ts'
import type { Source } from './source.ts'

/** The keys of a feed but what it is computed from, as in a file. */
export type FeedOptions = Omit<z.input<typeof feedSchema>, 'from' | 'steps' | 'sinks'> & { readonly sinks?: readonly unknown[] }

/** A feed, to be put under its name in `feeds`; `R` are its rows, `K` is their key column. Immutable: each call makes another one. */
export interface Feed<R extends object = Row, K extends string = string> {
  readonly '~row'?: R
  readonly '~key'?: K
  /** The feed with further steps: ours, and any operator of RxJS. */
  pipe(): Feed<R, K>
  pipe<A extends object, KA extends string>(a: Operation<R, K, A, KA>): Feed<A, KA>
  pipe<A extends object, KA extends string, B extends object, KB extends string>(
    a: Operation<R, K, A, KA>,
    b: Operation<A, KA, B, KB>,
  ): Feed<B, KB>
  pipe<A extends object, KA extends string, B extends object, KB extends string, C extends object, KC extends string>(
    a: Operation<R, K, A, KA>,
    b: Operation<A, KA, B, KB>,
    c: Operation<B, KB, C, KC>,
  ): Feed<C, KC>
  pipe<
    A extends object,
    KA extends string,
    B extends object,
    KB extends string,
    C extends object,
    KC extends string,
    D extends object,
    KD extends string,
  >(
    a: Operation<R, K, A, KA>,
    b: Operation<A, KA, B, KB>,
    c: Operation<B, KB, C, KC>,
    d: Operation<C, KC, D, KD>,
  ): Feed<D, KD>
  pipe<
    A extends object,
    KA extends string,
    B extends object,
    KB extends string,
    C extends object,
    KC extends string,
    D extends object,
    KD extends string,
    E extends object,
    KE extends string,
  >(
    a: Operation<R, K, A, KA>,
    b: Operation<A, KA, B, KB>,
    c: Operation<B, KB, C, KC>,
    d: Operation<C, KC, D, KD>,
    e: Operation<D, KD, E, KE>,
  ): Feed<E, KE>
  /** The feed with other keys, such as `description`, `sinks` and `export`. */
  with(options: FeedOptions): Feed<R, K>
}

/** Whose table a feed may be computed from: one that stands in the same config, or its name. */
export type Input<R extends object = Row, K extends string = string> = Source<R, K> | Feed<R, K> | string

interface Written {
  readonly from: readonly Input[]
  readonly steps: readonly unknown[]
  readonly options: FeedOptions
}

interface Sites {
  readonly from: Site | undefined
  readonly steps?: Site | undefined
  readonly options?: Site | undefined
}

function partOf({ from, steps, options }: Written, sites: Sites): Authored {
  const given = Object.keys(options).map(name => [name, sites.options] as const)
  return {
    value: { from: from.length === 1 ? from[0] : from, ...(steps.length === 0 ? {} : { steps }), ...options },
    site: sites.options ?? sites.steps ?? sites.from,
    members: new Map([['from', sites.from], ['steps', sites.steps], ...given]),
  }
}

function feed(written: Written, sites: Sites): object {
  const pipe = (...more: readonly unknown[]): object =>
    feed({ ...written, steps: [...written.steps, ...more] }, { ...sites, steps: siteOf(pipe, 'pipe') })
  const withOptions = (more: FeedOptions): object =>
    feed({ ...written, options: { ...written.options, ...more } }, { ...sites, options: siteOf(withOptions, 'with') })
  return Object.freeze({ [authored]: partOf(written, sites), pipe, with: withOptions })
}

/** The feed of a source or another feed or, of several with equal columns, of all their rows. */
export function from<R extends object, K extends string>(input: Source<R, K> | Feed<R, K>, ...more: readonly Input<R>[]): Feed<R, K>
export function from<R extends object = Row>(...inputs: readonly string[]): Feed<R>
export function from(...inputs: readonly Input[]): Feed {
  return feed({ from: inputs, steps: [], options: {} }, { from: siteOf(from, 'from') }) as Feed
}
