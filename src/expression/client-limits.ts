import { loops } from './bind-columns.ts'
import { ExpressionError } from './expression-error.ts'
import { childrenOf, isBinary, type Node } from './syntax.ts'

/** What a client's expression may be at most (configuration.md, limits). */
export interface ExpressionLimits {
  readonly maxNodes: number
  readonly maxDepth: number
}

/**
 * What a client may not call, and why: each can cost or hold the product of its inputs
 * (a pattern may also backtrack without end).
 */
const refused: ReadonlyMap<string, string> = new Map([
  ['matches', 'patterns can take for ever; use contains, startsWith or endsWith'],
  ['map', 'it can build more than it is given; use exists, all or filter'],
  ['split', 'its parts, each looked at again, can cost the square of a text; use contains, startsWith or endsWith'],
  ['join', 'it can build more than it is given'],
  ['bind', 'it can build more than it is given'],
])

/** What a column may stand beside in a loop: comparing it with the element costs no more than the element is long. */
const comparisons: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>='])

const postfix = new Set(['.', '.?', '[]', '[?]', 'rcall'])

/** `a && b && c` and `a.b.c` are one level deep, however long. */
function isChain(node: Node, first: Node): boolean {
  return isBinary(node) ? first.op === node.op : postfix.has(node.op) && postfix.has(first.op)
}

/** `place.name`, `row["any name"]`, `list[0]` */
function isMember(node: Node): node is Node & { op: '.' | '[]' } {
  return node.op === '.' || (node.op === '[]' && node.args[1].op === 'value')
}

class Inspection {
  nodes = 0
  /** The name of the element of the loop that is being looked into. */
  #element: string | undefined
  readonly #limits: ExpressionLimits

  constructor(limits: ExpressionLimits) {
    this.#limits = limits
  }

  visit(node: Node, depth: number, looping: boolean): void {
    const { maxNodes, maxDepth } = this.#limits
    this.nodes += 1
    if (this.nodes > maxNodes) throw exceeded('maxExpressionNodes', maxNodes, node)
    if (depth > maxDepth) throw exceeded('maxExpressionDepth', maxDepth, node)
    const loop = node.op === 'rcall' && loops.has(node.args[0])
    if (node.op === 'rcall' || node.op === 'call') refuse(node, node.args[0])
    if (loop && looping) throw new ExpressionError(`${node.args[0]} inside of another macro is not allowed in a client's expression`, node)
    if (looping) this.#assertBounded(node)
    if (loop) {
      // A macro's own first argument names the element.
      const [name] = node.args[2]
      this.#element = name?.op === 'id' ? name.args : undefined
    }
    for (const [i, child] of childrenOf(node).entries()) {
      this.visit(child, i === 0 && isChain(node, child) ? depth : depth + 1, looping || (loop && i > 0))
    }
  }

  /**
   * In a loop a column is read once for each element: searched, joined or measured, a list costs the square of its length there,
   * and a text as much. It may be compared with the element.
   */
  #assertBounded(node: Node): void {
    if (isMember(node)) return
    const [first, second] = childrenOf(node).filter(child => this.#isColumn(child))
    if (first === undefined || (comparisons.has(node.op) && second === undefined)) return
    if (node.op === '&&' || node.op === '||' || node.op === '!_') return
    throw new ExpressionError("within a macro a client's expression may only compare a column with the element", first)
  }

  /** Or a member of one. */
  #isColumn(node: Node): boolean {
    if (node.op === 'id') return node.args !== this.#element
    return isMember(node) && this.#isColumn(node.args[0])
  }
}

function refuse(node: Node, name: string): void {
  const reason = refused.get(name)
  if (reason !== undefined) throw new ExpressionError(`${name} is not allowed in a client's expression: ${reason}`, node)
}

function exceeded(limit: string, value: number, node: Node): ExpressionError {
  return new ExpressionError(`${limit}: ${value} exceeded`, node, [{ limit, value }])
}

/** @throws ExpressionError where a client asks for more than a server should do for it. */
export function assertWithinLimits(node: Node, limits: ExpressionLimits): void {
  new Inspection(limits).visit(node, 1, false)
}
