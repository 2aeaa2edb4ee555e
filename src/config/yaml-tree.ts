import { isAlias, isMap, isScalar, isSeq, type Alias, type Document, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml'
import { clip, pathKey, type Finding, type Path } from './finding.ts'
import type { Place } from './problem.ts'
import { scalarOffset } from './scalar-offset.ts'
import type { SourceText } from './source-text.ts'
import { concealedValue, type Tree } from './tree.ts'
import { resolveVariables, type VariableSources } from './variable.ts'
import { unmask } from './variable-mask.ts'
import { quote } from './yaml-syntax.ts'

type Range = readonly [from: number, to: number]

/** Something YAML reads otherwise than it was meant, or a variable that cannot be resolved. */
export interface TreeFault {
  readonly path: Path
  readonly range: Range
  readonly message: string
  readonly hint?: string
  /** The value is not what was meant, so that nothing else can be said of it. */
  readonly isSpoiling: boolean
}

interface Entry {
  readonly path: Path
  readonly name?: Range
  /** It stands inside of { } or [ ]. */
  readonly isInFlow?: boolean
  node?: Node
  /** The value is not what the file shows: offsets inside it mean nothing. */
  isResolved?: boolean
}

/** Anchors may be used again and again: a small file can stand for a huge tree. */
const maxValues = 100_000
const coreTags = new Set(['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map(name => `tag:yaml.org,2002:${name}`))

function rangeOf(node: Node): Range {
  const [from, to] = node.range ?? [0, 0]
  return [from, to]
}

/** The parser was told that names are texts. */
function nameOf(key: Node): string {
  return isScalar(key) && typeof key.value === 'string' ? unmask(key.value) : ''
}

/** Plain values built by hand from a YAML document, so that a key called `__proto__` survives and every value knows its place. */
export class YamlTree implements Tree {
  readonly value: unknown
  readonly faults: TreeFault[] = []
  readonly #source: SourceText
  readonly #document: Document.Parsed
  readonly #variables: VariableSources
  readonly #entries = new Map<string, Entry>()
  /** Built when it is asked for. */
  #named: ReadonlyMap<number, readonly Path[]> | undefined
  readonly #alternatives = new Map<string, number | boolean>()
  readonly #secrets = new Map<string, string>()
  /** Where secrets stand in the file. */
  readonly #concealed: Range[] = []
  /** Anchored nodes that are being built: an alias to one of them would never end. */
  readonly #open = new Set<Node>()
  #count = 0

  constructor(document: Document.Parsed, source: SourceText, variables: VariableSources) {
    this.#source = source
    this.#document = document
    this.#variables = variables
    this.value = this.#build(document.contents, { path: [] }) ?? {}
  }

  place(path: Path, at: Finding['at']): Place | undefined {
    const entry = this.#nearest(path)
    const [from, to] = this.#range(entry, entry.path.length === path.length ? at : 'name')
    const place = this.#source.place(from, to)
    return { ...place, text: this.#veiled(place) }
  }

  found(path: Path): string {
    const node = this.#entries.get(pathKey(path))?.node
    if (node === undefined) return 'nothing'
    if (isMap(node)) return node.items.length === 0 ? 'an empty map' : 'a map'
    if (isSeq(node)) return node.items.length === 0 ? 'an empty list' : 'a list'
    const [from, to] = rangeOf(node)
    const written = this.#source.text.slice(from, to)
    if (written === '') return 'nothing'
    if (this.#concealed.some(range => range[0] === from)) return concealedValue
    return isScalar(node) && node.type?.startsWith('BLOCK') ? 'a block of text' : clip(written.replaceAll(/\s+/g, ' '))
  }

  alternative(path: Path): number | boolean | undefined {
    return this.#alternatives.get(pathKey(path))
  }

  redact(text: string): string {
    let redacted = text
    const longestFirst = [...this.#secrets].sort(([a], [b]) => b.length - a.length)
    for (const [value, written] of longestFirst) redacted = redacted.replaceAll(value, () => written)
    return redacted
  }

  conceal(path: Path): boolean {
    const entry = this.#entries.get(pathKey(path))
    if (entry?.node === undefined || entry.isResolved === true) return false
    this.#concealed.push(rangeOf(entry.node))
    return true
  }

  /** The line of a place, with what is concealed of it covered; as long as it was. */
  #veiled({ line, text }: Place): string {
    const start = this.#source.offset(line - 1)
    return this.#concealed.reduce((veiled, [from, to]) => {
      const [first, end] = [Math.max(0, from - start), Math.min(text.length, to - start)]
      return first < end ? veiled.slice(0, first) + '*'.repeat(end - first) + veiled.slice(end) : veiled
    }, text)
  }

  /** The innermost entry that an offset belongs to, or that begins last before it on its line. */
  pathOf(offset: number): Path {
    const line = this.#source.lineOf(offset)
    let [best, latest]: [Path, number] = [[], -1]
    for (const { path, name, node } of this.#entries.values()) {
      const [from, to] = [name?.[0] ?? node?.range?.[0] ?? 0, node?.range?.[1] ?? name?.[1] ?? 0]
      const isNear = offset <= to || this.#source.lineOf(Math.max(from, to - 1)) === line
      if ((from < offset || offset === 0) && isNear && from >= latest) [best, latest] = [path, from]
    }
    return best
  }

  /** What is called by the name that begins at an offset: several where an alias repeats it, none where there is no name. */
  pathsAt(offset: number): readonly Path[] {
    this.#named ??= this.#pathsByOffset()
    return this.#named.get(offset) ?? []
  }

  #pathsByOffset(): ReadonlyMap<number, readonly Path[]> {
    const found = new Map<number, Path[]>()
    for (const { path, name } of this.#entries.values()) {
      if (name === undefined) continue
      const before = found.get(name[0])
      if (before === undefined) found.set(name[0], [path])
      else before.push(path)
    }
    return found
  }

  hasCommentBehind(path: Path): boolean {
    const node = this.#entries.get(pathKey(path))?.node
    return node !== undefined && isScalar(node) && node.type === 'PLAIN' && /^[ \t]+#/.test(this.#source.text.slice(rangeOf(node)[1]))
  }

  #nearest(path: Path): Entry {
    for (let length = path.length; length > 0; length--) {
      const entry = this.#entries.get(pathKey(path.slice(0, length)))
      if (entry !== undefined) return entry
    }
    return this.#entries.get('[]') ?? { path: [] }
  }

  #range({ name, node, isResolved }: Entry, at: Finding['at']): Range {
    const value = node === undefined ? undefined : rangeOf(node)
    const isEmpty = value === undefined || value[0] === value[1]
    // A block of lines is shown by its name, which stands on a line of its own.
    const isBlock = node !== undefined && (isMap(node) || isSeq(node)) && node.flow !== true
    if (name !== undefined && (at === 'name' || isEmpty || isBlock)) return name
    if (node === undefined || value === undefined) return [0, 0]
    if (typeof at === 'string' || isResolved || !isScalar(node)) return isBlock ? [value[0], value[0]] : value
    const from = scalarOffset(this.#source.text, node, at.from)
    return [from, Math.max(from + 1, scalarOffset(this.#source.text, node, at.from + at.length))]
  }

  #build(node: Node | null | undefined, entry: Entry): unknown {
    this.#entries.set(pathKey(entry.path), entry)
    if (node === null || node === undefined || this.#isTooMany(node, entry.path)) return null
    entry.node = node
    this.#checkTag(node, entry.path)
    if (isAlias(node)) return this.#alias(node, entry)
    if (isScalar(node)) return this.#scalar(node, entry)
    this.#open.add(node)
    const value = this.#collection(node, entry.path)
    this.#open.delete(node)
    return value
  }

  #fault(path: Path, range: Range, message: string, hint?: string): void {
    this.faults.push({ path, range, message, isSpoiling: true, ...(hint === undefined ? {} : { hint }) })
  }

  #isTooMany(node: Node, path: Path): boolean {
    if (++this.#count === maxValues) this.#fault(path, rangeOf(node), `more than ${maxValues} values`)
    return this.#count >= maxValues
  }

  /** `where: !active` is the tag `!active` of an empty text. */
  #checkTag(node: Node, path: Path): void {
    const { tag } = node as { readonly tag?: string }
    if (tag === undefined || coreTags.has(tag)) return
    const [start, to] = rangeOf(node)
    const from = Math.max(0, this.#source.text.lastIndexOf('!', Math.max(0, start - 1)))
    const written = this.#source.text.slice(from, Math.max(from, to)).trim()
    const hint = written.includes('\n') ? '' : `: ${quote(written)}`
    this.#fault(path, [from, Math.max(from + 1, to)], 'YAML reads a leading `!` as a tag', `quote the expression${hint}`)
  }

  #alias(alias: Alias, entry: Entry): unknown {
    const target = alias.resolve(this.#document)
    if (target !== undefined && !this.#open.has(target)) return this.#build(target, entry)
    const message = target === undefined ? `there is no anchor &${alias.source}` : `the alias *${alias.source} stands inside its own anchor`
    const hint = target === undefined ? `if it is an expression, quote it: ${quote(`*${alias.source}`)}` : undefined
    this.#fault(entry.path, rangeOf(alias), message, hint)
    return null
  }

  #scalar(scalar: Scalar, entry: Entry): unknown {
    const value = typeof scalar.value === 'string' ? unmask(scalar.value) : scalar.value
    if (value === null && scalar.anchor !== undefined && scalar.source === '')
      this.#fault(entry.path, entry.name ?? rangeOf(scalar), 'YAML reads a leading `&` as an anchor', 'quote the text')
    if (typeof value !== 'string') return typeof value === 'bigint' ? Number(value) : value
    const { text, faults, secrets } = resolveVariables(value, this.#variables)
    for (const fault of faults) {
      const range = this.#range(entry, { from: fault.from, length: fault.length })
      this.#fault(entry.path, range, fault.message, fault.hint)
    }
    if (text === value) return value
    if (scalar.type === 'PLAIN' && entry.isInFlow === true && faults.length === 0)
      this.#fault(entry.path, rangeOf(scalar), 'inside { } and [ ] YAML takes the braces of ${..} for its own', `quote it: ${quote(value)}`)
    entry.isResolved = true
    this.#keepSecrets(secrets.size === 0 ? secrets : new Map([...secrets, [value, text]]))
    if (scalar.type === 'PLAIN') this.#offerAlternative(text, entry.path)
    return text
  }

  /** Values of one to three characters are no secrets, and hiding them would spoil every text. */
  #keepSecrets(secrets: ReadonlyMap<string, string>): void {
    for (const [written, secret] of secrets) if (secret.length > 3) this.#secrets.set(secret, written)
  }

  #offerAlternative(text: string, path: Path): void {
    if (/^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$/.test(text)) this.#alternatives.set(pathKey(path), Number(text))
    else if (text === 'true' || text === 'false') this.#alternatives.set(pathKey(path), text === 'true')
  }

  #collection(node: Node, path: Path): unknown {
    if (isMap(node)) return this.#map(node as YAMLMap<Node>, path)
    if (!isSeq(node)) return null
    return (node.items as Node[]).map((item, index) => this.#build(item, { path: [...path, index], isInFlow: node.flow === true }))
  }

  #map(map: YAMLMap<Node>, path: Path): Readonly<Record<string, unknown>> {
    const members = new Map<string, unknown>()
    const ranges = new Map<string, Range>()
    const items = map.items as readonly Pair<Node, Node | null>[]
    for (const [index, { key, value }] of items.entries()) {
      const name = nameOf(key)
      const range = rangeOf(key)
      const first = ranges.get(name)
      if (map.flow === true && value === null) this.#comma(items, index, path)
      else if (first !== undefined) this.#twice(name, range, first, path)
      else {
        ranges.set(name, range)
        members.set(name, this.#build(value, { path: [...path, name], name: range, isInFlow: map.flow === true }))
      }
    }
    return Object.fromEntries(members)
  }

  #twice(name: string, range: Range, first: Range, path: Path): void {
    const message = `\`${name}\` stands here twice: first on line ${this.#source.lineOf(first[0]) + 1}`
    this.faults.push({ path: [...path, name], range, message, isSpoiling: false })
  }

  /** `{share: quantile(x, 0.9)}` is the two entries `share` and `0.9)`: one fault for each value that was cut, however often. */
  #comma(items: readonly Pair<Node, Node | null>[], index: number, path: Path): void {
    const [before, cut] = [items[index - 1], items[index]]
    if (cut === undefined || (before !== undefined && before.value === null)) return
    const next = items.findIndex((item, at) => at > index && item.value !== null)
    const to = rangeOf((items[next === -1 ? items.length - 1 : next - 1] ?? cut).key)[1]
    if (before?.value === undefined || before.value === null)
      return this.#fault([...path, nameOf(cut.key)], [rangeOf(cut.key)[0], to], 'this name has no value')
    const name = nameOf(before.key)
    const from = rangeOf(before.value)[0]
    const mended = `${name}: ${quote(this.#source.text.slice(from, to).replaceAll(/\s+/g, ' '))}`
    this.#fault([...path, name], [from, to], 'inside { } a comma ends the value', `quote the expression: ${mended}`)
  }
}
