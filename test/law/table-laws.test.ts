import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as delta from '../../src/model/delta.ts'
import { Store } from '../../src/model/store.ts'
import { printTable, tableHistory } from '../support/table-history.ts'
import { tableLaws } from '../support/table-laws.ts'

const real = { ...delta, Store }

test.each(Object.entries(tableLaws))('%s', (_, law) => {
  void fc.assert(law(real), { numRuns: 300 })
})

test('the generator reaches what the laws are about', () => {
  const seen = { grown: 0, returned: 0, emptied: 0, copied: 0, proto: 0, nested: 0, untouched: 0 }
  for (const tables of fc.sample(tableHistory(9), { numRuns: 200, seed: 1 })) {
    for (const [i, table] of tables.entries()) {
      const before = tables[i - 1]
      if (before === undefined) continue
      if (table.columns.length > before.columns.length) seen.grown++
      if (before.rows.size > 0 && table.rows.size === 0) seen.emptied++
      if (table.rows.has('__proto__')) seen.proto++
      for (const [key, row] of table.rows) {
        const earlier = before.rows.get(key)
        if (earlier === row) seen.untouched++
        else if (
          earlier !== undefined &&
          printTable({ ...table, rows: new Map([[key, earlier]]) }) === printTable({ ...table, rows: new Map([[key, row]]) })
        )
          seen.copied++
        if (earlier === undefined && tables.slice(0, i - 1).some(table => table.rows.has(key))) seen.returned++
        if (Object.values(row).some(cell => typeof cell === 'object' && cell !== null)) seen.nested++
      }
    }
  }
  expect(Object.entries(seen).filter(([, times]) => times <= 50)).toEqual([])
})
