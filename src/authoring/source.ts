import type { z } from 'zod'
import type { sourceSchemas } from '../config/source-section.ts'
import { authored, siteOf, type Authored } from '../lib/authored.ts'
import type { Row } from '../model/row.ts'

/** A source, to be put under its name in `sources`; `R` are its rows, `K` is their key column. */
export interface Source<R extends object = Row, K extends string = string> {
  readonly '~row'?: R
  readonly '~key'?: K
}

type Written<Kind extends keyof typeof sourceSchemas> = z.input<(typeof sourceSchemas)[Kind]>

/** All keys of a source that asks a URL, as in a file. */
export type HttpSource = Omit<Written<'url'>, 'shape' | 'key'>

/** All keys of a source of any kind, as in a file. */
export type AnySource = Written<'url'> | Written<'webSocket'> | Written<'file'> | Written<'exec'> | Written<'system'>

interface Shaped<S extends z.core.$ZodType, K> extends HttpSource {
  /** What a row has to be: it fails a poll that does not meet it, and tells the compiler of the rows. */
  readonly shape: S
  readonly key?: K
}

interface Unshaped<K> extends HttpSource {
  readonly shape?: 'learn' | 'any' | (string & {}) | Readonly<Record<string, unknown>>
  readonly key?: K
}

type KeyColumn<K> = K extends string ? K : K extends readonly [infer Only extends string] ? Only : '#'

function part(value: unknown, called: (...given: never) => unknown, call: string): object {
  const made: Authored = { value, site: siteOf(called, call) }
  return Object.freeze({ [authored]: made })
}

/** A source that asks a URL, by http or https. With a schema of zod as its `shape` the compiler knows its rows. */
export function http<S extends z.core.$ZodType<unknown, object>, const K extends string | readonly string[] = readonly []>(
  options: Shaped<S, K>,
): Source<z.input<S>, K extends readonly [] ? string : KeyColumn<K>>
export function http<R extends object = Row>(options: Unshaped<string | readonly string[]>): Source<R>
export function http(options: object): Source {
  return part(options, http, 'http')
}

/** A source of any kind, with the keys that it has in a file. */
export function source<R extends object = Row>(options: AnySource): Source<R> {
  return part(options, source, 'source')
}
