import * as fc from 'fast-check'
import { Subject, type Subscription } from 'rxjs'
import { expect } from 'vitest'
import { changesBetween } from '../../src/model/delta.ts'
import { cellOf, equalCells, equalRows, rowOf, type Cell, type Row } from '../../src/model/row.ts'
import type { Sample, Table } from '../../src/model/table.ts'
import { isDense } from '../../src/operator/output.ts'
import type { Operator } from '../../src/operator/stage.ts'

const keys = ['a', 'b', 'c', 'd', '__proto__', 'constructor', '1', '']
const startColumns = ['id', 'region', 'n', '__proto__']
const lateColumns = ['late', 's', 'constructor']
const cells: readonly Cell[] = [null, true, false, 0, -0, 1, 2, 3, 0.1, 0.2, 1e16, -1e16, 42, '42', 'x', '', [1], { a: 1 }]

/** What happens to the table before one sample. */
type Move =
  | { readonly type: 'put'; readonly key: string; readonly cells: readonly Cell[] }
  | { readonly type: 'cell'; readonly key: string; readonly column: number; readonly cell: Cell }
  | { readonly type: 'leave'; readonly key: string }
  | { readonly type: 'clear' }
  | { readonly type: 'grow' }
  | { readonly type: 'rekey' }

/** What one tick brings; `all` hides what it changed, `copied` gives every row a new identity behind it. */
export interface Tick {
  readonly moves: readonly Move[]
  readonly all: 'no' | 'all' | 'copied'
  readonly degraded: boolean
}

const key = fc.constantFrom(...keys)
const cell = fc.constantFrom(...cells)
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('put'), key, cells: fc.array(cell, { maxLength: 6 }) }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('cell'), key, column: fc.integer({ min: 1, max: 6 }), cell }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('leave'), key }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('clear') }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('grow') }) },
)
const rekey: fc.Arbitrary<Move> = fc.constant({ type: 'rekey' })
export const tick: fc.Arbitrary<Tick> = fc.record({
  moves: fc.oneof({ weight: 12, arbitrary: fc.array(move, { maxLength: 5 }) }, { weight: 1, arbitrary: fc.tuple(rekey, move, move) }),
  all: fc.oneof({ weight: 6, arbitrary: fc.constant('no' as const) }, { weight: 1, arbitrary: fc.constantFrom('all', 'copied') }),
  degraded: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
})

/** Samples of one stage as they come: rows change, leave and return, columns grow, the key column becomes another. */
export const history: fc.Arbitrary<readonly Tick[]> = fc.array(tick, { minLength: 1, maxLength: 25 })

/** A stage that plays a history: one Map, updated in place. */
export class Upstream {
  #rows = new Map<string, Row>()
  #columns: readonly string[] = startColumns
  #key = 'id'
  #count = 0
  #table: Table | undefined

