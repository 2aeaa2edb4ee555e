import { Lexer, type YAMLError } from 'yaml'
import type { SourceText } from './source-text.ts'

/** Something that YAML itself refuses, or reads otherwise than it was meant. Offsets in the file. */
export interface SyntaxFault {
  readonly from: number
  readonly to: number
  readonly message: string
  readonly hint?: string
  /** What follows cannot be trusted: nothing else of the file is judged. */
  readonly isFatal: boolean
}

/** A config is written by people; a file beyond these is a mistake. The depth keeps the recursive parser off the end of the stack. */
export const maxConfigLength = 1024 ** 2
const maxNesting = 200
const scalarMark = '\u001f'

/** Where text nests deeper than any config does: brackets, `- - -` on one line, or indentation. */
function tooDeepAt(text: string): number | undefined {
  let [offset, flow, inLine, before] = [0, 0, 0, '\n']
  for (const token of new Lexer().lex(text)) {
    const isControl = token === scalarMark || token === '\u0002' || token === '\u0018'
    if (before !== scalarMark && !isControl) {
      if (/^[[{]$/.test(token)) flow++
      else if (/^[\]}]$/.test(token)) flow = Math.max(0, flow - 1)
      else if (/^[-?]$/.test(token)) inLine++
      else if (token.endsWith('\n')) inLine = 0
      const indent = before.endsWith('\n') && /^[ \t]+$/.test(token) ? token.length : 0
      if (Math.max(flow, inLine, indent) > maxNesting) return offset
    }
    if (!isControl) offset += token.length
    before = token
  }
  return undefined
}

/** What must be known before the parser is let at a text; undefined: it may be parsed. */
export function refusal(text: string): SyntaxFault | undefined {
  if (text.length > maxConfigLength) return { from: 0, to: 0, message: 'the file is longer than 1 MiB', isFatal: true }
  const from = tooDeepAt(text)
  return from === undefined ? undefined : { from, to: from, message: `nested deeper than ${maxNesting} levels`, isFatal: true }
}

/** A text as a YAML value that holds exactly it. */
export function quote(text: string): string {
  if (!text.includes('"') && !text.includes('\\')) return `"${text}"`
  return `'${text.replaceAll("'", "''")}'`
}

/** `name: value` on one line of a block, or nothing. */
export function lineParts(line: string): { readonly before: string; readonly name: string; readonly value: string } | undefined {
  const [, before, name, value] = /^(\s*(?:- +)*(?!- )([^\s:#{}[\],"'][^:#]*|"[^"]*"|'[^']*'): +)(\S.*)$/.exec(line.trimEnd()) ?? []
  return before === undefined || name === undefined || value === undefined ? undefined : { before, name, value }
}

/** The line with its value in quotes, where it plainly is `name: expression`. */
function quoted(line: string): string {
  const parts = lineParts(line)
  if (parts === undefined || /^[[{].*[\]}]$/.test(parts.value)) return 'quote the expression'
  return `quote the expression: ${parts.name}: ${quote(parts.value)}`
}

interface Said {
  readonly message: string
  readonly hint?: string
}

/** Says a YAML error in our words, knowing its line and the column, from 0, where it stands. */
type Say = (line: string, column: number) => Said

const ended: Say = (line, column) =>
  line.slice(0, column).trim() === ''
    ? { message: 'this line does not fit what stands above it', hint: 'look at the indentation, and whether a list and a map are mixed' }
    : { message: 'YAML ends the value before this', hint: quoted(line) }

const nested: Say = line => {
  const isHere = /: /.test(lineParts(line)?.value ?? ': ')
  return isHere
    ? { message: '`: ` inside an unquoted value begins a map', hint: quoted(line) }
    : { message: 'this has a value, and the line below is indented as if it belonged to it' }
}

/** In our words; these errors spoil no more than their value. */
const local: Partial<Record<YAMLError['code'], Say>> = {
  UNEXPECTED_TOKEN: ended,
  BLOCK_AS_IMPLICIT_KEY: nested,
  BLOCK_IN_FLOW: nested,
  BAD_SCALAR_START: line => ({ message: 'an unquoted value cannot begin with this character', hint: quoted(line) }),
  NON_STRING_KEY: () => ({ message: 'expected a name before the colon' }),
  BAD_DQ_ESCAPE: () => ({ message: 'no such escape in "double quotes"', hint: "in 'single quotes' a backslash is a backslash" }),
}

const fatal: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'indent with spaces: YAML knows no tabs here',
  BAD_INDENT: 'a bracket is not closed, or what it holds is not indented',
  MULTILINE_IMPLICIT_KEY: 'a name and its colon stand on one line; look at the indentation',
  MULTIPLE_DOCS: 'a config is one document: `---` begins a second one',
}

function missing(message: string): string {
  if (/closing .?quote/.test(message)) return 'a quote is never closed'
  return /followed by map values/.test(message) ? 'expected a colon, a blank and a value after this name' : message
}

function isLost({ message }: YAMLError): boolean {
  return /in YAML (stream|document)/.test(message)
}

function say(error: YAMLError, source: SourceText): SyntaxFault {
  const { code, message, pos } = error
  const index = source.lineOf(pos[0])
  const known = isLost(error) ? undefined : local[code]
  const lost = /-end token/.test(message) ? 'this bracket closes nothing' : 'YAML expects nothing more here'
  const said = known?.(source.line(index), source.place(pos[0], pos[1]).column - 1) ?? {
    message: isLost(error) ? lost : (fatal[code] ?? missing(message)),
  }
  return { from: pos[0], to: pos[1], isFatal: known === undefined, ...said }
}

/**
 * YAML's own errors in the order of the file, the first of each line: what follows on a line only follows from it, and a parser that
 * lost its way finds a fault with every further word.
 */
export function syntaxFaults(errors: readonly YAMLError[], source: SourceText): SyntaxFault[] {
  const sorted = [...errors].sort((a, b) => a.pos[0] - b.pos[0])
  const lost = sorted.findIndex(isLost)
  const byLine = new Map<number, SyntaxFault>()
  for (const error of lost === -1 ? sorted : sorted.slice(0, Math.max(1, lost))) {
    const index = source.lineOf(error.pos[0])
    const [first, next] = [byLine.get(index), say(error, source)]
    byLine.set(index, first === undefined ? next : { ...first, isFatal: first.isFatal || next.isFatal })
  }
  const faults = [...byLine.values()]
  return lost === -1 ? faults : faults.map((fault, index) => (index === faults.length - 1 ? { ...fault, isFatal: true } : fault))
}
