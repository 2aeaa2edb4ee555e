import { ParseError, type ASTNode, type BinaryOperator } from '@marcbachmann/cel-js'
import { environment } from './environment.ts'
import { ExpressionError, type TextRange } from './expression-error.ts'

/** A node of CEL's tree. */
export type Node = ASTNode

/** How tightly the operators of two operands bind; higher binds tighter. All group to the left. */
export const binaryPrecedence: ReadonlyMap<string, number> = new Map([
  ['||', 2],
  ['&&', 3],
  ['==', 4],
  ['!=', 4],
  ['<', 5],
  ['<=', 5],
  ['>', 5],
  ['>=', 5],
  ['in', 5],
  ['+', 6],
  ['-', 6],
  ['*', 7],
  ['/', 7],
  ['%', 7],
])

export type BinaryNode = Extract<Node, { op: BinaryOperator | '&&' | '||' }>

export function isBinary(node: Node): node is BinaryNode {
  return binaryPrecedence.has(node.op)
}

/** The parts of a node that are nodes. */
export function childrenOf(node: Node): readonly Node[] {
  if (isBinary(node)) return node.args
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '!_':
    case '-_':
      return [node.args]
    case '.':
    case '.?':
      return [node.args[0]]
    case 'call':
      return node.args[1]
    case 'rcall':
      return [node.args[1], ...node.args[2]]
    case 'map':
      return node.args.flat()
    case '[]':
    case '[?]':
    case '?:':
    case 'list':
    default:
      return node.args
  }
}

const maxHeight = 500

/** Every later step walks the tree by recursion, which a tower such as `!!!!..` must not exhaust. */
function assertLow(root: Node): void {
  let level: readonly Node[] = [root]
  for (let height = 0; level.length > 0; height++) {
    if (height > maxHeight) throw new ExpressionError(`the expression is too large: more than ${maxHeight} levels`, root)
    level = level.flatMap(childrenOf)
  }
}

const tokens: Readonly<Record<string, string>> = {
  EOF: 'the end',
  NUMBER: 'a number',
  STRING: 'a text',
  BYTES: 'bytes',
  BOOLEAN: 'true or false',
  NULL: 'null',
  IDENTIFIER: 'a name',
  PLUS: "'+'",
  MINUS: "'-'",
  MULTIPLY: "'*'",
  DIVIDE: "'/'",
  MODULO: "'%'",
  EQ: "'=='",
  NE: "'!='",
  LT: "'<'",
  LE: "'<='",
  GT: "'>'",
  GE: "'>='",
  AND: "'&&'",
  OR: "'||'",
  NOT: "'!'",
  IN: "'in'",
  LPAREN: "'('",
  RPAREN: "')'",
  LBRACKET: "'['",
  RBRACKET: "']'",
  LBRACE: "'{'",
  RBRACE: "'}'",
  DOT: "'.'",
  COMMA: "','",
  COLON: "':'",
  QUESTION: "'?'",
}

const foreignWords: Readonly<Record<string, string>> = { and: '&&', or: '||', not: '!', is: '==', '=': '==', '<>': '!=' }

function tokenIn(summary: string, pattern: RegExp): string {
  return tokens[pattern.exec(summary)?.[1] ?? ''] ?? 'something else'
}

function unexpected(text: string, { start, end }: TextRange): string {
  const rest = text.slice(start)
  const found = /^[A-Za-z_]\w*/.exec(rest)?.[0] ?? text.slice(start, Math.max(end, start + 1))
  const meant = Object.hasOwn(foreignWords, found) ? foreignWords[found] : undefined
  if (meant !== undefined) return `'${found}' is not CEL; did you mean '${meant}'?`
  if (/[^\x20-\x7e]/.test(found)) return `'${found}' cannot stand here; a column with such a name is row["${found}.."]`
  return `expected an operator or the end, found '${found}'`
}

function explain(text: string, error: ParseError, range: TextRange): string {
  const { code, summary } = error
  switch (code) {
    case 'unexpected_token':
      return `expected a value, found ${tokenIn(summary, /: (\w+)$/)}`
    case 'expected_token':
      return `expected ${tokenIn(summary, /^Expected (\w+)/)}, found ${tokenIn(summary, /got (\w+)$/)}`
    case 'unexpected_character':
      return unexpected(text, range)
    case 'unterminated_string':
    case 'unterminated_triple_quoted_string':
      return 'this text has no closing quote'
    case 'reserved_identifier': {
      const name = text.slice(range.start, range.end)
      return `'${name}' is a reserved word of CEL; the column is ${name === '__proto__' ? `row["${name}"]` : `row.${name}`}`
    }
    case 'limit_exceeded':
      return `the expression is too large: ${summary}`
    case 'invalid_macro_argument':
      return `${summary}: the first argument is a name for the element, such as x`
    default:
      return summary
  }
}

/** The range of an error, at least one character long where there is one, and within the text. */
function rangeOf(text: string, error: ParseError): TextRange {
  const start = Math.min(error.range?.start ?? 0, text.length)
  return { start, end: Math.min(Math.max(error.range?.end ?? text.length, start + 1), text.length) }
}

/**
 * Reads CEL.
 * @throws ExpressionError with the place.
 */
export function parseSyntax(text: string): Node {
  if (text.trim() === '') throw new ExpressionError('the expression is empty', { start: 0, end: text.length })
  const broken = /\p{Surrogate}/u.exec(text)
  if (broken !== null) throw new ExpressionError('half a character (a lone surrogate)', { start: broken.index, end: broken.index + 1 })
  const node = parseTree(text)
  assertLow(node)
  return node
}

function parseTree(text: string): Node {
  try {
    return environment.parse(text).ast
  } catch (error) {
    if (!(error instanceof ParseError)) throw new ExpressionError('the expression cannot be read', { start: 0, end: text.length })
    const range = rangeOf(text, error)
    throw new ExpressionError(explain(text, error, range), range)
  }
}
