import { connect } from '../client-node.ts'
import { ExpressionError } from '../expression/expression-error.ts'
import { compileExpression, type Expression } from '../expression/expression.ts'
import { asOneLine } from '../lib/safe-text.ts'
import type { Row } from '../model/row.ts'
import { fail, failureOf, terminalLines } from './server-failure.ts'
import { tokenSource, type TokenOptions } from './token-source.ts'

export interface EvalOptions extends TokenOptions {
  /** JSON of a row. */
  readonly row?: string
  /** A feed of a running server, whose rows are taken. */
  readonly feed?: string
  readonly url: string
}

/** Rows of a feed that are shown. */
const mostRows = 20

/** `millrace eval <expression>`: its value, for a row or for those of a feed; exit 1 where it is none. */
export async function evaluate(text: string, options: EvalOptions): Promise<void> {
  try {
    const lines = options.feed === undefined ? ofRow(text, options.row ?? '{}') : await ofFeed(text, options.feed, options)
    process.stdout.write(terminalLines(lines))
  } catch (error) {
    fail(error)
  }
}

function ofRow(text: string, json: string): string[] {
  const row = readRow(json)
  const expression = compile(text, Object.keys(row).length === 0 ? undefined : Object.keys(row))
  const value = expression.evaluate(row, '')
  sayMisses(expression)
  return [JSON.stringify(value)]
}

/** @throws Error where it is no row. */
function readRow(json: string): Row {
  let row: unknown
  try {
    row = JSON.parse(json)
  } catch (error) {
    throw new Error(`--row is no JSON: ${error instanceof Error ? error.message : ''}`, { cause: error })
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw new Error('--row is a JSON object: its members are the columns')
  return row as Row
}

/** @throws Error with the expression, a caret under the fault, and what it is. */
function compile(text: string, columns: readonly string[] | undefined): Expression {
  try {
    return compileExpression(text, { origin: 'config', ...(columns === undefined ? {} : { columns }) })
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    const caret = `${' '.repeat(error.start)}${'^'.repeat(Math.max(1, error.end - error.start))}`
    throw new Error(`${text}\n${caret}\n${error.message}`, { cause: error })
  }
}

function sayMisses({ misses }: Expression): void {
  if (misses.count === 0) return
  const rows = misses.count === 1 ? '1 row' : `${misses.count} rows`
  process.stderr.write(`no value for ${rows}: ${asOneLine(misses.last ?? '')}\n`)
}

async function ofFeed(text: string, feed: string, options: EvalOptions): Promise<string[]> {
  const token = tokenSource(options)
  if (token === undefined) return []
  const millrace = connect(options.url, { token })
  try {
    const table = await Promise.race([millrace.get(feed), failureOf(millrace, options.url)])
    const expression = compile(text, table.columns)
    const lines = [...table.rows]
      .slice(0, mostRows)
      .map(([key, row]) => `${asOneLine(key)}: ${JSON.stringify(expression.evaluate(row, key))}`)
    sayMisses(expression)
    if (table.rows.size > mostRows) process.stderr.write(`the first ${mostRows} of ${table.rows.size} rows\n`)
    return lines
  } finally {
    millrace.close()
  }
}
