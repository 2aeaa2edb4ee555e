import type { Change, Millrace } from '../client/face.ts'
import { profileColumn, showValue, visibleColumns } from '../elements/column-profile.ts'
import { FeedHints } from '../elements/feed-hints.ts'
import { createFormat, type Format } from '../elements/format.ts'
import { forTerminal } from '../lib/safe-text.ts'
import type { Hints } from '../model/hint.ts'
import { cellOf, type Row } from '../model/row.ts'

const color = process.stdout.isTTY && process.env['NO_COLOR'] === undefined
const paint = (code: number, text: string): string => (color ? `\u001B[${code}m${text}\u001B[0m` : text)
const [red, green, yellow, dim] = [31, 32, 33, 2]

/** How the server wants the columns of a feed to be shown, once it has said so. */
export function hintsOf(millrace: Millrace, feed: string): Promise<Hints> {
  const hints = new FeedHints(millrace)
  return new Promise(resolve => {
    hints.onChange(() => resolve(hints.of(feed)))
  })
}

/** What the lines of one feed are written with. */
interface Style {
  readonly hints: Hints
  readonly format: Format
  readonly now: () => number
}

/** `+` new, `~` changed, `-` left; of a changed row only the cells that did. */
export function prettyLines(keyColumn: () => string, hints: Hints, now: () => number): (change: Change) => string {
  const shown = new Map<string, Row>()
  const style: Style = { hints, now, format: createFormat([new Intl.NumberFormat().resolvedOptions().locale]) }
  return change => {
    const lines: string[] = []
    if (change.type === 'snapshot') {
      shown.clear()
      lines.push(paint(dim, `snapshot of ${change.set.size} ${change.set.size === 1 ? 'row' : 'rows'}, version ${change.version}`))
    }
    const columns = visibleColumns(change.columns, hints).filter(column => column !== keyColumn())
    for (const [key, row] of change.set) {
      lines.push(rowLine(key, row, shown.get(key), columns, style))
      shown.set(key, row)
    }
    for (const key of change.del) {
      shown.delete(key)
      lines.push(paint(red, `- ${forTerminal(key)}`))
    }
    return `${lines.join('\n')}\n`
  }
}

function rowLine(key: string, row: Row, before: Row | undefined, columns: readonly string[], style: Style): string {
  const changed = columns.filter(column =>
    before === undefined ? cellOf(row, column) !== null : cellOf(row, column) !== cellOf(before, column),
  )
  const cells = changed.map(column => {
    const name = style.hints.get(column)?.label ?? column
    return `${paint(dim, `${forTerminal(name)}=`)}${forTerminal(cellText(row, column, style))}`
  })
  const mark = before === undefined ? paint(green, '+') : paint(yellow, '~')
  return `${mark} ${forTerminal(key)}  ${cells.join('  ')}`
}

/** As the config says it is to be shown; as it was sent, where that says nothing. */
function cellText(row: Row, column: string, { hints, format, now }: Style): string {
  const hint = hints.get(column)
  if (hint === undefined) return JSON.stringify(cellOf(row, column))
  return showValue(cellOf(row, column), profileColumn(column, [row], undefined, hint), now(), format)
}
