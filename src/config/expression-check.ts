import { parseAggregateCall } from '../expression/call.ts'
import { ExpressionError } from '../expression/expression-error.ts'
import { compileExpression } from '../expression/expression.ts'
import { compileTemplate } from '../expression/template.ts'
import type { Computation } from '../lib/option.ts'
import { aggregateNames, type CodedAggregate } from '../operator/group.options.ts'
import type { Path } from './finding.ts'
import type { Judge } from './judge.ts'

interface Wanted {
  /** Default `config`. */
  readonly origin?: 'config' | 'client'
  readonly condition?: boolean
  readonly columns?: readonly string[] | undefined
  /** By column. */
  readonly members?: ReadonlyMap<string, readonly string[]>
}

/** Compiles an expression; where that fails, its place inside the text is reported. Of a function the compiler of TypeScript tells. */
export function checkExpression(
  judge: Judge,
  text: Computation,
  path: Path,
  { origin = 'config', condition = false, columns, members = new Map() }: Wanted,
): void {
  if (typeof text !== 'string') return
  report(judge, path, () => compileExpression(text, { origin, condition, members, ...(columns === undefined ? {} : { columns }) }))
}

/** Reads one aggregate of an expression over the row; where that fails, its place inside the text is reported. */
export function checkAggregate(judge: Judge, text: string | CodedAggregate, path: Path, columns: readonly string[] | undefined): void {
  if (typeof text !== 'string') return
  report(judge, path, () => parseAggregateCall(text, aggregateNames, { origin: 'config', ...(columns === undefined ? {} : { columns }) }))
}

/** Compiles the expressions in a text; where that fails, their place inside it is reported. */
export function checkTemplate(judge: Judge, text: Computation, path: Path, columns: readonly string[] | undefined): void {
  if (typeof text !== 'string') return
  report(judge, path, () => compileTemplate(text, { origin: 'config', ...(columns === undefined ? {} : { columns }) }))
}

function report(judge: Judge, path: Path, compile: () => unknown): void {
  try {
    compile()
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    const hint = judge.tree.hasCommentBehind(path)
      ? { hint: 'YAML reads ` #` as a comment: if it belongs to the expression, quote it' }
      : {}
    judge.report({ path, at: { from: error.start, length: Math.max(1, error.end - error.start) }, message: error.message, ...hint })
  }
}
