import { defer, isObservable, map, throwError, type Observable } from 'rxjs'
import { toCell } from '../expression/to-cell.ts'
import { keyOf } from '../model/key.ts'
import { cellOf, rowOf, type Row } from '../model/row.ts'
import type { Sample, Table } from '../model/table.ts'
import { Output, visitTouched } from './output.ts'
import type { Operator } from './stage.ts'

/** Tables that stay as they are, for whoever may hold them beyond the tick; one that did not change is the same. */
class Copies {
  #last: Table | undefined
  #copy: Table | undefined

  of(sample: Sample): Sample {
    const { table, changes } = sample
    const isSame = table === this.#last && changes !== 'all' && changes.size === 0
    this.#last = table
    if (!isSame || this.#copy === undefined) this.#copy = { ...table, rows: new Map(table.rows) }
    return { ...sample, table: this.#copy }
  }
}

function isSample(value: unknown): value is Sample {
  const { table, tick, time } = (value ?? {}) as Partial<Sample>
  const { key, columns, rows, order } = (table ?? {}) as Partial<Table>
  if (typeof tick !== 'number' || typeof time !== 'number' || typeof key !== 'string') return false
  return Array.isArray(columns) && columns.includes(key) && rows instanceof Map && Array.isArray(order)
}

/** A row as rows are: of cells, found by its key. @throws TypeError */
function checked(row: unknown, key: string, keyColumn: string): Row {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw new TypeError(`an operator gave no row under the key '${key}'`)
  const cells = Object.entries(row).map(([column, value]) => [column, value as unknown, toCell(value)] as const)
  const whole = cells.every(([, value, cell]) => value === cell) ? (row as Row) : rowOf(cells.map(([column, , cell]) => [column, cell]))
  if (keyOf(cellOf(whole, keyColumn)) === key) return whole
  throw new TypeError(`an operator gave a row under the key '${key}' whose column '${keyColumn}' says otherwise`)
}

/** What comes out of an operator that may leave samples out, hold them back and make new ones, as the samples of one stage. */
class Settled {
  readonly #output = new Output()

  /** @throws TypeError where it is no sample of a table */
  take(given: unknown): Sample {
    if (!isSample(given)) throw new TypeError('an operator gave something else than a sample: {table, changes, tick, time}')
    // What differs from what came out before is not what differed within the operator.
    const sample: Sample = { ...given, changes: 'all' }
    const { key, columns, order, kind } = sample.table
    const anew = this.#output.begin(sample, { key, columns, order, kind })
    visitTouched(sample, this.#output.rows, anew, (name, row) => {
      if (row === undefined) this.#output.remove(name)
      else if (this.#output.rows.get(name) !== row) this.#output.putOnce(name, checked(row, name, key))
    })
    return this.#output.sample(sample)
  }
}

/**
 * Any operator of RxJS as a step. It is given tables that stay as they are, so that it may hold them; what it gives is compared with what
 * it gave before, so that it may leave samples out.
 */
export function rxjs(operator: (samples: Observable<Sample>) => unknown): Operator {
  return samples =>
    defer(() => {
      const copies = new Copies()
      const settled = new Settled()
      const given = operator(samples.pipe(map(sample => copies.of(sample))))
      if (!isObservable(given)) return throwError(() => new TypeError('a function among the steps is no operator of RxJS'))
      return given.pipe(map(sample => settled.take(sample)))
    })
}
