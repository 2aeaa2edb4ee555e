import { loops } from './bind-columns.ts'
import { ExpressionError } from './expression-error.ts'
import { isBinary, type Node } from './syntax.ts'

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
  ['join', 'it can build more than it is given'],
  ['bind', 'it can build more than it is given'],
])

function childrenOf(node: Node): readonly Node[] {
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

class Inspection {
  nodes = 0
  readonly #limits: ExpressionLimits

  constructor(limits: ExpressionLimits) {
    this.#limits = limits
  }

  /** `a && b && c` is one level deep, however long. */
  visit(node: Node, depth: number, looping: boolean): void {
    const { maxNodes, maxDepth } = this.#limits
    this.nodes += 1
    if (this.nodes > maxNodes) throw exceeded('maxExpressionNodes', maxNodes, node)
    if (depth > maxDepth) throw exceeded('maxExpressionDepth', maxDepth, node)
    const loop = node.op === 'rcall' && loops.has(node.args[0])
    if (node.op === 'rcall' || node.op === 'call') refuse(node, node.args[0])
    if (loop && looping) throw new ExpressionError(`${node.args[0]} inside of another macro is not allowed in a client's expression`, node)
    for (const [i, child] of childrenOf(node).entries()) {
      const sameChain = i === 0 && child.op === node.op
      this.visit(child, sameChain ? depth : depth + 1, looping || (loop && i > 0))
    }
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
