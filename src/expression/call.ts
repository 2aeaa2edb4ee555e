import { compileNode, type Expression, type ExpressionOptions } from './expression.ts'
import { ExpressionError, type TextRange } from './expression-error.ts'
import { parseSyntax } from './syntax.ts'

/** One call such as `quantile(docks, 0.9)`, whose function is not one of CEL's. */
export interface Call {
  readonly name: string
  readonly nameRange: TextRange
  readonly range: TextRange
  readonly args: readonly CallArgument[]
}

export interface CallArgument {
  readonly range: TextRange
  /** @throws ExpressionError with places in the whole text. */
  compile(options: ExpressionOptions): Expression
}

/**
 * Reads a text that is one call; its arguments are expressions over a row.
 * @throws ExpressionError where it is anything else.
 */
export function parseCall(text: string, expected: string): Call {
  const node = parseSyntax(text)
  if (node.op !== 'call') throw new ExpressionError(`expected ${expected}`, { start: node.start, end: node.end })
  const [name, args] = node.args
  return {
    name,
    nameRange: { start: node.start, end: node.start + name.length },
    range: { start: node.start, end: node.end },
    args: args.map(arg => ({ range: { start: arg.start, end: arg.end }, compile: options => compileNode(text, arg, options) })),
  }
}
