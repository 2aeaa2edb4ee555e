import type { ParseResult } from '@marcbachmann/cel-js'
import { cellOf, type Row } from '../model/row.ts'
import { ColumnBinder, type BoundText } from './bind-columns.ts'
import { environment } from './environment.ts'
import { ExpressionError, type TextRange } from './expression-error.ts'
import { printNode } from './printer.ts'
import { required, requiredForTrue } from './required-columns.ts'
import type { Node } from './syntax.ts'

/** What CEL reads its variables from; a Map, as a plain object would let names reach prototypes. */
class RowScope extends Map<string, unknown> {
  row: Row = {}
  key = ''
  readonly #columns: ReadonlyMap<string, string>
  readonly #keyVariable: string

  constructor(bound: BoundText) {
    super()
    this.#columns = bound.columns
    this.#keyVariable = bound.keyVariable
  }

  override get(variable: string): unknown {
    const column = this.#columns.get(variable)
    if (column !== undefined) return cellOf(this.row, column)
    return variable === this.#keyVariable ? this.key : undefined
  }
}

const typeWords: Readonly<Record<string, string>> = {
  dyn: 'any value',
  bool: 'true or false',
  int: 'a whole number',
  double: 'a number',
  string: 'a text',
  null: 'null',
}

function typeWord(type: string): string {
  const plain = type.replace(/^dyn<(.+)>$/, '$1')
  return (Object.hasOwn(typeWords, plain) ? typeWords[plain] : undefined) ?? plain.replace(/^google\.protobuf\./, '').toLowerCase()
}

interface CelProblem {
  readonly code: string
  readonly summary: string
  readonly range?: TextRange
}

function explain({ code, summary }: CelProblem): string {
  const pair = /^no such overload: (.+) (\S+) (.+)$/.exec(summary)
  if (pair !== null) return `'${pair[2] ?? ''}' does not go with ${typeWord(pair[1] ?? '')} and ${typeWord(pair[3] ?? '')}`
  const single = /^no such overload: ([-!])(.+)$/.exec(summary)
  if (single !== null) return `'${single[1] ?? ''}' does not go with ${typeWord(single[2] ?? '')}`
  const call = /^found no matching overload for '(.+)'$/.exec(summary)
  if (call !== null) return `there is no ${(call[1] ?? '').replace(/\bdyn\b/g, 'any')}`
  if (summary.startsWith('has() invalid')) return 'has() asks for a member: has(row.name), has(place.name)'
  const type = /got '(.+)'$/.exec(summary)?.[1]
  if (code === 'invalid_logical_operand' && type !== undefined) return `'&&' and '||' take conditions, found ${typeWord(type)}`
  if (code === 'invalid_condition_type' && type !== undefined) return `before '?' stands a condition, found ${typeWord(type)}`
  return summary
}

/** The place in the source of a place in the bound text. */
function sourceRange(bound: BoundText, root: Node, range: TextRange | undefined): TextRange {
  const held = bound.spans.filter(({ start, end }) => range !== undefined && start <= range.start && end >= range.end)
  const { start, end } = held.reduce(
    (least, span) => (span.end - span.start < least.end - least.start ? span : least),
    held[0] ?? { node: root, start: 0, end: 0 },
  ).node
  return { start, end }
}

function problemOf(error: unknown): CelProblem {
  const { code, summary, range } = error as Partial<CelProblem>
  return { code: code ?? 'unknown', summary: summary ?? 'the expression cannot be used', ...(range === undefined ? {} : { range }) }
}

function check(bound: BoundText, root: Node): { readonly run: ParseResult; readonly type: string } {
  const fail = (error: unknown): never => {
    const problem = problemOf(error)
    throw new ExpressionError(explain(problem), sourceRange(bound, root, problem.range))
  }
  let run: ParseResult
  try {
    run = environment.parse(bound.text)
  } catch (error) {
    return fail(error)
  }
  const checked = run.check()
  return checked.valid ? { run, type: checked.type ?? 'dyn' } : fail(checked.error)
}

function columnsOf(variables: ReadonlySet<string>, bound: BoundText): readonly string[] {
  return [...variables].flatMap(variable => bound.columns.get(variable) ?? [])
}

/** An expression ready to run; has no state but the row it is at, so that equal expressions share one. */
export class Program {
  /** The canonical text. */
  readonly text: string
  /** Where each column is first read in the source. */
  readonly places: ReadonlyMap<string, TextRange>
  /** Columns that it reads and takes for there: it does not ask whether they are. */
  readonly needed: readonly string[]
  /** By column the members of it that are read, and where. */
  readonly members: BoundText['members']
  /** The column that the expression merely names, if it does. */
  readonly bareColumn: string | undefined
  /** Columns of which each one, when null, makes the result an error. */
  readonly required: readonly string[]
  /** Columns of which each one, when null, keeps the result from being true. */
  readonly requiredForTrue: readonly string[]
  /** CEL's type of the result, `dyn` where it depends on the row. */
  readonly type: string
  readonly #run: (scope: RowScope) => unknown
  readonly #scope: RowScope

  /** @throws ExpressionError where CEL's static check finds what can never work. */
  constructor(source: string, node: Node) {
    const bound = new ColumnBinder(source).bind(node)
    const { run, type } = check(bound, node)
    this.text = printNode(node)
    this.places = bound.places
    this.members = bound.members
    this.needed = [...bound.places.keys()].filter(column => !bound.asked.has(column))
    this.type = type
    this.bareColumn = bound.columns.get(bound.text)
    this.required = columnsOf(required(run.ast), bound)
    this.requiredForTrue = columnsOf(requiredForTrue(run.ast), bound)
    this.#run = run as (scope: unknown) => unknown
    this.#scope = new RowScope(bound)
  }

  /** CEL's own value. @throws what CEL throws where a value is missing or of another type. */
  run(row: Row, key: string): unknown {
    this.#scope.row = row
    this.#scope.key = key
    return this.#run(this.#scope)
  }

  /** @throws ExpressionError unless the result can be true or false. */
  assertCondition(node: Node): void {
    if (this.type === 'bool' || this.type === 'dyn') return
    throw new ExpressionError(`a condition is true or false, this is ${typeWord(this.type)}`, node)
  }
}
