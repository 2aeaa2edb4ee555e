import { isNamespaceCall, loops } from './bind-columns.ts'
import { isBinary, type BinaryNode, type Node } from './syntax.ts'

type Names = ReadonlySet<string>

const none: Names = new Set()

function union(...sets: readonly Names[]): Names {
  const filled = sets.filter(set => set.size > 0)
  return filled.length <= 1 ? (filled[0] ?? none) : new Set(filled.flatMap(set => [...set]))
}

function common(a: Names, b: Names): Names {
  return new Set([...a].filter(name => b.has(name)))
}

const lenient = new Set(['has', 'dyn', 'type', 'coalesce'])
const optionalMethods = new Set(['or', 'orValue', 'hasValue', 'value'])

/** The variables without which an operand is an error: the operand's own, and itself, where null is no operand. */
function operand(node: Node): Names {
  return node.op === 'id' ? new Set([node.args]) : required(node)
}

function requiredByCall(node: Node & { op: 'rcall' }): Names {
  const [name, receiver, args] = node.args
  if (isNamespaceCall(node)) {
    if (name === 'bind' || name === 'none') return none
    return union(...args.map(name === 'of' ? required : operand))
  }
  if (optionalMethods.has(name)) return required(receiver)
  if (loops.has(name)) return operand(receiver)
  return union(operand(receiver), ...args.map(operand))
}

function requiredByBinary({ op, args: [left, right] }: BinaryNode): Names {
  if (op === '==' || op === '!=') return union(required(left), required(right))
  if (op === 'in') return union(required(left), operand(right))
  if (op === '&&' || op === '||') return common(operand(left), operand(right))
  return union(operand(left), operand(right))
}

/**
 * The variables of which each one, when null, makes the node an error: a row without them need not be evaluated
 * (an error costs a hundred times what a result does). Never more than these, so nothing changes but the time.
 */
export function required(node: Node): Names {
  if (isBinary(node)) return requiredByBinary(node)
  switch (node.op) {
    case 'value':
    case 'id':
      return none
    case '!_':
    case '-_':
      return operand(node.args)
    case '?:':
      return union(operand(node.args[0]), common(required(node.args[1]), required(node.args[2])))
    case '.':
      return operand(node.args[0])
    case '.?':
      return required(node.args[0])
    case '[]':
      return union(operand(node.args[0]), required(node.args[1]))
    case '[?]':
    case 'list':
      return union(...node.args.map(required))
    case 'map':
      return union(...node.args.flat().map(required))
    case 'call':
      if (node.args[0] === 'has') return none
      return union(...node.args[1].map(lenient.has(node.args[0]) ? required : operand))
    case 'rcall':
    default:
      return requiredByCall(node)
  }
}

/** The variables of which each one, when null, keeps the node from being true. */
export function requiredForTrue(node: Node): Names {
  if (node.op === '&&') return union(...node.args.map(requiredForTrue))
  if (node.op === '||') return common(requiredForTrue(node.args[0]), requiredForTrue(node.args[1]))
  if (node.op !== '?:') return operand(node)
  const [condition, yes, no] = node.args
  return union(operand(condition), common(requiredForTrue(yes), requiredForTrue(no)))
}
