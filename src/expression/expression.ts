import { noColumn } from '../lib/suggest.ts'
import { cellOf, type Cell, type Row } from '../model/row.ts'
import { assertWithinLimits } from './client-limits.ts'
import { ExpressionError, type TextRange } from './expression-error.ts'
import { Program } from './program.ts'
import { parseSyntax, type Node } from './syntax.ts'
import { toCell } from './to-cell.ts'

export interface ExpressionOptions {
  /** Who wrote it: a client's is held to limits. */
  readonly origin: 'config' | 'client'
  /** The columns of the table, where they are known: any other is an error. */
  readonly columns?: readonly string[]
  /** By column the members that there are of it, where they are known: any other is an error. */
  readonly members?: ReadonlyMap<string, readonly string[]>
  /** The result is to be true or false: a text or a number is an error. */
  readonly condition?: boolean
  /** Longest text; default 512 for a client, 4096 for a config. */
  readonly maxCharacters?: number
  /** Most nodes of a client's expression; default 100. */
  readonly maxNodes?: number
  /** Deepest nesting of a client's expression; default 16. */
  readonly maxDepth?: number
}

/** Why an evaluation gave nothing, for people: how often, and the last reason. */
export interface Misses {
  readonly count: number
  readonly last?: string
}

/**
 * A CEL expression over the columns of a row (null where absent) and `key`, the row's key. Where a value is missing or of a type
 * that does not fit, a condition is false and a value null: a miss, which is counted. Equality is no miss: `x == null` asks for it,
 * and `x != 3` holds where x is null.
 */
export class Expression {
  /** The canonical text: one spacing, double quotes. */
  readonly text: string
  /** The columns it reads, in the order of the text. */
  readonly columns: readonly string[]
  /** Those of them that it takes for there: it asks by no `has(x)`, `coalesce(x, ..)` or `x == null` whether they are. */
  readonly needed: readonly string[]
  readonly #program: Program
  #missCount = 0
  #lastMiss: unknown

  constructor(program: Program) {
    this.text = program.text
    this.columns = [...program.places.keys()]
    this.needed = program.needed
    this.#program = program
  }

  /** The members of a column that it takes for there. */
  neededOf(column: string): readonly string[] {
    return [...(this.#program.members.get(column) ?? [])].flatMap(([member, { isAsked }]) => (isAsked ? [] : [member]))
  }

  get misses(): Misses {
    return this.#missCount === 0 ? { count: 0 } : { count: this.#missCount, last: missText(this.#lastMiss) }
  }

  /** The value for a row; never NaN or infinite. */
  evaluate(row: Row, key: string): Cell {
    const { bareColumn } = this.#program
    if (bareColumn !== undefined) return cellOf(row, bareColumn)
    const value = this.#value(row, key, this.#program.required)
    return value === undefined ? null : toCell(value)
  }

  /** Whether the value for a row is true. */
  predicate(row: Row, key: string): boolean {
    const value = this.#value(row, key, this.#program.requiredForTrue)
    if (typeof value === 'boolean') return value
    if (value !== undefined) this.#miss(notBoolean)
    return false
  }

  /** Like `predicate`, but undefined where that cannot be told: a value is missing or of a type that does not fit. */
  judge(row: Row, key: string): boolean | undefined {
    const value = this.#value(row, key, this.#program.required)
    if (value === undefined || typeof value === 'boolean') return value
    return this.#miss(notBoolean)
  }

  #value(row: Row, key: string, required: readonly string[]): unknown {
    for (const column of required) if (cellOf(row, column) === null) return this.#miss(column)
    // Where rows miss, they miss by the thousand: an error is five times cheaper without its stack.
    const limit = Error.stackTraceLimit
    const hushed = this.#missCount > 0
    if (hushed) Error.stackTraceLimit = 0
    try {
      return this.#program.run(row, key)
    } catch (error) {
      return this.#miss(error)
    } finally {
      if (hushed) Error.stackTraceLimit = limit
    }
  }

  #miss(reason: unknown): undefined {
    this.#missCount += 1
    this.#lastMiss = reason
  }
}

const notBoolean = { summary: 'the result is neither true nor false' }

/** A column that is null, or what CEL threw. */
function missText(reason: unknown): string {
  if (typeof reason === 'string') return `${reason} is null`
  const { summary } = reason as { readonly summary?: string }
  return (summary ?? String(reason)).replace(/dyn<([^>]+)>/g, '$1')
}

/** The largest that clients may ask for take 30 KiB each. */
const cacheSize = 200

interface Compiled {
  readonly node: Node
  readonly program: Program
}

/** What clients asked for, by text, the least recently used first. */
const cache = new Map<string, Compiled>()

function remember(text: string, compiled: Compiled): Compiled {
  cache.delete(text)
  cache.set(text, compiled)
  const oldest = cache.keys().next()
  if (cache.size > cacheSize && oldest.done !== true) cache.delete(oldest.value)
  return compiled
}

function compileForClient(text: string, options: ExpressionOptions): Compiled {
  const known = cache.get(text)
  const node = known?.node ?? parseSyntax(text)
  assertWithinLimits(node, { maxNodes: options.maxNodes ?? 100, maxDepth: options.maxDepth ?? 16 })
  return remember(text, known ?? { node, program: new Program(text, node) })
}

function assertLength(text: string, options: ExpressionOptions): void {
  const most = options.maxCharacters ?? (options.origin === 'client' ? 512 : 4096)
  if (text.length <= most) return
  const range = { start: most, end: text.length }
  if (options.origin === 'config') throw new ExpressionError(`the expression is longer than ${most} characters`, range)
  throw new ExpressionError(`maxWhere: ${most} characters exceeded`, range, [{ limit: 'maxWhere', value: most }])
}

/** @throws ExpressionError at the first name that is none of those known; undefined: none are known */
function assertKnown(places: ReadonlyMap<string, TextRange>, known: readonly string[] | undefined): void {
  for (const [name, range] of places) if (known?.includes(name) === false) throw new ExpressionError(noColumn(name, known), range)
}

/**
 * Compiles the node of a larger text, whose places the errors tell.
 * @throws ExpressionError
 */
export function compileNode(source: string, node: Node, options: ExpressionOptions, ready?: Program): Expression {
  const program = ready ?? new Program(source, node)
  assertKnown(program.places, options.columns)
  for (const [column, members] of program.members) assertKnown(members, options.members?.get(column))
  if (options.condition === true) program.assertCondition(node)
  return new Expression(program)
}

/**
 * Compiles CEL.
 * @throws ExpressionError with the place and, where a limit was met, its key.
 */
export function compileExpression(text: string, options: ExpressionOptions): Expression {
  assertLength(text, options)
  if (options.origin === 'config') return compileNode(text, parseSyntax(text), options)
  const { node, program } = compileForClient(text, options)
  return compileNode(text, node, options, program)
}
