import { createContext, runInContext } from 'node:vm'
import { afterAll, describe, expect, test } from 'vitest'
import { MutantFarm, type Fault } from '../support/mutant.ts'
import { brokenLaw } from '../support/table-laws.ts'

/**
 * A weak generator once let a broken `compose` pass. So the laws are asked of broken copies of the model,
 * and each of them must be refused.
 */
const faults: Readonly<Record<Fault['file'], readonly (readonly [search: string, replace: string])[]>> = {
  row: [
    ["typeof cell === 'function' || ", ''],
    [" || column === '__proto__'", ''],
    ['return (cell as Cell | undefined) ?? null', 'return (cell as Cell | undefined) || null'],
    ['return Object.fromEntries(cells)', 'const row = {}; for (const [name, cell] of cells) row[name] = cell; return row'],
    ["if (column === '__proto__') Object.defineProperty", 'if (false) Object.defineProperty'],
    ['return a.length === b.length && a.every', 'return a.every'],
    ['if (arrayA !== Array.isArray(b)) return false', ''],
    ['names.length === Object.keys(membersB).length &&', ''],
    ['if (a === b) return true', 'if (Object.is(a, b)) return true'],
  ],
  checksum: [
    ['laneA ^= laneA >>> 15', ''],
    ['laneB ^= laneB >>> 13', ''],
    ['for (let i = 0; i < text.length; i++)', 'for (let i = 1; i < text.length; i++)'],
    ['absorb(text.length)', ''],
    ['value === 0 ? 0 : value', 'value'],
    ['absorb((halves[lowHalf] ?? 0) | 0)', ''],
    ['Object.keys(members).sort()', 'Object.keys(members)'],
    ['absorb(cell ? 2 : 1)', 'absorb(1)'],
    ['absorbText(4, key)\n', '\n'],
    ['absorb(6)', 'absorb(5)'],
    ['absorbText(4, keyColumn)', ''],
    ['for (const column of columns) absorbText(4, column)', ''],
  ],
  delta: [
    ['if (before === row) continue', 'if (before !== undefined) continue'],
    ['if (cells.length > 0) set', 'set'],
    ['changedCells(before, row, b.columns)', 'changedCells(before, row, a.columns)'],
    ['for (const key of a.rows.keys()) if (!b.rows.has(key)) del.add(key)', ''],
    ['{ ...rows.get(key), ...cells }', 'cells'],
    ['{ ...rows.get(key), ...cells }', '{ ...cells, ...rows.get(key) }'],
    ['{ ...rows.get(key), ...cells }', 'Object.assign({}, rows.get(key), cells)'],
    ['const rows = new Map(table.rows)', 'const rows = table.rows as Map<string, Row>'],
    ['for (const key of delta.del) rows.delete(key)', ''],
    ['{ ...table, columns: delta.columns, rows }', '{ ...table, rows }'],
    ['del.delete(key) ? everyCell(cells, b.columns)', 'del.has(key) ? everyCell(cells, b.columns)'],
    ['del.delete(key) ? everyCell(cells, b.columns)', 'del.delete(key) ? cells'],
    ['{ ...set.get(key), ...cells }', 'cells'],
    ['{ ...set.get(key), ...cells }', '{ ...cells, ...set.get(key) }'],
    ['    set.delete(key)\n', ''],
    ['    del.add(key)\n', ''],
    ['    del.add(key)\n', '    if (!a.set.has(key)) del.add(key)\n'],
    ['const set = new Map(a.set)', 'const set = a.set as Map<string, Row>'],
    ['const del = new Set(a.del)', 'const del = a.del as Set<string>'],
    ['return { columns: b.columns, set, del }\n}\n\n/** What tells', 'return { columns: a.columns, set, del }\n}\n\n/** What tells'],
    ['delta.columns.length === columns.length', 'true'],
    ['if (previous !== row) changes', 'if (previous === undefined) changes'],
    ['for (const [key, row] of before) if (!after.has(key)) changes.set(key, row)', ''],
  ],
  store: [
    ['if (!table.rows.has(entry.key) &&', 'if (false &&'],
    ['else if (entry !== undefined) changed =', 'else if (false) changed ='],
    ['if (changed) this.#version = version', 'this.#version = version'],
    ['if (first) this.#floor = version', ''],
    ['    this.prune(monotonicMs)\n    return changed', '    return changed'],
    ['if (from < this.#floor) return undefined\n    const set', 'const set'],
    ['if (from < this.#floor) return undefined\n    const set', 'if (from <= this.#floor) return undefined\n    const set'],
    ['entry.version > from; entry = entry.older) {', 'entry.version >= from; entry = entry.older) {'],
    ['entry.version > from; entry = entry.older) {', 'entry.version > from + 1; entry = entry.older) {'],
    ['if (entry.row === undefined) del.add(entry.key)', 'if (entry.row === undefined) continue'],
    ['Math.max(this.limits.maxTombstones, 2 * this.count)', 'this.limits.maxTombstones'],
    ['Math.max(this.limits.maxTombstones, 2 * this.count)', '2 * this.count'],
    ['this.#graves.size > most ||', ''],
    ['|| monotonicMs - entry.leftAt > this.limits.historyAgeMs', ''],
    ['this.#floor = Math.max(this.#floor, entry.version)', ''],
    ['this.#floor = Math.max(this.#floor, entry.version)', 'this.#floor = this.#version'],
    ['if (entry.left > from) return', 'if (false) return'],
    ['if (entry.left > from) return', 'if (entry.left >= from) return'],
    ['const newborn = entry.born > from', 'const newborn = false'],
    ['const newborn = entry.born > from', 'const newborn = entry.born >= from'],
    ['newborn ? cell !== null || stamp > entry.born', 'newborn ? cell !== null'],
    ['newborn ? cell !== null || stamp > entry.born : stamp > from', 'newborn ? true : stamp >= from'],
    ['if (columns === this.#seen) return false', 'return false'],
    ['columns.filter(column => !held.has(column))', 'columns.slice(this.#columns.length + 1)'],
    ['this.#grownAt = version', ''],
    ['this.#sumA = this.#sumB = 0', ''],
    ['this.#sumA - before.a + lanes.a', 'this.#sumA + lanes.a'],
    ['this.#sumB - before.b + lanes.b', 'this.#sumB - before.b'],
    ['entry.lanes = lanes', ''],
    ['if (entry.row === row) return false', 'if (entry.row !== undefined) return false'],
    ['      this.#graves.delete(entry)\n      entry.left', '      entry.left'],
    ['entry.left = entry.version', ''],
    ['entry.left = entry.version', 'entry.left = version'],
    ['entry.born = version\n', '\n'],
    ['    entry.version = version\n    this.#sumRow(entry, entry.lanes, row)', '    this.#sumRow(entry, entry.lanes, row)'],
    ['this.#sumRow(entry, entry.lanes, row)', ''],
    ['    this.#sumRow(entry, noLanes, row)\n    return entry', '    return entry'],
    ['this.#unlink(entry)\n    this.#link(entry)\n    return true\n  }\n\n  #newborn', 'return true\n  }\n\n  #newborn'],
    ['while (entry.cells.length < i) entry.cells.push(0)', 'while (entry.cells.length < i) entry.cells.push(version)'],
    ['entry.cells[i] = version', ''],
    ['entry.row = undefined\n    entry.version = version', 'entry.row = undefined'],
    ['this.#sumRow(entry, entry.lanes, undefined)', ''],
    ['entry.leftAt = monotonicMs', ''],
    ['this.#graves.add(entry)', ''],
    ['if (entry.newer === undefined) this.#newest = entry.older', 'if (false) this.#newest = entry.older'],
  ],
}

const runs = 1500

/** Many times what an unbroken copy takes. */
const patienceMs = 15_000

/** A broken linked list may lead round for ever: that is noticed as well. */
function unlessEndless(check: () => string | undefined): string | undefined {
  try {
    return runInContext('check()', createContext({ check }), { timeout: patienceMs }) as string | undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return 'endless'
    throw error
  }
}
const farm = new MutantFarm()
afterAll(() => farm.close())

const files = Object.keys(faults) as Fault['file'][]

test('an unbroken copy keeps every law', async () => {
  expect(brokenLaw(await farm.load(), 7, runs)).toBeUndefined()
})

describe.each(files)('the laws refuse a broken %s.ts', file => {
  test.each(faults[file])('%j as %j', async (search, replace) => {
    const mutant = await farm.load({ file, search, replace })
    expect(unlessEndless(() => brokenLaw(mutant, 7, runs))).toBeDefined()
  })
})
