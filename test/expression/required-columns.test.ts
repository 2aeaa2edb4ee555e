import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileExpression } from '../../src/expression/expression.ts'
import { Program } from '../../src/expression/program.ts'
import { parseSyntax } from '../../src/expression/syntax.ts'
import { toCell } from '../../src/expression/to-cell.ts'
import { rowOf, type Cell, type Row } from '../../src/model/row.ts'

const columns = ['a', 'b', 'c', 's', 'xs', 'o']
const column = fc.constantFrom(...columns)

const { expression } = fc.letrec<{ expression: string }>(tie => {
  const part = tie('expression')
  const operator = fc.constantFrom('||', '&&', '==', '!=', '<', '>=', ' in ', '+', '-', '*', '/', '%')
  return {
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      column,
      fc.constantFrom('1', '2.5', '"x"', 'null', 'true', 'false', '[1, null]'),
      fc.tuple(part, operator, part).map(([l, op, r]) => `(${l} ${op} ${r})`),
      fc.tuple(fc.constantFrom('!', '-'), part).map(([op, inner]) => `${op}(${inner})`),
      fc.tuple(part, part, part).map(([condition, yes, no]) => `(${condition} ? ${yes} : ${no})`),
      fc.tuple(column, fc.constantFrom('.n', '.?n', '[0]', '["n"]', '[?0]')).map(([of, member]) => `${of}${member}`),
      column.map(of => `has(${of}.n)`),
      column.map(of => `has(row.${of})`),
      fc.tuple(fc.constantFrom('size', 'type', 'dyn', 'string', 'double'), part).map(([name, of]) => `${name}(${of})`),
      fc.tuple(column, part).map(([of, start]) => `${of}.startsWith(${start})`),
      fc
        .tuple(column, fc.constantFrom('exists', 'all', 'filter', 'map', 'exists_one'), part)
        .map(([of, name, body]) => `${of}.${name}(e, e == 1 || ${body})`),
      fc.tuple(column, part).map(([of, other]) => `${of}.?n.orValue(${other})`),
      fc.tuple(part, part).map(([bound, body]) => `cel.bind(v, ${bound}, v == ${body})`),
      fc.tuple(part, part).map(([a, b]) => `math.least(${a}, ${b})`),
      part.map(of => `optional.of(${of}).hasValue()`),
    ),
  }
})

const cell = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Cell>(null) },
  { weight: 5, arbitrary: fc.constantFrom<Cell>(true, false, 0, 1, 2.5, 'x', [1], [null], {}, { n: 1 }, { n: null }) },
)
const row = fc
  .array(cell, { minLength: columns.length, maxLength: columns.length })
  .map(cells => rowOf(columns.map((name, i) => [name, cells[i] ?? null])))

/** What CEL itself says, without the short cut. */
function slow(text: string, of: Row): unknown {
  try {
    return new Program(text, parseSyntax(text)).run(of, 'k')
  } catch {
    return undefined
  }
}

test('rows that are not evaluated for a missing column would have been errors', () => {
  let compared = 0
  let missing = 0
  fc.assert(
    fc.property(expression, fc.array(row, { minLength: 4, maxLength: 4 }), (text, rows) => {
      let compiled
      try {
        compiled = compileExpression(text, { origin: 'config' })
      } catch {
        return
      }
      for (const each of rows) {
        const expected = slow(text, each)
        compared += 1
        if (expected === undefined) missing += 1
        expect([text, each, compiled.evaluate(each, 'k')]).toEqual([text, each, toCell(expected)])
        expect([text, each, compiled.predicate(each, 'k')]).toEqual([text, each, expected === true])
      }
    }),
    { numRuns: 800 },
  )
  expect(compared).toBeGreaterThan(500)
  expect(missing).toBeGreaterThan(150)
})
