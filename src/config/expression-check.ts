import { parseAggregateCall } from '../expression/call.ts'
import { ExpressionError } from '../expression/expression-error.ts'
import { compileExpression } from '../expression/expression.ts'
import { aggregateNames } from '../operator/group.options.ts'
import type { Path } from './finding.ts'
import type { Judge } from './judge.ts'

interface Wanted {
  readonly condition?: boolean
  readonly columns: readonly string[] | undefined
}

/** Whether an expression compiles; where it does not, its place inside the text is reported. */
export function checkExpression(judge: Judge, text: string, path: Path, { condition = false, columns }: Wanted): boolean {
  return sound(judge, path, () => compileExpression(text, { origin: 'config', condition, ...(columns === undefined ? {} : { columns }) }))
}

/** Whether a text is one aggregate of an expression over the row. */
export function checkAggregate(judge: Judge, text: string, path: Path, columns: readonly string[] | undefined): boolean {
  return sound(judge, path, () =>
    parseAggregateCall(text, aggregateNames, { origin: 'config', ...(columns === undefined ? {} : { columns }) }),
  )
}

function sound(judge: Judge, path: Path, compile: () => unknown): boolean {
  try {
    compile()
    return true
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    const hint = judge.tree.hasCommentBehind(path)
      ? { hint: 'YAML reads ` #` as a comment: if it belongs to the expression, quote it' }
      : {}
    judge.report({ path, at: { from: error.start, length: Math.max(1, error.end - error.start) }, message: error.message, ...hint })
    return false
  }
}
