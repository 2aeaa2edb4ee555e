import type { z } from 'zod'
import { valueAt, type Finding, type Path, type Report } from './finding.ts'
import { findingsOf } from './issue.ts'
import type { Tree } from './tree.ts'

/** Validates parts of a config and reports what is wrong with them. */
export class Judge {
  readonly tree: Tree
  readonly report: Report
  /** Reads a text file that the config names, from where the config is; throws when it cannot. */
  readonly readFile: (path: string) => string

  constructor(tree: Tree, report: Report, readFile: (path: string) => string) {
    this.tree = tree
    this.report = report
    this.readFile = readFile
  }

  /**
   * The output of a schema for a value at a path; undefined where it is wrong, which is then reported. `origin` says where a member of
   * the value was written, where that is elsewhere (a key of `defaults`).
   */
  check<S extends z.ZodType>(schema: S, value: unknown, path: Path, origin: (path: Path) => Path = path => path): z.output<S> | undefined {
    const first = schema.safeParse(value)
    const result = first.success ? first : this.#retry(schema, value, path, first, origin)
    if (result.success) return result.data
    for (const finding of findingsOf(result.error.issues, schema, value, path)) this.report({ ...finding, path: origin(finding.path) })
    return undefined
  }

  /** An unquoted `${PORT}` is a text unless only a number or boolean will do. */
  #retry<S extends z.ZodType>(
    schema: S,
    value: unknown,
    base: Path,
    first: z.ZodSafeParseError<z.output<S>>,
    origin: (path: Path) => Path,
  ) {
    const replaced = findingsOf(first.error.issues, schema, value, base).reduce((so: unknown, { path }: Finding) => {
      const alternative = this.tree.alternative(origin(path))
      return alternative === undefined ? so : withMember(so, path.slice(base.length), alternative)
    }, value)
    return replaced === value ? first : schema.safeParse(replaced)
  }
}

/** A copy in which the value at a path, which must be there, is another. */
function withMember(value: unknown, path: Path, other: unknown): unknown {
  const [name, ...rest] = path
  if (name === undefined) return other
  const inner = withMember(valueAt(value, [name]), rest, other)
  if (Array.isArray(value)) return value.map((item: unknown, index) => (index === name ? inner : item))
  return Object.fromEntries(Object.entries(value as object).map(([key, item]: [string, unknown]) => [key, key === name ? inner : item]))
}
