import { callMend, constantNames, durationGuard, functionNames, methodNames, namespaces } from './environment.ts'
import { ExpressionError, type TextRange } from './expression-error.ts'
import { Printer, type Span } from './printer.ts'
import type { Node } from './syntax.ts'

/** The macros that run an expression over the elements of a list, with a name for the element. */
export const loops: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])

/** An expression whose columns have become variables that cannot collide with any name of CEL. */
export interface BoundText {
  readonly text: string
  readonly spans: readonly Span[]
  /** The column behind each variable. */
  readonly columns: ReadonlyMap<string, string>
  /** The variable that holds the row's key. */
  readonly keyVariable: string
  /** Where each column is first read in the source. */
  readonly places: ReadonlyMap<string, TextRange>
  /** Those of them that it asks whether they are there. */
  readonly asked: ReadonlySet<string>
  /** By column the members of it that are read. */
  readonly members: ReadonlyMap<string, ReadonlyMap<string, MemberPlace>>
}

/** Where a member of a column is first read, `right.name`. */
export interface MemberPlace extends TextRange {
  /** It is asked whether it is there. */
  readonly isAsked: boolean
}

/** These say what stands for a value that is not there. */
const asking: ReadonlySet<string> = new Set(['has', 'coalesce'])

/** Whether a node calls `bind` of cel, `of` of optional or a function of math. */
export function isNamespaceCall(node: Node): boolean {
  if (node.op !== 'rcall') return false
  const [name, receiver] = node.args
  return receiver.op === 'id' && namespaces.get(receiver.args)?.has(name) === true
}

/** The text that a node is; undefined: it is computed. */
function textOf(node: Node): string | undefined {
  return node.op === 'value' && typeof node.args === 'string' ? node.args : undefined
}

/**
 * Finds which names are columns and which are CEL's. A name is a column unless it is the element of a macro, `key` or `row`;
 * so columns called `type`, `bytes` or `math` simply work. `row.name` and `row["any name"]` are columns too, and null where absent.
 */
export class ColumnBinder {
  readonly #source: string
  readonly #prefix: string
  readonly #variables = new Map<string, string>()
  readonly #columns = new Map<string, string>()
  readonly #places = new Map<string, TextRange>()
  readonly #asked = new Set<string>()
  readonly #members = new Map<string, Map<string, MemberPlace>>()
  readonly #printer = new Printer(node => this.#rewrite(node))
  #elements: ReadonlySet<string> = new Set()
  /** Beside `type(..)` the names of types are types. */
  #besideType = false
  /** Within `has(..)` and `coalesce(..)`, and beside `null`. */
  #isAsking = false

  constructor(source: string) {
    this.#source = source
    let prefix = 'c'
    while (source.includes(prefix)) prefix += '_'
    this.#prefix = prefix
  }

  /** @throws ExpressionError for an unknown function and for `row` used otherwise. */
  bind(node: Node): BoundText {
    this.#printer.print(node)
    const { text, spans } = this.#printer
    return {
      text,
      spans,
      columns: this.#columns,
      keyVariable: `${this.#prefix}key`,
      places: this.#places,
      asked: this.#asked,
      members: this.#members,
    }
  }

