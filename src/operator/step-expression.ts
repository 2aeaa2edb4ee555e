import { compileExpression, type Expression } from '../expression/expression.ts'
import { ExpressionError } from '../expression/expression-error.ts'
import { compileTemplate, type Template } from '../expression/template.ts'
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

export function located<T>(path: Path, compile: () => T): T {
  try {
    return compile()
  } catch (error) {
    throw error instanceof ExpressionError ? new StepError(path, error.message, error.start, error.end) : error
  }
}

export function compileCondition(text: string, path: Path): Expression {
  return located(path, () => compileExpression(text, { origin: 'config', condition: true }))
}

export function compileValue(text: string, path: Path): Expression {
  return located(path, () => compileExpression(text, { origin: 'config' }))
}

export function compileText(text: string, path: Path): Template {
  return located(path, () => compileTemplate(text, { origin: 'config' }))
}

export function compileColumns(columns: ReadonlyMap<string, string>, path: Path = []): NewColumns {
  return new Map([...columns].map(([name, text]) => [name, compileValue(text, [...path, name])]))
}

export function listOf(columns: string | readonly string[] = []): readonly string[] {
  return typeof columns === 'string' ? [columns] : columns
}
