import type { Row } from '../model/row.ts'
import type { Table } from '../model/table.ts'
import { isDense, Output, sameOrder, visitTouched } from './output.ts'
import { stage, type Operator } from './stage.ts'

/** What a stage makes of one table's rows, each by itself. */
export interface RowPlan {
  /** The columns of the output, the key among them. */
  readonly columns: readonly string[]
  readonly order: Table['order']
  /** A row that comes out is the one that went in; default false. */
  readonly isSame?: boolean
  /** The row that comes out; undefined: none. */
  row(row: Row, key: string): Row | undefined
}

/** A plan for a table's header; asked for again only when the header is another object or list. */
export type RowPlanner = (header: Pick<Table, 'key' | 'columns' | 'order'>) => RowPlan

/** An operator that looks at each row by itself: O(changes). Keys stay. */
export function rowByRow(planner: RowPlanner): Operator {
  return stage(() => {
    const output = new Output()
    let header: Table | undefined
    let plan: RowPlan | undefined
    return input => {
      const { table } = input
      const same = header?.key === table.key && header.columns === table.columns && sameOrder(header.order, table.order)
      const current = plan !== undefined && same ? plan : planner(table)
      plan = current
      header = table
      const anew = output.begin(input, { key: table.key, columns: current.columns, order: current.order, kind: table.kind })
      if (!anew && isDense(input)) {
        output.remake(table.rows, (row, key) => current.row(row, key), current.isSame ?? false)
        return output.sample(input)
      }
      visitTouched(input, output.rows, anew, (key, row) => {
        const next = row === undefined ? undefined : current.row(row, key)
        if (next === undefined) output.remove(key)
        else output.putOnce(key, next)
      })
      return output.sample(input)
    }
  })
}
