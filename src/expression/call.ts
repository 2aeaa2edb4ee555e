import { didYouMean } from '../lib/suggest.ts'
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

/** An aggregate over rows, as it is written: `sum(docks)`; only `count()` goes without an expression. */
export interface AggregateCall<Name extends string> {
  readonly name: Name
  readonly value?: Expression
  /** Which quantile, from 0 to 1: the second argument of `quantile(docks, 0.9)`. */
  readonly q?: number
}

/**
 * Reads one call of an aggregate of `names`, whose argument is an expression over a row.
 * @throws ExpressionError with places in the whole text.
 */
export function parseAggregateCall<Name extends string>(
  text: string,
  names: readonly Name[],
  options: ExpressionOptions,
): AggregateCall<Name> {
  const call = parseCall(text, `one aggregate of an expression, such as sum(x): ${names.join(', ')}`)
  const name = names.find(candidate => candidate === call.name)
  if (name === undefined) {
    const hint = didYouMean(call.name, names) || `: ${names.join(', ')}`
    throw new ExpressionError(`there is no aggregate '${call.name}'${hint}`, call.nameRange)
  }
  const [argument, ...rest] = call.args
  const q = name === 'quantile' ? { q: quantileOf(call, rest.shift()) } : {}
  const [surplus] = rest
  if (surplus !== undefined)
    throw new ExpressionError(`${name} takes ${name === 'quantile' ? 'two arguments' : 'one argument'}`, surplus.range)
  if (argument !== undefined) return { name, value: argument.compile(options), ...q }
  if (name !== 'count') throw new ExpressionError(`${name}() needs an expression over the row: ${name}(x)`, call.range)
  return { name }
}

function quantileOf(call: Call, argument: CallArgument | undefined): number {
  const wanted = 'quantile takes an expression and a number from 0 to 1: quantile(x, 0.9)'
  if (argument === undefined) throw new ExpressionError(wanted, call.range)
  const q = argument.compile({ origin: 'config', columns: [] }).evaluate({}, '')
  if (typeof q !== 'number' || q < 0 || q > 1) throw new ExpressionError(wanted, argument.range)
  return q
}
