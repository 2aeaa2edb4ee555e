import { cellText, type Row } from '../model/row.ts'
import { compileExpression, type Expression, type ExpressionOptions } from './expression.ts'
import { ExpressionError } from './expression-error.ts'

/** A text with expressions of CEL in it: `{{region}} has {{bikes}}`. */
export class Template {
  readonly #parts: readonly (string | Expression)[]

  constructor(parts: readonly (string | Expression)[]) {
    this.#parts = parts
  }

  /** The columns that its expressions take for there. */
  get needed(): readonly string[] {
    return this.#parts.flatMap(part => (typeof part === 'string' ? [] : part.needed))
  }

  /** The text for a row; what is null is nothing, what is nested JSON. */
  render(row: Row, key: string): string {
    return this.#parts.map(part => (typeof part === 'string' ? part : cellText(part.evaluate(row, key)))).join('')
  }
}

/**
 * Compiles a text with expressions between `{{` and `}}`.
 * @throws ExpressionError with places in the whole text.
 */
export function compileTemplate(text: string, options: ExpressionOptions): Template {
  const parts: (string | Expression)[] = []
  let end = 0
  for (let start = text.indexOf('{{'); start !== -1; start = text.indexOf('{{', end)) {
    const close = text.indexOf('}}', start)
    if (close === -1) throw new ExpressionError("'{{' is never closed: expected '}}'", { start, end: start + 2 })
    parts.push(text.slice(end, start), compilePart(text.slice(start + 2, close), start + 2, options))
    end = close + 2
  }
  return new Template([...parts, text.slice(end)].filter(part => part !== ''))
}

function compilePart(text: string, from: number, options: ExpressionOptions): Expression {
  try {
    return compileExpression(text, options)
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    throw new ExpressionError(error.message, { start: from + error.start, end: from + error.end })
  }
}
