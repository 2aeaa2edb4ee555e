import { didYouMean } from '../lib/suggest.ts'
import { compileNode, type Expression, type ExpressionOptions } from './expression.ts'
import { ExpressionError } from './expression-error.ts'
import { parseSyntax } from './syntax.ts'

/** An aggregate over rows, as it is written: `sum(docks)`; only `count()` goes without an expression. */
export interface AggregateCall<Name extends string> {
  readonly name: Name
  readonly value?: Expression
}

function assertOneOf<Name extends string>(name: string, names: readonly Name[], place: { start: number }): Name {
  const known = names.find(candidate => candidate === name)
  if (known !== undefined) return known
  const hint = didYouMean(name, names) || `: ${names.join(', ')}`
  throw new ExpressionError(`there is no aggregate '${name}'${hint}`, { start: place.start, end: place.start + name.length })
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
  const node = parseSyntax(text)
  const whole = { start: node.start, end: node.end }
  if (node.op !== 'call') throw new ExpressionError(`expected one aggregate of an expression, such as sum(x): ${names.join(', ')}`, whole)
  const name = assertOneOf(node.args[0], names, node)
  const [argument, surplus] = node.args[1]
  if (surplus !== undefined) throw new ExpressionError(`${name} takes one argument`, { start: surplus.start, end: surplus.end })
  if (argument !== undefined) return { name, value: compileNode(text, argument, options) }
  if (name !== 'count') throw new ExpressionError(`${name}() needs an expression over the row: ${name}(x)`, whole)
  return { name }
}
