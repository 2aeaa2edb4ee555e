import { cellOf, type Row } from '../model/row.ts'

const identifier = /^[A-Za-z_]\w*$/
/** Words, without anything that an expression is made of. */
const words = /^[\p{L}\p{N}][\p{L}\p{N} _-]*$/u
const number = /^\d/
/** What is no column, and stands in expressions all the same. */
const known: ReadonlySet<string> = new Set(['true', 'false', 'null', 'in', 'key'])
const sampleRows = 60
/** An expression of more would be refused (`maxExpressionNodes`). */
const mostTexts = 12

/** The columns that hold texts and can be written in an expression. */
export function textColumns(rows: readonly Row[], columns: readonly string[]): readonly string[] {
  const sample = rows.slice(0, sampleRows)
  return columns.filter(column => identifier.test(column) && sample.some(row => typeof cellOf(row, column) === 'string'))
}

/** What is typed, as an expression: mere words are looked for in the columns of texts, capital or not. */
export function filterExpression(typed: string, columns: readonly string[], texts: readonly string[]): string {
  const text = typed.trim()
  if (!words.test(text) || number.test(text) || columns.includes(text) || known.has(text) || texts.length === 0) return text
  const wanted = JSON.stringify(text.toLowerCase())
  return texts
    .slice(0, mostTexts)
    .map(column => `${column}.lower().contains(${wanted})`)
    .join(' || ')
}

/** Names in an expression that are no columns: mostly texts without their quotes. */
export function unknownNames(expression: string, columns: readonly string[]): readonly string[] {
  const bare = expression.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""')
  // Neither a member, nor a function, nor a variable of a macro.
  const names = [...bare.matchAll(/(?<![\w.])[A-Za-z_]\w*(?!\w|\s*[(.,])/g)].map(([name]) => name)
  return [...new Set(names)].filter(name => !columns.includes(name) && !known.has(name))
}
