import { cellOf, equalCells, type Cell, type Row } from '../model/row.ts'
import type { Changes, Table } from '../model/table.ts'

/** What is known of changes that say nothing new. */
export interface Spurious {
  /** Polls that changed nothing but instants, such as when the answer was made. */
  readonly count: number
  /** One sentence: what could be ignored. Absent: too few polls to say, or none. */
  readonly suggestion?: string
}

/** So many polls, and so many of them spurious, before something is suggested; the least share of all. */
const leastPolls = 20
const leastSpurious = 5
const leastShare = 0.1

/** 2001 to 2096 in seconds, and in ms. */
const epochs = [1e9, 4e9, 1e12, 4e12] as const
/** ISO 8601 or RFC 822, with a time of day. */
const written = /^(\d{4}-\d\d-\d\d[T ]|[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} )\d\d:\d\d/

const none: Spurious = { count: 0 }

function isInstant(cell: Cell): boolean {
  if (typeof cell === 'string') return cell.length < 40 && written.test(cell)
  if (typeof cell !== 'number') return false
  return (cell >= epochs[0] && cell < epochs[1]) || (cell >= epochs[2] && cell < epochs[3])
}

/**
 * Counts the polls in which nothing changed but instants: the time an upstream made its answer, or looked at what it tells of.
 * A row that came or went is news, and so is any other column.
 */
export class SpuriousChanges {
  #polls = 0
  #spurious = 0
  readonly #columns = new Map<string, number>()

  get seen(): Spurious {
    if (this.#spurious === 0) return none
    const suggestion = this.#suggestion()
    return { count: this.#spurious, ...(suggestion === undefined ? {} : { suggestion }) }
  }

  /** A poll that told of these changes. */
  add({ rows, columns }: Table, changes: Changes): void {
    this.#polls++
    if (changes === 'all' || changes.size === 0) return
    const moved = new Set<string>()
    for (const [key, before] of changes) {
      const after = rows.get(key)
      if (before === undefined || after === undefined || !moveInstants(before, after, columns, moved)) return
    }
    this.#spurious++
    for (const column of moved) this.#columns.set(column, (this.#columns.get(column) ?? 0) + 1)
  }

  #suggestion(): string | undefined {
    const share = this.#spurious / this.#polls
    if (this.#polls < leastPolls || this.#spurious < leastSpurious || share < leastShare) return undefined
    const names = [...this.#columns].filter(([, count]) => count * 2 > this.#spurious).map(([column]) => column)
    if (names.length === 0) return undefined
    return `only ${names.join(', ')} changed in ${Math.round(share * 100)} % of polls: ignore it? ignore: [${names.join(', ')}]`
  }
}

/** Whether nothing but instants differs; adds the columns of those that do. */
function moveInstants(before: Row, after: Row, columns: readonly string[], moved: Set<string>): boolean {
  return columns.every(column => {
    const [was, is] = [cellOf(before, column), cellOf(after, column)]
    if (equalCells(was, is)) return true
    moved.add(column)
    return isInstant(was) && isInstant(is)
  })
}
