import type { Clock } from '../lib/clock.ts'
import { copyOf, setCell, type Cell, type Row } from '../model/row.ts'
import type { Degradation, Sample } from '../model/table.ts'
import { grownColumns, Output, visitTouched } from './output.ts'
import { Past, type Runs } from './past.ts'
import type { RowValue } from './row-function.ts'
import { valuesBeside, type NewColumns } from './select.ts'
import { stage, type Operator } from './stage.ts'
import { SteadyTime } from './steady-time.ts'

/** Columns computed from what numbers were. */
export interface LookBack {
  readonly columns: NewColumns
  /** Most numbers held; over it the oldest samples are forgotten (`degraded: cardinality`). */
  readonly maxPoints: number
}

/** How a stage looks back: what it needs, and what it makes of it. */
export interface Looker {
  /** The first sample that counts at an instant. */
  firstOf(past: Past, now: number): number
  cellOf(past: Past, runs: Runs): Cell
  /** Whether the cell may become another though nothing happens to its runs. */
  moves(past: Past, runs: Runs): boolean
  /** The cells of all rows may differ where this differs from what it was. */
  state(past: Past): unknown
}

/** Looks again only at rows that change, whose past changes, or that a look said would move. */
class LookBackStage {
  readonly #looker: Looker
  readonly #columns: NewColumns
  readonly #past: Past
  readonly #maxPoints: number
  readonly #output = new Output()
  readonly #rows = new Map<string, Row>()
  readonly #moving = new Set<string>()
  #values: readonly (readonly [string, RowValue])[] = []
  #state: unknown

  constructor({ columns, maxPoints }: LookBack, looker: Looker) {
    this.#looker = looker
    this.#columns = columns
    this.#past = new Past(columns.size, maxPoints)
    this.#maxPoints = maxPoints
  }

  next(input: Sample, now: number): Sample {
    const { key, columns, order, kind } = input.table
    this.#values = valuesBeside(key, this.#columns)
    const names = this.#values.map(([name]) => name)
    const anew = this.#output.begin(input, { key, columns: grownColumns(columns, names), order, kind })
    if (anew) this.#forget()
    this.#past.add(now)
    const again = new Set(this.#moving)
    visitTouched(input, this.#rows, anew, (name, row) => {
      if (this.#replace(name, row)) again.add(name)
    })
    for (const name of this.#past.forgetBefore(this.#looker.firstOf(this.#past, now))) again.add(name)
    const state = this.#looker.state(this.#past)
    const all = state !== this.#state
    this.#state = state
    for (const name of all ? this.#rows.keys() : again) this.#look(name)
    return this.#output.sample(input, this.#degraded())
  }

  #forget(): void {
    this.#past.forgetAll()
    this.#rows.clear()
    this.#moving.clear()
  }

  #replace(key: string, row: Row | undefined): boolean {
    if (row === undefined) {
      this.#rows.delete(key)
      this.#moving.delete(key)
      this.#past.set(key, undefined)
      this.#output.remove(key)
      return false
    }
    if (this.#rows.get(key) === row) return false
    this.#rows.set(key, row)
    this.#past.set(
      key,
      this.#values.map(([, value]) => value(row, key)),
    )
    return true
  }

  #look(key: string): void {
    const row = this.#rows.get(key)
    if (row === undefined) return
    const cells = copyOf(row)
    let moves = false
    for (const [i, [name]] of this.#values.entries()) {
      const runs = this.#past.runsOf(key, i)
      setCell(cells, name, this.#looker.cellOf(this.#past, runs))
      moves ||= this.#looker.moves(this.#past, runs)
    }
    if (moves) this.#moving.add(key)
    else this.#moving.delete(key)
    this.#output.putOnce(key, cells)
  }

  #degraded(): Degradation | undefined {
    if (!this.#past.isCut) return undefined
    return { cause: 'cardinality', reason: `maxPoints: ${this.#maxPoints} numbers are held, what is older is forgotten` }
  }
}

/** An operator that puts columns beside all others, made from what a row's numbers were; a row that leaves takes its past with it. */
export function lookBack(options: LookBack, looker: Looker, clock: Clock): Operator {
  return stage(() => {
    const time = new SteadyTime(clock)
    const state = new LookBackStage(options, looker)
    return input => state.next(input, time.reach(time.of(input)))
  })
}