  #rewrite(node: Node): boolean {
    const { op } = node
    if (op === 'id') return this.#name(node.args, node)
    if (op === '.' || op === '[]') this.#noteMember(node.args[0], op === '.' ? node.args[1] : textOf(node.args[1]), node)
    if (op === '.' || op === '[]' || op === '.?' || op === '[?]') return this.#isRow(node.args[0]) && this.#member(node)
    if (op === '==' || op === '!=' || op === 'in') return this.#comparison(node, node.args)
    if (op === 'call') return this.#call(node, ...node.args)
    if (op === 'rcall') return this.#methodCall(node, ...node.args)
    if (op !== '?:') return false
    // CEL wants one type of both branches; `c ? 1 : 2.5` and `c ? "x" : null` are plain wishes.
    this.#printer.ternary(node.args, 'dyn(', ')')
    return true
  }

  #name(name: string, node: Node): boolean {
    if (this.#elements.has(name) || (this.#besideType && constantNames.has(name))) return false
    if (name === 'row') throw new ExpressionError('row stands before a column: row.name or row["any name"]', node)
    if (name === 'key') this.#printer.write(`${this.#prefix}key`)
    else this.#column(name, node)
    return true
  }

  /** `name` of what a bare name means, where that is a column. */
  #noteMember(of: Node, name: string | undefined, { start, end }: TextRange): void {
    if (of.op !== 'id' || name === undefined || of.args === 'row' || this.#elements.has(of.args)) return
    const members = this.#members.get(of.args) ?? new Map<string, MemberPlace>()
    if (!members.has(name)) members.set(name, { start, end, isAsked: this.#isAsking })
    this.#members.set(of.args, members)
  }

  #isRow(node: Node): boolean {
    return node.op === 'id' && node.args === 'row' && !this.#elements.has('row')
  }

  /** `row.name` is null where there is no such column: it asks. */
  #member(node: Node): boolean {
    const before = this.#isAsking
    this.#isAsking = true
    this.#rowMember(node)
    this.#isAsking = before
    return true
  }

  #rowMember(node: Node): void {
    if (node.op === '.') this.#column(node.args[1], { start: node.start, end: node.end })
    else if (node.op === '[]' && node.args[1].op === 'value' && typeof node.args[1].args === 'string') this.#column(node.args[1].args, node)
    else if (node.op === '[]') throw new ExpressionError('row[..] takes the name of a column in quotes', node.args[1])
    else throw new ExpressionError('a column that is absent is null: write row.name or row["any name"]', node)
  }

  #column(column: string, { start, end }: TextRange): void {
    let variable = this.#variables.get(column)
    if (variable === undefined) {
      variable = `${this.#prefix}${this.#variables.size}`
      this.#variables.set(column, variable)
      this.#columns.set(variable, column)
      this.#places.set(column, { start, end })
    }
    if (this.#isAsking) this.#asked.add(column)
    this.#printer.write(variable)
  }

  #comparison(node: Node, operands: readonly Node[]): boolean {
    const before = [this.#besideType, this.#isAsking] as const
    this.#besideType = operands.some(operand => operand.op === 'call' && operand.args[0] === 'type')
    this.#isAsking ||= operands.some(operand => operand.op === 'value' && operand.args === null)
    this.#printer.plain(node)
    ;[this.#besideType, this.#isAsking] = before
    return true
  }

  #call(node: Node, name: string, args: readonly Node[]): boolean {
    if (!functionNames.has(name)) throw this.#unknown(name, { start: node.start, end: node.start + name.length })
    const isAsking = this.#isAsking
    this.#isAsking ||= asking.has(name)
    this.#functionCall(node, name, args)
    this.#isAsking = isAsking
    return true
  }

  #functionCall(node: Node, name: string, args: readonly Node[]): void {
    const [only] = args
    if (name === 'has' && only?.op === '.' && this.#isRow(only.args[0])) {
      this.#printer.write('(')
      this.#member(only)
      this.#printer.write(' != null)')
      return
    }
    const before = this.#besideType
    this.#besideType = false
    if (name === 'duration' && only !== undefined && args.length === 1) {
      this.#printer.write(`duration(${durationGuard}(`)
      this.#printer.print(only)
      this.#printer.write('))')
    } else this.#printer.plain(node)
    this.#besideType = before
  }

  #unknown(name: string, range: TextRange): ExpressionError {
    if (name === 'now') return new ExpressionError('now() is not to be had: a row is judged by its own values', range)
    return new ExpressionError(`there is no function '${name}'${callMend(name)}`, range)
  }

  #methodCall(node: Node, name: string, receiver: Node, args: readonly Node[]): boolean {
    const namespace = isNamespaceCall(node)
    if (!namespace && !methodNames.has(name)) {
      const start = this.#source.indexOf(name, receiver.end)
      throw this.#unknown(name, start === -1 ? node : { start, end: start + name.length })
    }
    if (namespace && receiver.op === 'id') this.#printer.write(receiver.args)
    else this.#printer.receiver(receiver)
    this.#printer.write(`.${name}(`)
    const binds = namespace && name === 'bind'
    if ((binds || loops.has(name)) && args[0]?.op === 'id') this.#elementCall(args[0].args, binds, args)
    else this.#printer.list(args)
    this.#printer.write(')')
    return true
  }

  /** The name is known in what follows it; the value of `cel.bind` comes before it is. */
  #elementCall(name: string, binds: boolean, args: readonly Node[]): void {
    const before = this.#elements
    this.#printer.write(name)
    for (const [i, arg] of args.entries()) {
      if (i === 0) continue
      this.#elements = binds && i === 1 ? before : new Set([...before, name])
      this.#printer.write(', ')
      this.#printer.print(arg)
    }
    this.#elements = before
  }
}