  /** `time` is that of the sample; default: a second after the last one. */
  next({ moves, all, degraded }: Tick, time?: number): Sample {
    const before = new Map(this.#rows)
    const begins = this.#count === 0 || moves.some(({ type }) => type === 'rekey')
    for (const each of moves) this.#move(each)
    if (all === 'copied') for (const [name, row] of this.#rows) this.#rows.set(name, rowOf(Object.entries(row)))
    const changes = begins || all !== 'no' ? 'all' : changesBetween(before, this.#rows)
    this.#count += 1
    const table = { key: this.#key, columns: this.#columns, rows: this.#rows, order: [], kind: 'table' as const }
    if (this.#table?.rows !== table.rows || this.#table.columns !== table.columns || changes === 'all' || changes.size > 0)
      this.#table = table
    const reason = { cause: 'shape' as const, reason: 'as it came' }
    const at = { tick: this.#count, time: time ?? this.#count * 1000 }
    return { table: this.#table, changes, ...at, ...(degraded ? { degraded: reason } : {}) }
  }

  #move(each: Move): void {
    if (each.type === 'put') this.#put(each.key, each.cells)
    else if (each.type === 'cell') this.#cell(each)
    else if (each.type === 'leave') this.#rows.delete(each.key)
    else if (each.type === 'clear') this.#rows.clear()
    else if (each.type === 'grow') this.#grow()
    else this.#rekey()
  }

  #put(name: string, values: readonly Cell[]): void {
    const own = this.#columns.filter(column => column !== this.#key).map((column, i) => [column, values[i] ?? null] as const)
    // Null and absent are one: some rows spell it out, some leave it out.
    const spelt = own.filter(([, value]) => value !== null || values.length % 2 === 0)
    this.#rows.set(name, rowOf([[this.#key, name], ...spelt]))
  }

  #cell({ key: name, column, cell: value }: Move & { type: 'cell' }): void {
    const row = this.#rows.get(name)
    const target = this.#columns.filter(each => each !== this.#key)[column % (this.#columns.length - 1)]
    if (row === undefined || target === undefined || equalCells(cellOf(row, target), value)) return
    this.#rows.set(name, rowOf([...Object.entries(row).filter(([each]) => each !== target), [target, value]]))
  }

  #grow(): void {
    const next = lateColumns.find(column => !this.#columns.includes(column))
    if (next !== undefined) this.#columns = [...this.#columns, next]
  }

  #rekey(): void {
    this.#key = this.#key === 'id' ? 'name' : 'id'
    this.#columns = [this.#key, ...startColumns.slice(1)]
    this.#rows = new Map()
  }
}

function sameNumber(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b))
}

function sameCell(a: Cell, b: Cell): boolean {
  return typeof a === 'number' && typeof b === 'number' ? sameNumber(a, b) : equalCells(a, b)
}

/** One `expect` a cell would take most of the time of the law. */
function firstDifference(actual: Table, expected: Table): string | undefined {
  for (const key of actual.rows.keys()) if (!expected.rows.has(key)) return `row '${key}' is too many`
  for (const [name, row] of expected.rows) {
    const other = actual.rows.get(name)
    if (other === undefined) return `row '${name}' is missing`
    const column = actual.columns.find(each => !sameCell(cellOf(other, each), cellOf(row, each)))
    if (column !== undefined) return `row '${name}' column '${column}': ${JSON.stringify(other)}, not ${JSON.stringify(row)}`
  }
  return undefined
}

export function expectSameTable(actual: Table, expected: Table): void {
  expect([actual.key, actual.order, actual.kind]).toEqual([expected.key, expected.order, expected.kind])
  expect([...actual.columns].sort()).toEqual([...expected.columns].sort())
  expect(firstDifference(actual, expected)).toBeUndefined()
}

export function expectTrueChanges({ table, changes }: Sample, before: Table | undefined): void {
  if (before === undefined || changes === 'all') return
  const wrong: string[] = []
  const differing = changesBetween(before.rows, table.rows)
  for (const key of new Set([...differing.keys(), ...changes.keys()])) {
    if (differing.has(key) !== changes.has(key)) wrong.push(`'${key}' ${changes.has(key) ? 'did not change' : 'changed unsaid'}`)
    else if (differing.get(key) !== changes.get(key)) wrong.push(`'${key}' was another row before`)
  }
  for (const [key, row] of table.rows) {
    const held = before.rows.get(key)
    if (held !== undefined && held !== row && equalRows(held, row, table.columns)) wrong.push(`'${key}' lost its identity`)
  }
  expect(wrong).toEqual([])
}

/** `isChain`: of several stages, of which one may be given other changes than the first. */
export function expectContinuity(sample: Sample, before: Sample | undefined, input: Sample, rekeyed: boolean, isChain = false): void {
  if (before === undefined || before.table.key !== sample.table.key) expect(sample.changes).toBe('all')
  // Where most of a table changes, a stage need not say what did.
  if (sample.changes === 'all') expect(before === undefined || rekeyed || isDense(input) || isChain).toBe(true)
  expect([sample.tick, sample.time]).toEqual([input.tick, input.time])
  if (input.degraded !== undefined) expect(sample.degraded).toBe(input.degraded)
  if (before === undefined || rekeyed) return
  expect(sample.table.columns.slice(0, before.table.columns.length)).toEqual(before.table.columns)
  if (sample.changes !== 'all' && sample.changes.size === 0 && sample.table.columns === before.table.columns)
    expect(sample.table).toBe(before.table)
}

export function copyOf(table: Table): Table {
  return { ...table, rows: new Map(table.rows) }
}

/** Runs one operator and collects what it emits. */
export class Runner {
  readonly #input = new Subject<Sample>()
  readonly #emitted: Sample[] = []
  readonly #subscription: Subscription

  constructor(operator: Operator) {
    this.#subscription = this.#input.pipe(operator).subscribe(sample => this.#emitted.push(sample))
  }

  /** What comes out in the same call; exactly one sample. */
  push(sample: Sample): Sample {
    this.#emitted.length = 0
    this.#input.next(sample)
    const [output] = this.#emitted
    if (output === undefined || this.#emitted.length > 1) throw new Error(`${this.#emitted.length} samples came out`)
    return output
  }

  close(): void {
    this.#subscription.unsubscribe()
  }
}

/**
 * L10 and what a stage owes its followers: at every tick the output is what the definition makes of the input, `changes` is exactly what
 * differs from the previous output, rows that stay equal keep their identity, columns only grow.
 */
export function obeys(create: () => Operator, naive: (table: Table) => Table, { isChain = false } = {}): fc.IProperty<[readonly Tick[]]> {
  return fc.property(history, ticks => {
    const upstream = new Upstream()
    const runner = new Runner(create())
    let inputKey: string | undefined
    let before: { readonly sample: Sample; readonly table: Table } | undefined
    for (const each of ticks) {
      const input = upstream.next(each)
      const expected = naive(copyOf(input.table))
      const output = runner.push(input)
      const rekeyed = inputKey !== undefined && inputKey !== input.table.key
      inputKey = input.table.key
      expectSameTable(output.table, expected)
      expectTrueChanges(output, before?.table)
      expectContinuity(output, before?.sample, input, rekeyed, isChain)
      before = { sample: output, table: copyOf(output.table) }
    }
    runner.close()
  })
}
