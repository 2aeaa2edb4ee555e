import { canonicalJson } from '../model/checksum.ts'
import { orderedEntries, type OrderTerm } from '../model/order.ts'
import { cellOf, type Row } from '../model/row.ts'
import type { Sample, Table } from '../model/table.ts'
import { isDense, Output, sameOrder, visitTouched } from './output.ts'
import { SortedRows, type Entry } from './sorted-rows.ts'
import { stage, type Operator } from './stage.ts'

export interface Top {
  /** The order, which becomes the table's; none: the table's own. */
  readonly by: readonly OrderTerm[]
  /** How many rows are kept, of each group where `per` is given. */
  readonly limit: number
  /** Columns whose values make the groups; null is a value like any other. */
  readonly per?: readonly string[]
}

interface Ranking {
  readonly sorted: SortedRows
  shown: readonly Entry[]
}

function groupOf(row: Row, per: readonly string[]): string {
  return per.length === 0 ? '' : per.map(column => canonicalJson(cellOf(row, column))).join(',')
}

/** Keeps every row sorted, so that a change costs O(log rows), and one among the first O(limit). */
class TopStage {
  readonly #top: Top
  readonly #per: readonly string[]
  readonly #output = new Output()
  readonly #held = new Map<string, Row>()
  readonly #rankings = new Map<string, Ranking>()
  readonly #touched = new Map<string, Ranking>()
  #order: readonly OrderTerm[] | undefined

  constructor(top: Top) {
    this.#top = top
    this.#per = top.per ?? []
  }

  next(input: Sample): Sample {
    const { table } = input
    const order = this.#top.by.length === 0 ? table.order : this.#top.by
    const begins = this.#output.begin(input, { key: table.key, columns: table.columns, order, kind: table.kind })
    const anew = begins || this.#order === undefined || !sameOrder(order, this.#order)
    if (anew) this.#order = order
    if (anew || isDense(input)) this.#sortAll(table.rows)
    else visitTouched(input, this.#held, anew, (key, row) => this.#replace(key, row))
    this.#show()
    return this.#output.sample(input)
  }

  /** Sorts all rows at once. What is shown stays known, so that it is taken back where it is not shown again. */
  #sortAll(rows: ReadonlyMap<string, Row>): void {
    const groups = new Map<string, Entry[]>([...this.#rankings.keys()].map(group => [group, []]))
    this.#held.clear()
    for (const [key, row] of rows) {
      this.#held.set(key, row)
      const group = groupOf(row, this.#per)
      const entries = groups.get(group)
      if (entries === undefined) groups.set(group, [{ key, row }])
      else entries.push({ key, row })
    }
    for (const [group, entries] of groups) {
      const sorted = new SortedRows(this.#order ?? [], entries)
      const ranking = { sorted, shown: this.#rankings.get(group)?.shown ?? [] }
      this.#rankings.set(group, ranking)
      this.#touched.set(group, ranking)
    }
  }

  #replace(key: string, row: Row | undefined): void {
    const before = this.#held.get(key)
    if (before === row) return
    if (before !== undefined) this.#take(key, before)
    if (row === undefined) this.#held.delete(key)
    else {
      this.#held.set(key, row)
      this.#give({ key, row })
    }
  }

  #take(key: string, row: Row): void {
    const group = groupOf(row, this.#per)
    const ranking = this.#rankings.get(group)
    if (ranking === undefined) return
    ranking.sorted.remove({ key, row })
    if (this.#output.rows.has(key)) this.#touched.set(group, ranking)
  }

  #give(entry: Entry): void {
    const group = groupOf(entry.row, this.#per)
    let ranking = this.#rankings.get(group)
    if (ranking === undefined) {
      ranking = { sorted: new SortedRows(this.#order ?? []), shown: [] }
      this.#rankings.set(group, ranking)
    }
    ranking.sorted.insert(entry)
    const last = ranking.shown[this.#top.limit - 1]
    if (last === undefined || ranking.sorted.compare(entry, last) <= 0) this.#touched.set(group, ranking)
  }

  /** First what leaves any group, then what stands in one: a row may have gone from one to another. */
  #show(): void {
    for (const [group, ranking] of this.#touched) {
      const before = ranking.shown
      ranking.shown = ranking.sorted.first(this.#top.limit)
      const stays = new Set(ranking.shown.map(entry => entry.key))
      for (const { key } of before) if (!stays.has(key)) this.#output.remove(key)
      if (ranking.sorted.isEmpty) this.#rankings.delete(group)
    }
    for (const ranking of this.#touched.values()) for (const { key, row } of ranking.shown) this.#output.put(key, row)
    this.#touched.clear()
  }
}

/** The first `limit` rows of an order, ties by key; the order becomes the table's. */
export function top(options: Top): Operator {
  return stage(() => {
    const state = new TopStage(options)
    return input => state.next(input)
  })
}

/** The definition of `top` (L10). */
export function naiveTop(table: Table, { by, limit, per = [] }: Top): Table {
  const order = by.length === 0 ? table.order : by
  const counts = new Map<string, number>()
  const rows = orderedEntries(table.rows, order).filter(([, row]) => {
    const group = groupOf(row, per)
    const place = counts.get(group) ?? 0
    counts.set(group, place + 1)
    return place < limit
  })
  return { ...table, rows: new Map(rows), order }
}
