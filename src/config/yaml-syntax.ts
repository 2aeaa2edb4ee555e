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

/** The line with its value in quotes, where it plainly is `name: value`. */
function quoted(line: string): string {
  const [, name, value] = /^\s*(?:- )?([^\s:#{[]+): +(\S.*?)\s*$/.exec(line) ?? []
  if (name === undefined || value === undefined || /^[[{].*[\]}]$/.test(value)) return 'quote the expression'
  return `quote the expression: ${name}: ${quote(value)}`
}

type Say = (line: string) => { readonly message: string; readonly hint?: string }

const ended: Say = line => ({ message: 'YAML ends the value before this', hint: quoted(line) })
const nested: Say = line => ({ message: '`: ` inside an unquoted value begins a map', hint: quoted(line) })

/** In our words; these errors spoil no more than their line. */
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
  MULTIPLE_DOCS: 'a config is one document: `---` begins a second one',
}

/** YAML's own errors in the order of the file, the first of each line: what follows on the same line only follows from it. */
export function syntaxFaults(errors: readonly YAMLError[], source: SourceText): SyntaxFault[] {
  const byLine = new Map<number, SyntaxFault>()
  for (const { code, message, pos } of [...errors].sort((a, b) => a.pos[0] - b.pos[0])) {
    const index = source.lineOf(pos[0])
    const say = local[code]?.(source.line(index)) ?? { message: fatal[code] ?? message }
    const fault = { from: pos[0], to: pos[1], isFatal: local[code] === undefined, ...say }
    const first = byLine.get(index)
    byLine.set(index, first === undefined ? fault : { ...first, isFatal: first.isFatal || fault.isFatal })
  }
  return [...byLine.values()]
}
