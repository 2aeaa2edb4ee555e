import { headersWithoutSecrets } from '../lib/safe-headers.ts'
import { commandWithoutSecrets } from '../lib/safe-command.ts'
import { isSecretName, valueWithoutSecrets, withoutPath } from '../lib/safe-text.ts'
import { formatDuration, formatSize } from '../lib/unit.ts'
import type { Config } from './config.ts'
import { isRecord, printPath, valueAt, type Path } from './finding.ts'
import { jsonSchema } from './json-schema.ts'
import { kindOf } from './source-section.ts'
import type { Tree } from './tree.ts'

/** A value that a config leads to, as the config says it or would, without what came from variables, and without secrets. */
export interface ValueInForce {
  /** `limits.maxConnections` */
  readonly path: string
  readonly value: string
  /** `default`, or where it was written: `millrace.yaml:12`. */
  readonly origin: string
}

type Schema = Readonly<Record<string, unknown>>

function inner(schema: Schema, ...members: readonly (string | number)[]): Schema {
  const found = valueAt(schema, members)
  return isRecord(found) ? found : {}
}

/** Every value in force: of fixed sections each key; of sources and feeds each key that is written or has a default. */
export function valuesInForce(tree: Tree, file: string, config: Config): readonly ValueInForce[] {
  const { properties } = jsonSchema() as { readonly properties: Schema }
  const explain = new Explanation(tree, file)
  for (const section of ['server', 'limits', 'log']) explain.entry([section], inner(properties, section, 'properties'))
  explainAuth(explain, tree.value, inner(properties, 'auth', 'anyOf', 1, 'properties'))
  if (valueAt(tree.value, ['state']) !== undefined) explain.written(['state'])
  for (const [name] of explain.entries('budgets'))
    explain.entry(['budgets', name], inner(properties, 'budgets', 'additionalProperties', 'properties'))
  // A text, then a source of each kind.
  const [, ...kinds] = valueAt(properties, ['sources', 'additionalProperties', 'anyOf']) as readonly Schema[]
  for (const [name, source] of explain.entries('sources')) {
    const kind = kinds[kindOf(source)]
    if (typeof source === 'string') explain.add(['sources', name, 'url'], source, ['sources', name])
    const resolved = config.sources.find(known => known.name === name)
    const filled = { ...resolved, ...(resolved === undefined ? {} : (valueAt(resolved, [resolved.kind]) as object)) }
    explain.entry(['sources', name], inner(kind ?? {}, 'properties'), filled, ['defaults'])
  }
  for (const [name] of explain.entries('feeds'))
    explain.entry(['feeds', name], inner(properties, 'feeds', 'additionalProperties', 'properties'), {
      ...config.feeds.find(known => known.name === name),
    })
  return explain.values
}

/** Who has a token, and what it opens; never the token. */
function explainAuth(explain: Explanation, tree: unknown, keys: Schema): void {
  const auth = valueAt(tree, ['auth'])
  if (!isRecord(auth)) {
    if (auth !== undefined) explain.written(['auth'])
    return
  }
  const { tokens: _, ...others } = keys
  const { token: __, ...shown } = inner(keys, 'tokens', 'items', 'properties')
  for (const index of Array.isArray(auth['tokens']) ? auth['tokens'].keys() : []) explain.entry(['auth', 'tokens', index], shown)
  explain.entry(['auth'], others)
}

/** A value in code units as a config would say it. */
function asWritten(key: string, filled: Schema): unknown {
  const [ms, bytes] = [filled[`${key}Ms`], filled[`${key}Bytes`]]
  if (typeof ms === 'number') return formatDuration(ms)
  if (typeof bytes === 'number') return formatSize(bytes).replace(' ', '')
  const value = filled[key]
  return value instanceof Map ? undefined : value
}

/** Of how a source says who asks no more is shown than its kind. */
function isSourceAuth([section, , key]: Path): boolean {
  return section === 'sources' && key === 'auth'
}

/** Names in the steps and exports of a feed are columns and labels, and what they name is computed: none of it is a secret. */
function isComputation([section, , key]: Path): boolean {
  return section === 'feeds' && (key === 'steps' || key === 'export' || key === 'columns')
}

