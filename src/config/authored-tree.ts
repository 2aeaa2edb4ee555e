import { authoredOf, type Site } from '../lib/authored.ts'
import { tellPrint } from '../lib/fingerprint.ts'
import { isSecretName, withoutSecrets } from '../lib/safe-text.ts'
import { describeValue, isRecord, pathKey, printPath, valueAt, type Finding, type Path } from './finding.ts'
import type { Place } from './problem.ts'
import { ScriptText } from './script-text.ts'
import { SourceText } from './source-text.ts'
import { concealedValue, type Tree } from './tree.ts'

/** A call that was given the members of a path. */
interface Call {
  readonly site: Site
  /** Of what its first argument is. */
  readonly path: Path
  /** Of the calls of that name on its line, from 0. */
  readonly nth: number
}

export interface AuthoredOptions {
  /** The text of a file of the program; undefined: it is not known. */
  readonly textOf: (file: string) => string | undefined
  /** The file that is not named along with a place, as it is the config itself. */
  readonly main: string
  /** Equal as long as the program is the same: functions of equal programs are equal. Default: each function differs from any other. */
  readonly print?: string
}

/** What bears a name: the members of `sources` and `feeds`. */
function isNamed([section, name, ...rest]: Path): boolean {
  return (section === 'sources' || section === 'feeds') && name !== undefined && rest.length === 0
}

/** A config that a program made: parts of it stand for their names elsewhere, and what was written where is looked up when it is asked for. */
export class AuthoredTree implements Tree {
  readonly value: unknown
  /** What cannot stand where it does. */
  readonly faults: Finding[] = []
  readonly #options: AuthoredOptions
  readonly #names = new Map<unknown, string>()
  readonly #calls = new Map<string, Call>()
  readonly #sites = new Map<string, Set<Site>>()
  readonly #open = new Set<unknown>()
  readonly #concealed = new Set<string>()

  constructor(written: unknown, options: AuthoredOptions) {
    this.#options = options
    const whole = authoredOf(written)?.value ?? written
    for (const section of ['feeds', 'sources'])
      for (const [name, part] of Object.entries(valueAt(whole, [section]) ?? {})) if (authoredOf(part)) this.#names.set(part, name)
    this.value = this.#plain(written, [])
  }

  place(path: Path, at: Finding['at']): Place | undefined {
    const call = this.#callOf(path)
    const text = call && this.#options.textOf(call.site.file)
    if (call === undefined || text === undefined) return undefined
    const lines = new SourceText(text)
    const { site } = call
    const start = lines.offset(site.line - 1)
    const script = new ScriptText(text)
    const found = script.find({ line: start, call: site.call, nth: call.nth }, path.slice(call.path.length))
    const file = site.file === this.#options.main ? {} : { file: site.file }
    const [from, to] = found === undefined ? [start, start] : found.isWhole && at !== 'name' ? found.value : found.name
    const isWithin = typeof at === 'object' && found?.isWhole === true && script.isLiteral(found.value)
    return { ...(isWithin ? lines.place(from + 1 + at.from, from + 1 + at.from + at.length) : lines.place(from, to)), ...file }
  }

  found(path: Path): string {
    const value = valueAt(this.value, path)
    if (this.#concealed.has(pathKey(path)) || (typeof value === 'string' && isSecretPath(path))) return concealedValue
    return withoutSecrets(describeValue(value))
  }

  alternative(): undefined {
    return undefined
  }

  hasCommentBehind(): boolean {
    return false
  }

  redact(text: string): string {
    return text
  }

  conceal(path: Path): boolean {
    this.#concealed.add(pathKey(path))
    return false
  }

  #callOf(path: Path): Call | undefined {
    for (let length = path.length; length >= 0; length--) {
      const call = this.#calls.get(pathKey(path.slice(0, length)))
      if (call !== undefined) return call
    }
    return undefined
  }

  #plain(written: unknown, path: Path): unknown {
    const part = authoredOf(written)
    if (part === undefined) return this.#unmarked(written, path)
    const isStep = typeof written === 'function'
    if (path.length > 0 && !isStep && !isNamed(path)) return this.#nameOf(written, path)
    // A step is given its options, which a config has under its name.
    const of = isStep && isRecord(part.value) ? [...path, ...Object.keys(part.value)] : path
    this.#take(path, part.site, of)
    for (const [member, site] of part.members ?? []) this.#take([...path, member], site, path)
    return this.#unmarked(part.value, path)
  }

  #take(path: Path, site: Site | undefined, of: Path): void {
    if (site === undefined) return
    // On one line calls are made in the order in which they stand there.
    const place = `${site.file}:${site.line} ${site.call}`
    const sites = this.#sites.get(place) ?? new Set<Site>()
    this.#sites.set(place, sites.add(site))
    this.#calls.set(pathKey(path), { site, path: of, nth: [...sites].indexOf(site) })
  }

  #nameOf(part: unknown, path: Path): string | undefined {
    const name = this.#names.get(part)
    const message = 'this source or feed has no name'
    if (name === undefined)
      this.faults.push({ path, at: 'value', message, hint: 'put it under `sources` or `feeds`: what is computed from names it' })
    return name
  }

  #unmarked(written: unknown, path: Path): unknown {
    if (typeof written === 'function') {
      const { print } = this.#options
      if (print !== undefined) tellPrint(written, `${print} ${printPath(path)} ${String(written)}`)
      return written
    }
    if (typeof written !== 'object' || written === null) return written
    const prototype: unknown = Object.getPrototypeOf(written)
    if (!Array.isArray(written) && prototype !== Object.prototype && prototype !== null) return written
    // A loop is left as it is, for a schema to refuse.
    if (this.#open.has(written)) return written
    this.#open.add(written)
    const plain = Array.isArray(written)
      ? written.map((item: unknown, index) => this.#plain(item, [...path, index]))
      : Object.fromEntries(Object.entries(written).map(([name, item]: [string, unknown]) => [name, this.#plain(item, [...path, name])]))
    this.#open.delete(written)
    return plain
  }
}

/** Whether what it leads to is called like a secret; the `key` of a source is of columns, and `auth` holds others. */
function isSecretPath(path: Path): boolean {
  const name = path.findLast(part => typeof part === 'string') ?? ''
  return isSecretName(name) && name !== 'auth' && name !== 'tokens' && (name !== 'key' || path.length > 3)
}
