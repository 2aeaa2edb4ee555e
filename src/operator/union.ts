import type { Observable } from 'rxjs'
import { rowOf, type Row } from '../model/row.ts'
import { letsGo, noChanges, type Degradation, type Sample, type Table } from '../model/table.ts'
import { together, type HandOver, type Samples } from './hand-over.ts'
import { grownColumns, Output, visitTouched } from './output.ts'

/** A row as one of a table whose key column has another name. */
function named(row: Row, key: string, from: string, to: string): Row {
  return from === to ? row : rowOf([...Object.entries(row), [to, key]])
}

class UnionStage {
  readonly #output = new Output()
  readonly #tables: (Table | undefined)[]
  readonly #rows: Map<string, Row>[]
  /** Keys that several inputs have. */
  readonly #shared = new Set<string>()

  constructor(count: number) {
    this.#tables = Array.from({ length: count }, () => undefined)
    this.#rows = Array.from({ length: count }, () => new Map())
  }

  next(samples: Samples): Sample | undefined {
    const newest = samples.filter(sample => sample !== undefined).reduce((a, b) => (b.time > a.time ? b : a))
    const touched = new Set<string>()
    const anew = samples.map((sample, i) => sample !== undefined && this.#takeInput(i, sample, touched))
    const [first, ...more] = this.#tables.filter(table => table !== undefined)
    if (first === undefined) return undefined
    const columns = more.reduce((all, table) => grownColumns(all, table.columns), first.columns)
    const { degraded } = samples.find(sample => sample?.degraded !== undefined) ?? {}
    const input: Sample = {
      table: { ...first, columns },
      changes: anew.includes(true) ? 'all' : noChanges,
      tick: newest.tick,
      time: newest.time,
      ...(degraded === undefined ? {} : { degraded }),
    }
    const begins = this.#output.begin(input, { key: first.key, columns, order: first.order, kind: first.kind })
    if (begins) this.#shared.clear()
    for (const key of begins ? new Set(this.#rows.flatMap(rows => [...rows.keys()])) : touched) this.#show(key, first.key)
    return this.#output.sample(input, this.#degraded())
  }

  /** Returns whether the input is another table than it was. */
  #takeInput(i: number, sample: Sample, touched: Set<string>): boolean {
    const before = this.#tables[i]
    const rows = this.#rows[i] ?? new Map<string, Row>()
    const { table, changes } = sample
    const anew = before !== undefined && (before.key !== table.key || (changes === 'all' && letsGo(before.columns, table.columns)))
    this.#tables[i] = table
    visitTouched(sample, rows, before === undefined || anew, (key, row) => {
      touched.add(key)
      if (row === undefined) rows.delete(key)
      else rows.set(key, row)
    })
    return anew
  }

  #show(key: string, keyColumn: string): void {
    const holders = this.#rows.flatMap((rows, i) => {
      const row = rows.get(key)
      return row === undefined ? [] : [named(row, key, this.#tables[i]?.key ?? keyColumn, keyColumn)]
    })
    const last = holders.at(-1)
    if (holders.length > 1) this.#shared.add(key)
    else this.#shared.delete(key)
    if (last === undefined) this.#output.remove(key)
    else this.#output.put(key, last)
  }

  #degraded(): Degradation | undefined {
    const count = this.#shared.size
    if (count === 0) return undefined
    return { cause: 'key', reason: `${count === 1 ? '1 key is' : `${count} keys are`} in several inputs; the last one listed counts` }
  }
}

/** The rows of several tables with equal columns as one; of rows with one key that of the last table counts (`degraded: key`). */
export function union(inputs: readonly Observable<Sample>[], handOver: HandOver): Observable<Sample> {
  return together(inputs, handOver, () => {
    const state = new UnionStage(inputs.length)
    return samples => state.next(samples)
  })
}

/** The definition of `union` (L10). */
export function naiveUnion(tables: readonly (Table | undefined)[]): Table {
  const present = tables.filter(table => table !== undefined)
  const [first] = present
  if (first === undefined) throw new RangeError('there is no table')
  const columns = present.reduce((all, table) => grownColumns(all, table.columns), first.columns)
  const rows = present.flatMap(table => [...table.rows].map(([key, row]) => [key, named(row, key, table.key, first.key)] as const))
  return { ...first, columns, rows: new Map(rows) }
}