/** The command of a source, or its words. */
function isCommand([section, , key]: Path, value: unknown): value is string | readonly string[] {
  const isOfWords = typeof value === 'string' || (Array.isArray(value) && value.every(word => typeof word === 'string'))
  return section === 'sources' && key === 'exec' && isOfWords
}

function isSinks([section, , key]: Path): boolean {
  return section === 'feeds' && key === 'sinks'
}

function isHeaders([section, , key]: Path): boolean {
  return section === 'sources' && key === 'headers'
}

/**
 * Sinks without what only those who are let in know: the paths that webhooks post to, and headers. `told`: what may be told of a text.
 */
function sinksWithoutSecrets(sinks: unknown, told: (text: string) => string): unknown {
  const shown = (url: unknown): unknown => (typeof url === 'string' && told(url) === url ? withoutPath(url) : url)
  if (!Array.isArray(sinks)) return sinks
  const options = (kind: string, of: unknown): unknown => {
    const url = (text: unknown): unknown => (kind === 'webhook' ? shown(text) : text)
    if (!isRecord(of)) return url(of)
    return { ...of, url: url(of['url']), ...('headers' in of ? { headers: headersWithoutSecrets(of['headers'], told) } : {}) }
  }
  return sinks.map((sink: unknown) =>
    isRecord(sink) ? Object.fromEntries(Object.entries(sink).map(([kind, of]) => [kind, options(kind, of)])) : sink,
  )
}

/** A value without what is a secret by where it stands, whatever it is called. */
function withoutOwnSecrets(path: Path, value: unknown, told: (text: string) => string): unknown {
  if (isSourceAuth(path) && isRecord(value)) return Object.keys(value).join(', ')
  if (isHeaders(path)) return headersWithoutSecrets(value, told)
  return isSinks(path) ? sinksWithoutSecrets(value, told) : value
}

/** A function as it is written: JSON knows none. */
function functionText(_key: string, value: unknown): unknown {
  return typeof value === 'function' ? String(value) : value
}

class Explanation {
  readonly values: ValueInForce[] = []
  readonly #tree: Tree
  readonly #file: string

  constructor(tree: Tree, file: string) {
    this.#tree = tree
    this.#file = file
  }

  entries(section: string): readonly (readonly [string, unknown])[] {
    const written = valueAt(this.#tree.value, [section])
    return isRecord(written) ? Object.entries(written) : []
  }

  /** The keys of one map: written there, written in `defaults`, or a default, of the schema's or as it was `filled` in. */
  entry(path: Path, keys: Schema, filled: Schema = {}, defaults?: Path): void {
    for (const [key, schema] of Object.entries(keys)) {
      const own = [...path, key]
      const other = defaults === undefined ? undefined : [...defaults, key]
      if (valueAt(this.#tree.value, own) !== undefined) this.written(own)
      else if (other !== undefined && valueAt(this.#tree.value, other) !== undefined) this.add(own, valueAt(this.#tree.value, other), other)
      else {
        const value = isRecord(schema) ? (schema['default'] ?? asWritten(key, filled)) : undefined
        if (value !== undefined && !this.#isSaid(own)) this.add(own, value)
      }
    }
  }

  #isSaid(path: Path): boolean {
    return this.values.some(value => value.path === printPath(path))
  }

  written(path: Path): void {
    this.add(path, valueAt(this.#tree.value, path), path)
  }

  /** `from`: where it was written; none: a default. */
  add(path: Path, value: unknown, from?: Path): void {
    const place = from === undefined ? undefined : this.#tree.place(from, 'value')
    const origin = from === undefined ? 'default' : place === undefined ? this.#file : `${place.file ?? this.#file}:${place.line}`
    const told = (text: string): string => this.#tree.redact(text)
    const shown = isCommand(path, value)
      ? commandWithoutSecrets(value, told)
      : valueWithoutSecrets(withoutOwnSecrets(path, value, told), told, isComputation(path) ? () => false : isSecretName)
    this.values.push({ path: printPath(path), value: typeof shown === 'string' ? shown : JSON.stringify(shown, functionText), origin })
  }
}
