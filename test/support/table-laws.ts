import * as fc from 'fast-check'
import type * as delta from '../../src/model/delta.ts'
import type * as store from '../../src/model/store.ts'
import type { Delta } from '../../src/model/delta.ts'
import type { Changes, Table } from '../../src/model/table.ts'
import { sumByTheBook } from './checksum-by-the-book.ts'
import { printCell, printTable, tableHistory } from './table-history.ts'

/** What the laws are asked of: the real modules, or a mutant of them. */
export type Implementation = Pick<typeof delta, 'diff' | 'apply' | 'compose' | 'isNothing' | 'changesBetween'> & Pick<typeof store, 'Store'>

function same(actual: Pick<Table, 'key' | 'columns' | 'rows'>, expected: Table, what: string): void {
  const [is, ought] = [printTable(actual), printTable(expected)]
  if (is !== ought) throw new Error(`${what}:\n${is}\nis not\n${ought}`)
}

function hold(condition: boolean, what: string): void {
  if (!condition) throw new Error(what)
}

function keysOf({ set, del }: Delta): string {
  return JSON.stringify([[...set.keys()].sort(), [...del].sort()])
}

function disjoint({ set, del }: Delta): void {
  for (const key of set.keys()) hold(!del.has(key), `key '${key}' is in set and del`)
}

type Law = (of: Implementation) => fc.IRawProperty<unknown>

const law = <T>(arbitrary: fc.Arbitrary<T>, check: (of: Implementation, value: T) => void): Law => {
  return of => fc.property(arbitrary, value => check(of, value))
}

const pair = tableHistory(6).chain(tables => fc.tuple(fc.constantFrom(...tables), fc.constantFrom(...tables)))

/** Two tables of one history in either order but for growth: columns of the second begin with those of the first. */
const twoTables = pair.map(([a, b]): [Table, Table] => (a.columns.length <= b.columns.length ? [a, b] : [b, a]))

const diffAndApply = law(twoTables, ({ diff, apply, isNothing }, [a, b]) => {
  const before = printTable(a)
  const change = diff(a, b)
  same(apply(a, change), b, 'apply(a, diff(a, b))')
  same(apply(apply(a, change), change), b, 'a delta applied twice')
  disjoint(change)
  hold(printTable(a) === before, 'apply changed its argument')
  hold(isNothing(diff(a, a), a.columns), 'diff(a, a) is something')
  hold(isNothing(change, a.columns) === (printTable(a) === printTable(b)), 'isNothing does not tell')
  for (const [key, row] of apply(a, change).rows) hold(change.set.has(key) || row === a.rows.get(key), 'an untouched row lost its identity')
})

/** A delta says no more than it must: what it sets was different. */
const leastDiff = law(twoTables, ({ diff, apply }, [a, b]) => {
  const change = diff(a, b)
  for (const [key, cells] of change.set) {
    for (const column of Object.keys(cells)) {
      const without = Object.fromEntries(Object.entries(cells).filter(([name]) => name !== column))
      const rest = a.rows.has(key) && Object.keys(without).length === 0
      const set = new Map(change.set).set(key, without)
      if (rest) set.delete(key)
      hold(printTable(apply(a, { ...change, set })) !== printTable(b), `'${key}.${column}' is set, but did not change`)
    }
  }
  for (const key of change.del) hold(a.rows.has(key), `'${key}' is deleted, but was not there`)
})

const composition = law(tableHistory(4), ({ diff, apply, compose }, [t, u, v, w]) => {
  if (t === undefined || u === undefined || v === undefined || w === undefined) return
  const [a, b, c] = [diff(t, u), diff(u, v), diff(v, w)]
  const left = compose(compose(a, b), c)
  const right = compose(a, compose(b, c))
  const spelled = JSON.stringify([[...a.set], [...a.del]])
  same(apply(t, compose(a, b)), v, 'apply(t, compose(a, b))')
  for (const whole of [left, right]) {
    disjoint(whole)
    for (const state of [t, u, v, w]) same(apply(state, whole), w, 'a composition applied to a state on its way')
  }
  hold(keysOf(left) === keysOf(right), 'compose is not associative in its keys')
  hold(spelled === JSON.stringify([[...a.set], [...a.del]]), 'compose changed its argument')
})

/** Commits a history; versions skip numbers, and a commit tells its changes in either way. */
function commitAll({ Store, changesBetween }: Implementation, tables: readonly Table[], gaps: readonly number[]) {
  const held = new Store({ historyAgeMs: 1000, maxTombstones: 1000 })
  const states: (readonly [number, Table])[] = []
  let version = 0
  for (const [i, table] of tables.entries()) {
    const gap = gaps[i % gaps.length] ?? 1
    const before = tables[i - 1]?.rows ?? new Map()
    const changes: Changes = gap % 2 === 0 ? 'all' : changesBetween(before, table.rows)
    const changed = held.commit(version + gap, { table, changes }, i)
    const ought = i === 0 || printTable(table) !== printTable(tables[i - 1] ?? table)
    hold(changed === ought, `commit ${i} says changed: ${changed}`)
    if (changed) version += gap
    hold(held.version === version, 'a version was used for nothing, or not used')
    states.push([version, table])
  }
  return { held, states }
}

const history = fc.tuple(tableHistory(1, 9), fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }))

const storeHolds = law(history, (of, [tables, gaps]) => {
  const { held, states } = commitAll(of, tables, gaps)
  const last = tables.at(-1)
  if (last === undefined) return
  same(held.table(), last, 'the store')
  hold(held.count === last.rows.size, 'count')
  hold(held.sum === sumByTheBook('id', last.columns, last.rows), 'the kept sum is not the sum')
  hold(held.floor === states[0]?.[0], 'the floor is the version it was built at')
  for (const key of last.rows.keys()) hold(held.row(key) !== undefined, 'row()')
  const grown = states.findLast(([, table]) => table.columns.length < last.columns.length)
  const grownAt = states.find(([version]) => version > (grown?.[0] ?? -1))
  hold(held.grownAt === grownAt?.[0], 'grownAt is not the version of the last growth')
})

