import { forTerminal } from '../lib/safe-text.ts'

/** A place in a file; line and column count from 1, the column in UTF-16 units as editors count. */
export interface Place {
  readonly line: number
  readonly column: number
  /** How many UTF-16 units of the line are meant; at least 1. */
  readonly length: number
  /** The whole line. */
  readonly text: string
  /** The file, where it is another one than the config: one that a program took in. */
  readonly file?: string
}

/** One thing wrong with a config, ready to be shown. It holds no secret: what came from `${NAME}` is shown as `${NAME}`. */
export interface Problem {
  /** The file as it was named. */
  readonly file: string
  /** Absent where there is no text: the file cannot be read, or the config was an object. */
  readonly place?: Place
  /** `sources.stations.every`; empty for the whole. */
  readonly path: string
  /** One sentence: what is wrong. */
  readonly message: string
  readonly expected?: string
  readonly found?: string
  /** How to mend it. */
  readonly hint?: string
  /** The config can be used all the same. */
  readonly isWarning?: true
}

const widest = 120

/** By line, then column; problems without a place first. */
export function byPlace(a: Problem, b: Problem): number {
  const lines = (a.place?.line ?? 0) - (b.place?.line ?? 0)
  return lines === 0 ? (a.place?.column ?? 0) - (b.place?.column ?? 0) : lines
}

/** `millrace.yaml:5:12: sources.stations.every: expected a time with a unit, such as 10s; found 10`, on one line. */
export function printHeadline(problem: Problem): string {
  const place = problem.place === undefined ? '' : `:${problem.place.line}:${problem.place.column}`
  const path = problem.path === '' ? '' : `${problem.path}: `
  return printable(`${problem.file}${place}: ${problem.isWarning === true ? 'warning: ' : ''}${path}${problem.message}`)
}

/** The headline, the line with a caret and how to mend it. */
export function printProblem(problem: Problem, options: { readonly color?: boolean } = {}): string {
  const paint = (code: number, text: string): string => (options.color === true ? `\u001b[${code}m${text}\u001b[0m` : text)
  const lines = [paint(1, printHeadline(problem))]
  if (problem.place !== undefined) lines.push(...printPlace(problem.place, carets => paint(31, carets)))
  if (problem.hint !== undefined) lines.push(`  ${paint(32, printable(problem.hint))}`)
  return lines.join('\n')
}

/** All of them with a blank line between, and how many there are. */
export function printProblems(problems: readonly Problem[], options: { readonly color?: boolean } = {}): string {
  const noun = problems.every(problem => problem.isWarning === true) ? 'warning' : 'problem'
  const count = `${problems.length} ${noun}${problems.length === 1 ? '' : 's'}`
  return [...problems.map(problem => printProblem(problem, options)), count].join('\n\n')
}

function printPlace(place: Place, paint: (text: string) => string): string[] {
  const number = String(place.line)
  const start = place.column - 1
  const from = place.text.length <= widest ? 0 : Math.max(0, Math.min(start - widest / 2, place.text.length - widest))
  const shown = place.text.slice(from, from + widest)
  const before = place.text.slice(from, start)
  const carets = '^'.repeat(Math.max(1, Math.min(place.length, from + widest - start)))
  const [head, tail] = [from > 0 ? '…' : '', from + widest < place.text.length ? '…' : '']
  return [
    `  ${number} | ${head}${printable(shown)}${tail}`,
    `  ${' '.repeat(number.length)} | ${printable(head + before).replaceAll(/./gu, ' ')}${paint(carets)}`,
  ]
}

/** Nothing in a file may steer the terminal: control characters, tabs included, take one column. */
function printable(text: string): string {
  return forTerminal(text.replaceAll('\t', ' '))
}
