import { compileTemplate } from '../expression/template.ts'
import type { Cell, Row } from '../model/row.ts'
import { messageColumns } from './sink.options.ts'

/** What is sent for a message. */
export interface Body {
  readonly text: string
  readonly type: string
}

function compileText(written: string): (message: Row) => string {
  const template = compileTemplate(written, { origin: 'config', columns: messageColumns })
  return message => template.render(message, '')
}

function compileValue(written: unknown): (message: Row) => Cell {
  if (typeof written === 'string') return compileText(written)
  if (typeof written === 'number' || typeof written === 'boolean') return () => written
  if (Array.isArray(written)) {
    const items = written.map(compileValue)
    return message => items.map(item => item(message))
  }
  if (typeof written !== 'object' || written === null) return () => null
  const members = Object.entries(written).map(([name, value]: [string, unknown]) => [name, compileValue(value)] as const)
  return message => Object.fromEntries(members.map(([name, render]) => [name, render(message)]))
}

/**
 * The body that a config describes: a text as it is, anything else as JSON, so that what a template gives is quoted as it has to be.
 * @throws ExpressionError
 */
export function compileBody(written: unknown): (message: Row) => Body {
  if (typeof written === 'string') {
    const render = compileText(written)
    return message => ({ text: render(message), type: 'text/plain; charset=utf-8' })
  }
  const render = compileValue(written)
  return message => ({ text: JSON.stringify(render(message)), type: 'application/json' })
}
