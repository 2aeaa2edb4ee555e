import type { Row } from './row.ts'

/** What a config of TypeScript tells the compiler of its feeds, and nobody else: there is no such member when it runs. */
export interface TypedFeeds<F> {
  readonly '~feeds'?: F
}

/** Rows by the name of the feed, as far as a config tells of them. */
export type FeedRows<C> = '~feeds' extends keyof C ? NonNullable<C['~feeds']> : unknown

/** The row of a source or feed as a config of TypeScript has it; of one that tells nothing, any. */
export type RowOf<T> = '~row' extends keyof T ? NonNullable<T['~row']> : Row
