import { setCell, type Cell } from '../model/row.ts'
import { CsvReader, type CsvRecord } from './csv-records.ts'
import { endOfComments, findDelimiter, firstRecords, lookedAt, looksLikeHeader } from './csv-dialect.ts'
import { DecodeError, exceeded, quotable } from './decode-error.ts'

export interface CsvOptions {
  /** One of `,`, `;`, tab and `|`; default: found by looking. */
  readonly delimiter?: string
  /** Whether the first record names the columns; default: found by looking. */
  readonly header?: boolean
  readonly maxRows: number
  readonly maxColumns: number
  /** Fields in the whole text. */
  readonly maxCells: number
}

export interface Csv {
  /** Objects by the names of the header, or arrays where there is none. Every cell is a text, or null where nothing stands. */
  readonly items: readonly Cell[]
  readonly delimiter: string
  readonly header: boolean
  /** Records with more fields than the header, which are left out, with the lines of up to three. */
  readonly long: Ragged
  /** Records with fewer fields, whose last cells are null. */
  readonly short: Ragged
  /** Names that the header has twice, or not at all, as they were made different. */
  readonly renamed: readonly string[]
}

export interface Ragged {
  readonly count: number
  readonly lines: readonly number[]
}

/** Counts records of another length, and keeps the lines of the first. */
class RaggedCount implements Ragged {
  count = 0
  readonly lines: number[] = []

  add(line: number): void {
    if (this.count++ < 3) this.lines.push(line)
  }
}

function fieldCount(text: string, delimiter: string): number {
  return firstRecords(text, delimiter)[0]?.fields.length ?? 0
}

/** Where the records begin, and by what their fields are told apart. */
interface Beginning {
  readonly from: number
  readonly delimiter: string
}

/**
 * Before the records there may stand `sep=;`, as Excel writes it, or comments that begin with `#`. A last comment that
 * has as many fields as the record below it is the header: `#station;time;value`.
 */
function beginningOf(text: string, known: string | undefined): Beginning {
  const said = /^sep=([,;|\t])\r?\n/i.exec(text)
  if (said !== null) return { from: said[0].length, delimiter: said[1] ?? ',' }
  const end = endOfComments(text)
  const comments = text.slice(0, end)
  const delimiter = known ?? findDelimiter(text.slice(end))?.delimiter ?? findDelimiter(text)?.delimiter ?? ','
  const last = comments.slice(0, -1).lastIndexOf('\n') + 1
  const names = last + (/^[# \t]*/.exec(comments.slice(last))?.[0].length ?? 0)
  const fields = fieldCount(text.slice(names, end), delimiter)
  if (fields < 2 || fields !== fieldCount(text.slice(end), delimiter)) return { from: end, delimiter }
  return { from: text.startsWith(delimiter, names) ? last : names, delimiter }
}

/** Every column has a name of its own: an empty one is its place, of two equal ones the later gets a number. */
function columnNames(fields: CsvRecord['fields']): { readonly names: readonly string[]; readonly renamed: readonly string[] } {
  const taken = new Set<string>()
  const renamed: string[] = []
  const names = fields.map((field, place) => {
    const written = field?.trim() ?? ''
    let name = written === '' ? String(place) : written
    for (let n = 2; taken.has(name); n++) name = `${written}_${n}`
    taken.add(name)
    if (name !== written) renamed.push(name)
    return name
  })
  return { names, renamed }
}

function rowOfFields(fields: CsvRecord['fields'], names: readonly string[] | undefined): Cell {
  if (names === undefined) return fields
  const row: Record<string, Cell> = {}
  for (const [place, name] of names.entries()) setCell(row, name, fields[place] ?? null)
  return row
}

/** Fields beyond the last name that hold nothing are no fields: some writers end each line with a delimiter. */
function isTooLong(fields: CsvRecord['fields'], most: number): boolean {
  return fields.length > most && fields.slice(most).some(field => field !== null && field !== '')
}

/**
 * Reads CSV, or TSV and the like. Every cell is a text: what type a column has is found over all of its cells.
 * @throws DecodeError which names the line, or the limit
 */
export function decodeCsv(text: string, options: CsvOptions): Csv {
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) throw new DecodeError('decode', 'the body is HTML or XML, not CSV')
  const { from, delimiter } = beginningOf(text, options.delimiter)
  const header = options.header ?? looksLikeHeader(firstRecords(text.slice(from, from + lookedAt), delimiter))
  const reader = new CsvReader(text, delimiter, from)
  const head = header ? columnNames(reader.next(options.maxColumns)?.fields ?? []) : undefined
  const [long, short] = [new RaggedCount(), new RaggedCount()]
  const items: Cell[] = []
  let cells = 0
  const next = (): CsvRecord | undefined => reader.next(options.maxColumns)
  for (let record = next(); record !== undefined; record = next()) {
    const { fields, line } = record
    const most = head?.names.length ?? fields.length
    if (isTooLong(fields, most)) {
      long.add(line)
      continue
    }
    if (fields.length < most) short.add(line)
    if (items.length >= options.maxRows) throw exceeded('maxRows', String(options.maxRows))
    cells += fields.length
    if (cells > options.maxCells) throw exceeded('maxCells', String(options.maxCells))
    items.push(rowOfFields(fields, head?.names))
  }
  return { items, delimiter, header, long, short, renamed: head?.renamed ?? [] }
}

/** `2 lines, such as 7, 9` */
export function printLines({ count, lines }: Ragged): string {
  return count === 1 ? `line ${lines[0] ?? 0}` : `${count} lines, such as ${lines.join(', ')}`
}

/** Names that were made different, fit to stand in a sentence. */
export function printNames(names: readonly string[]): string {
  return quotable(names.slice(0, 5).join(', '), 90)
}
