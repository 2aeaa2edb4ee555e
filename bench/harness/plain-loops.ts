import type { Row } from '../../src/model/row.ts'

type Rows = ReadonlyMap<string, Row>

/** What anybody would write who computes a table from all rows each time: one loop, one new Map. */
function eachRow(rows: Rows, make: (row: Row) => Row | undefined): Rows {
  const made = new Map<string, Row>()
  for (const [key, row] of rows) {
    const next = make(row)
    if (next !== undefined) made.set(key, next)
  }
  return made
}

function numberOf(row: Row, column: string): number {
  return row[column] as number
}

export function plainWhere(rows: Rows): Rows {
  return eachRow(rows, row => (numberOf(row, 'n') > 100 ? row : undefined))
}

export function plainDerive(rows: Rows): Rows {
  return eachRow(rows, row => ({ ...row, turnover: numberOf(row, 'n') * numberOf(row, 'price') }))
}

export function plainGroup(rows: Rows): Rows {
  const groups = new Map<string, { count: number; sum: number; prices: number; most: number }>()
  for (const row of rows.values()) {
    const region = row['region'] as string
    let group = groups.get(region)
    if (group === undefined) {
      group = { count: 0, sum: 0, prices: 0, most: Number.NEGATIVE_INFINITY }
      groups.set(region, group)
    }
    group.count++
    group.sum += numberOf(row, 'n')
    group.prices += numberOf(row, 'price')
    group.most = Math.max(group.most, numberOf(row, 'n'))
  }
  const made = new Map<string, Row>()
  for (const [region, { count, sum, prices, most }] of groups) made.set(region, { region, count, sum, price: prices / count, most })
  return made
}

export function plainTop(rows: Rows, column: string, limit: number): Rows {
  return new Map([...rows].sort(([, a], [, b]) => numberOf(b, column) - numberOf(a, column)).slice(0, limit))
}

/** Keeps the tables of a time, as it recomputes from them. */
export class PlainPast {
  readonly #ms: number
  #tables: { readonly time: number; readonly rows: Rows }[] = []

  constructor(ms: number) {
    this.#ms = ms
  }

  add(rows: Rows, time: number): void {
    this.#tables = [...this.#tables.filter(table => table.time > time - this.#ms), { time, rows }]
  }

  /** The mean and the most of a column over the tables. */
  window(key: string, column: string): Rows {
    const sums = new Map<string, { count: number; sum: number; most: number }>()
    for (const { rows } of this.#tables) {
      for (const [name, row] of rows) {
        const value = numberOf(row, column)
        const sum = sums.get(name)
        if (sum === undefined) sums.set(name, { count: 1, sum: value, most: value })
        else {
          sum.count++
          sum.sum += value
          sum.most = Math.max(sum.most, value)
        }
      }
    }
    const made = new Map<string, Row>()
    for (const [name, { count, sum, most }] of sums) made.set(name, { [key]: name, avg: sum / count, most })
    return made
  }

  rate(column: string): Rows {
    const rates = new Map<string, { first: number; at: number; last: number; resets: number }>()
    for (const { rows, time } of this.#tables) {
      for (const [name, row] of rows) {
        const value = numberOf(row, column)
        const rate = rates.get(name)
        if (rate === undefined) rates.set(name, { first: value, at: time, last: value, resets: 0 })
        else {
          if (value < rate.last) rate.resets += rate.last
          rate.last = value
        }
      }
    }
    const now = this.#tables.at(-1)
    const made = new Map<string, Row>()
    for (const [name, row] of now?.rows ?? []) {
      const { first, at, last, resets } = rates.get(name) ?? { first: 0, at: 0, last: 0, resets: 0 }
      const ms = (now?.time ?? 0) - at
      made.set(name, { ...row, rate: ms > 0 ? (last - first + resets) / (ms / 1000) : null })
    }
    return made
  }

  change(column: string): Rows {
    const [before, now] = this.#tables.slice(-2)
    const made = new Map<string, Row>()
    for (const [name, row] of now?.rows ?? []) {
      const other = before?.rows.get(name)
      made.set(name, { ...row, moved: other === undefined ? null : numberOf(row, column) - numberOf(other, column) })
    }
    return made
  }
}
