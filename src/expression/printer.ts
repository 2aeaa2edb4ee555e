import { UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { binaryPrecedence, isBinary, type BinaryNode, type Node } from './syntax.ts'

const ternary = 1
const either = 2
const unary = 8
const postfix = 9

/** How tightly a node binds; higher binds tighter. */
function precedence(op: string): number {
  if (op === '?:') return ternary
  if (op === '!_' || op === '-_') return unary
  return binaryPrecedence.get(op) ?? postfix
}

const escapes: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A CEL text in double quotes. */
export function printText(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is escaped
  const escaped = text.replace(/["\\\u0000-\u001f\u007f]/g, c => escapes[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `"${escaped}"`
}

function printBytes(bytes: Uint8Array): string {
  const printed = [...bytes].map(byte =>
    byte >= 0x20 && byte < 0x7f ? printText(String.fromCharCode(byte)).slice(1, -1) : `\\x${byte.toString(16).padStart(2, '0')}`,
  )
  return `b"${printed.join('')}"`
}

function printDouble(value: number): string {
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}

function printLiteral(value: unknown): string {
  if (typeof value === 'string') return printText(value)
  if (typeof value === 'number') return printDouble(value)
  if (value instanceof Uint8Array) return printBytes(value)
  return value instanceof UnsignedInt ? `${value.value}u` : String(value)
}

/** Where a node was written. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly node: Node
}

/** Writes a node its own way; false: it is to be written as usual. */
export type Rewrite = (node: Node, printer: Printer) => boolean

/** Writes CEL's tree back as text: one spacing, double quotes, parentheses only where they are needed. */
export class Printer {
  readonly spans: Span[] = []
  readonly #rewrite: Rewrite | undefined
  #text = ''

  constructor(rewrite?: Rewrite) {
    this.#rewrite = rewrite
  }

  get text(): string {
    return this.#text
  }

  write(text: string): void {
    this.#text += text
  }

  /** Writes a node, in parentheses where it binds less tightly than `least`. */
  print(node: Node, least = 0): void {
    const enclosed = precedence(node.op) < least
    if (enclosed) this.write('(')
    const start = this.#text.length
    if (this.#rewrite?.(node, this) !== true) this.plain(node)
    this.spans.push({ start, end: this.#text.length, node })
    if (enclosed) this.write(')')
  }

  list(nodes: readonly Node[]): void {
    for (const [i, node] of nodes.entries()) {
      if (i > 0) this.write(', ')
      this.print(node)
    }
  }

  /** What stands before `.` or `[`. */
  receiver(node: Node): void {
    const number = node.op === 'value' && (typeof node.args === 'number' || typeof node.args === 'bigint')
    this.print(node, number ? postfix + 1 : postfix)
  }

  /** Writes a node as usual; its parts go through the rewriting again. */
  plain(node: Node): void {
    if (isBinary(node)) return this.#binary(node)
    switch (node.op) {
      case 'value':
        return this.write(printLiteral(node.args))
      case 'id':
        return this.write(node.args)
      case '!_':
      case '-_':
        this.write(node.op.charAt(0))
        return this.print(node.args, unary)
      case '?:':
        return this.ternary(node.args)
      case 'list':
        return this.#enclosed('[', node.args, ']')
      case 'map':
        return this.#map(node.args)
      case '.':
      case '.?':
        this.receiver(node.args[0])
        return this.write(`${node.op}${node.args[1]}`)
      case '[]':
      case '[?]':
        this.receiver(node.args[0])
        return this.#enclosed(node.op.slice(0, -1), [node.args[1]], ']')
      case 'call':
        return this.#enclosed(`${node.args[0]}(`, node.args[1], ')')
      case 'rcall':
        this.receiver(node.args[1])
        return this.#enclosed(`.${node.args[0]}(`, node.args[2], ')')
    }
  }

  ternary([condition, yes, no]: readonly [Node, Node, Node], open = '', close = ''): void {
    this.print(condition, either)
    this.write(` ? ${open}`)
    this.print(yes)
    this.write(`${close} : `)
    this.print(no)
  }

  #enclosed(open: string, nodes: readonly Node[], close: string): void {
    this.write(open)
    this.list(nodes)
    this.write(close)
  }

  #binary({ op, args: [left, right] }: BinaryNode): void {
    const own = precedence(op)
    this.print(left, own)
    this.write(` ${op} `)
    this.print(right, own + 1)
  }

  #map(entries: readonly (readonly [Node, Node])[]): void {
    this.write('{')
    for (const [i, [key, value]] of entries.entries()) {
      if (i > 0) this.write(', ')
      this.print(key)
      this.write(': ')
      this.print(value)
    }
    this.write('}')
  }
}

/** The canonical text of a node: the same for every spelling of one tree, and printing what it reads as changes nothing. */
export function printNode(node: Node): string {
  const printer = new Printer()
  printer.print(node)
  return printer.text
}
