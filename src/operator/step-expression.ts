import { ExpressionError } from '../expression/expression-error.ts'
import { compileExpression, type Expression } from '../expression/expression.ts'
import { compileTemplate } from '../expression/template.ts'
import type { Computation } from '../lib/option.ts'
import type { Row } from '../model/row.ts'
import { codedJudgement, codedPredicate, codedText, codedValue } from './coded.ts'
import type { Condition, Value } from './row-function.ts'
import type { NewColumns } from './select.ts'

type Path = readonly (string | number)[]

/** What is wrong with the options of a step. */
export class StepError extends Error {
  override readonly name = 'StepError'
  /** Where in the options. */
  readonly path: Path
  /** The place in the text there, in UTF-16 units; `end` is the place after the last one. */
  readonly offset: number
  readonly end: number

  constructor(path: Path, message: string, offset: number, end: number) {
    super(message)
    this.path = path
    this.offset = offset
    this.end = end
  }
}

/** All that is written at a path is wrong. */
export function wholeError(path: Path, message: string, written: unknown): StepError {
  return new StepError(path, message, 0, typeof written === 'string' ? written.length : 0)
}

export function located<T>(path: Path, compile: () => T): T {
  try {
    return compile()
  } catch (error) {
    throw error instanceof ExpressionError ? new StepError(path, error.message, error.start, error.end) : error
  }
}

function compile(text: string, path: Path, condition: boolean): Expression {
  return located(path, () => compileExpression(text, { origin: 'config', condition }))
}

export function compileCondition(written: Computation, path: Path): Condition {
  return typeof written === 'string' ? compile(written, path, true) : codedPredicate(written, path.join('.'))
}

/** A condition of which it can be asked whether it can be told. */
export function compileJudgement(written: Computation, path: Path): Expression | ((row: Row, key: string) => boolean | undefined) {
  return typeof written === 'string' ? compile(written, path, true) : codedJudgement(written, path.join('.'))
}

export function compileValue(written: Computation, path: Path): Value {
  return typeof written === 'string' ? compile(written, path, false) : codedValue(written, path.join('.'))
}

export function compileText(written: Computation, path: Path): (row: Row, key: string) => string {
  if (typeof written !== 'string') return codedText(written, path.join('.'))
  const template = located(path, () => compileTemplate(written, { origin: 'config' }))
  return (row, key) => template.render(row, key)
}

export function compileColumns(columns: ReadonlyMap<string, Computation>, path: Path = []): NewColumns {
  return new Map([...columns].map(([name, written]) => [name, compileValue(written, [...path, name])]))
}

export function listOf(columns: string | readonly string[] = []): readonly string[] {
  return typeof columns === 'string' ? [columns] : columns
}
