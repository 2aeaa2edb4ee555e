/** Where in a config something stands: names of maps and places in lists. */
export type Path = readonly (string | number)[]

/** Something wrong, by the path of the value; `problem.ts` gives it its place in the file. */
export interface Finding {
  readonly path: Path
  /** What the caret points at: the name of the entry (an unknown key), its value, or a stretch of an expression. */
  readonly at: 'name' | 'value' | Stretch
  /** One sentence, where `expected` does not say it. */
  readonly message?: string
  readonly expected?: string
  /** Says so even where the file has no such value: a missing key has found nothing. */
  readonly found?: string
  /** How to mend it: `did you mean 'every'?`. */
  readonly hint?: string
}

/** A part of a text value, in UTF-16 units from its beginning. */
export interface Stretch {
  readonly from: number
  readonly length: number
}

export type Report = (finding: Finding) => void

/** One text for each path, so that paths can be members of a Set. */
export function pathKey(path: Path): string {
  return JSON.stringify(path)
}

/** `feeds.empty.steps[0].select["a b"]` */
export function printPath(path: Path): string {
  return path.reduce<string>((text, member) => {
    if (typeof member === 'number') return `${text}[${member}]`
    if (!/^[\p{L}$_][\p{L}\p{N}$_-]*$/u.test(member)) return `${text}[${JSON.stringify(member)}]`
    return text === '' ? member : `${text}.${member}`
  }, '')
}

/** The value at a path, own members only; undefined where there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, member) => {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, member)) return undefined
    return (inner as Readonly<Record<string | number, unknown>>)[member]
  }, value)
}

/** A map as configs know it: an object that is no array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value in a few words, as a problem says what was found. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty map' : 'a map'
  if (typeof value === 'string') return value === '' ? 'an empty text' : clip(JSON.stringify(value))
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`
}

const longestFound = 60

export function clip(text: string): string {
  return text.length > longestFound ? `${text.slice(0, longestFound - 1)}…` : text
}
