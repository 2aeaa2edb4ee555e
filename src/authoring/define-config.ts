import type { z } from 'zod'
import type { authSchema } from '../config/auth.options.ts'
import type { boardSchema } from '../config/board.options.ts'
import type { limitsSchema } from '../config/limits.options.ts'
import type { logSchema } from '../config/log.options.ts'
import type { serverSchema } from '../config/server.options.ts'
import type { defaultsSchema } from '../config/source-section.ts'
import type { testSchema } from '../config/test.options.ts'
import { authored, siteOf, type Authored } from '../lib/authored.ts'
import type { RowOf, TypedFeeds } from '../model/feed-rows.ts'
import type { budgetSchema } from '../source/budget.options.ts'
import type { Feed } from './feed.ts'
import type { AnySource, Source } from './source.ts'

export { from, type Feed, type FeedOptions, type Input } from './feed.ts'
export { http, source, type AnySource, type HttpSource, type Source } from './source.ts'
export { alert, change, derive, distinct, events, fill, group, join, keep, rate, select, series, top, where, window } from './steps.ts'
export type { Operation, Sample, Table } from './rows.ts'
export type { FeedRows, RowOf } from '../model/feed-rows.ts'
export type { Cell, Row } from '../model/row.ts'

type Sources = Readonly<Record<string, Source<object> | AnySource | string>>
type Feeds = Readonly<Record<string, Feed<object>>>

/** A config: the sections of a file, with the values that they have there. */
export interface WrittenConfig<S extends Sources, F extends Feeds | undefined> {
  readonly server?: z.input<typeof serverSchema>
  readonly auth?: 'none' | z.input<typeof authSchema>
  readonly limits?: z.input<typeof limitsSchema>
  readonly log?: z.input<typeof logSchema>
  readonly budgets?: Readonly<Record<string, z.input<typeof budgetSchema>>>
  /** The folder of what survives a restart; default: nothing does. */
  readonly state?: string
  /** In force for each source that does not have them. */
  readonly defaults?: z.input<typeof defaultsSchema>
  readonly sources: S
  readonly feeds?: F
  /** Cases for `millrace test`, by name. */
  readonly tests?: Readonly<Record<string, z.input<typeof testSchema>>>
  readonly boards?: Readonly<Record<string, z.input<typeof boardSchema>>>
}

type RowsOf<T> = { readonly [N in keyof T]: RowOf<T[N]> }

/** A config whose feeds the compiler knows: `connect<typeof config>(url)`. */
export type DefinedConfig<S extends Sources, F extends Feeds | undefined> = WrittenConfig<S, F> &
  TypedFeeds<RowsOf<S> & (F extends Feeds ? RowsOf<F> : unknown)>

/** What `millrace.config.ts` exports by default. Nothing is judged here: that is for whoever reads it, who tells all that is wrong with it. */
export function defineConfig<S extends Sources, F extends Feeds | undefined = undefined>(config: WrittenConfig<S, F>): DefinedConfig<S, F> {
  const part: Authored = { value: config, site: siteOf(defineConfig, 'defineConfig') }
  return Object.defineProperty({ ...config }, authored, { value: part })
}