/** Whether a delta over these states has a reason to set a cell: without it some reader on the way would not end at the last. */
function hasReason(states: readonly Table[], key: string, column: string): boolean {
  const rows = states.map(state => state.rows.get(key))
  // Who returns is written whole: a reader may still hold the row as it was before it left.
  if (rows.some((row, j) => row === undefined && rows[j - 1] !== undefined)) return true
  const cells = rows.map(row => row && printCell(Object.hasOwn(row, column) ? (row[column] ?? null) : null))
  return cells.some(cell => cell !== undefined && cell !== cells.at(-1)) || (rows[0] === undefined && cells.at(-1) !== 'null')
}

const deltaSince = law(history, (of, [tables, gaps]) => {
  const { held, states } = commitAll(of, tables, gaps)
  const last = tables.at(-1)
  if (last === undefined) return
  for (const [i, [from]] of states.entries()) {
    const net = held.deltaSince(from)
    if (net === undefined) throw new Error(`no delta since ${from}`)
    disjoint(net)
    for (const [version, state] of states.slice(i)) same(of.apply(state, net), last, `deltaSince(${from}) applied at ${version}`)
    const way = states.slice(i).map(([, state]) => state)
    for (const [key, cells] of net.set)
      for (const column of Object.keys(cells)) hold(hasReason(way, key, column), `deltaSince(${from}) sets '${key}.${column}' without need`)
    // What the store says since a version is what composing every step since then says.
    const steps = states.slice(i).flatMap(([, state], j) => (j === 0 ? [] : [of.diff(states[i + j - 1]?.[1] ?? state, state)]))
    const composed = steps.reduce(of.compose, of.diff(last, last))
    if (steps.length > 0) hold(keysOf(net) === keysOf({ ...composed }), `deltaSince(${from}) is not the composition`)
  }
  hold(of.isNothing(held.deltaSince(held.version) ?? of.diff(last, last), last.columns), 'since its own version there is something')
})

const pruned = fc.record({
  tables: tableHistory(2, 14),
  maxTombstones: fc.integer({ min: 0, max: 4 }),
  historyAgeMs: fc.constantFrom(2, 5, 1000),
  steps: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 5 }),
})

/** What history should be: who left, when and at which version, the oldest first. */
class Graves {
  readonly #left = new Map<string, { readonly atMs: number; readonly version: number }>()
  floor = 1

  get size(): number {
    return this.#left.size
  }

  take(before: Table['rows'], after: Table['rows'], version: number, atMs: number): void {
    for (const key of after.keys()) this.#left.delete(key)
    for (const key of before.keys()) if (!after.has(key)) this.#left.set(key, { atMs, version })
  }

  forget(most: number, nowMs: number, ageMs: number): void {
    for (const [key, { atMs, version }] of this.#left) {
      if (this.#left.size <= most && nowMs - atMs <= ageMs) return
      this.#left.delete(key)
      this.floor = version
    }
  }
}

/** Whatever was forgotten: an answer from the floor on is right, none is given from below it, and it rises no sooner than it must. */
const forgetting = law(pruned, ({ Store, apply, changesBetween }, { tables, maxTombstones, historyAgeMs, steps }) => {
  const held = new Store({ historyAgeMs, maxTombstones })
  const states: (readonly [number, Table])[] = []
  const graves = new Graves()
  let now = 0
  for (const [i, table] of tables.entries()) {
    const before = tables[i - 1]?.rows ?? new Map()
    now += steps[i % steps.length] ?? 0
    held.commit(i + 1, { table, changes: changesBetween(before, table.rows) }, now)
    states.push([held.version, table])
    graves.take(before, table.rows, i + 1, now)
    graves.forget(Math.max(maxTombstones, 2 * table.rows.size), now, historyAgeMs)
    hold(held.tombstones === graves.size, `${held.tombstones} tombstones, not ${graves.size}`)
    hold(held.floor === graves.floor, `the floor is ${held.floor}, not ${graves.floor}`)
    for (const [version, state] of states) {
      const net = held.deltaSince(version)
      hold((net === undefined) === version < held.floor, `deltaSince(${version}) with the floor at ${held.floor}`)
      if (net !== undefined) same(apply(state, net), table, `deltaSince(${version}) after pruning`)
    }
  }
})

/** The laws by name; each is killed by some mutant, see test/law/mutation.test.ts. */
export const tableLaws: Readonly<Record<string, Law>> = {
  'L1: apply(a, diff(a, b)) is b': diffAndApply,
  'L1: diff says no more than it must': leastDiff,
  'L2: compose is what two deltas do, and associative': composition,
  'L2: the store holds the last table, its count and its sum': storeHolds,
  'L2: deltaSince(v) leads from every state since v to the last, and is the composition': deltaSince,
  'L2: nothing is answered from below the floor': forgetting,
}

/** A law that fails, with its counterexample unshrunk; undefined when all hold. */
export function brokenLaw(of: Implementation, seed: number, numRuns: number): string | undefined {
  // A few tries of each first: most faults show early in some law, and would wait there for all tries of the others.
  for (const tries of [Math.min(numRuns, 40), numRuns]) {
    for (const [name, property] of Object.entries(tableLaws)) {
      const outcome = fc.check(property(of), { seed, numRuns: tries, endOnFailure: true }) as fc.RunDetails<unknown>
      if (outcome.failed) return name
    }
  }
  return undefined
}
