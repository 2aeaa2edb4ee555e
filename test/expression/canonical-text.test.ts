import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileExpression } from '../../src/expression/expression.ts'
import { printNode } from '../../src/expression/printer.ts'
import { parseSyntax, type Node } from '../../src/expression/syntax.ts'

const canonical = (text: string): string => printNode(parseSyntax(text))

describe('the canonical text', () => {
  test.each([
    [`venue=='XLON'`, 'venue == "XLON"'],
    ['  a  >3&&( b )  ', 'a > 3 && b'],
    ['a - (b - c)', 'a - (b - c)'],
    ['(a - b) - c', 'a - b - c'],
    ['a * (b + c) / d', 'a * (b + c) / d'],
    ['((a == b) == c)', 'a == b == c'],
    ['!(a && b) || !c', '!(a && b) || !c'],
    ['- (a + b)', '-(a + b)'],
    ['(-a).b', '(-a).b'],
    ['(a ? b : c) ? d : (e ? f : g)', '(a ? b : c) ? d : e ? f : g'],
    ['a ? (b ? c : d) : e', 'a ? b ? c : d : e'],
    [`'it\\'s "so"'`, '"it\'s \\"so\\""'],
    [`r'\\d'`, '"\\\\d"'],
    ['"""a\nb"""', '"a\\nb"'],
    ['1e3 + 0x1F + 5u + 2.50', '1000.0 + 31 + 5u + 2.5'],
    ['1e-7', '1e-7'],
    ['xs.exists( x,x>1 )', 'xs.exists(x, x > 1)'],
    ['{"a":1,b:[1,2,],}', '{"a": 1, b: [1, 2]}'],
    ['a.?b[ ?0].c[ "d" ]', 'a.?b[?0].c["d"]'],
    ['x // why\n > 3', 'x > 3'],
    ['row["my col"]', 'row["my col"]'],
    ['"☃\\u2603𝄞"', '"☃☃𝄞"'],
  ])('%s', (text, expected) => {
    expect(canonical(text)).toBe(expected)
  })
})

const name = fc.constantFrom('a', 'bc', 'type', '_x', 'constructor')
const literal = fc.oneof(
  fc.nat().map(String),
  fc
    .double({ noNaN: true, noDefaultInfinity: true, min: 0 })
    .map(n => (Number.isInteger(n) && !String(n).includes('e') ? `${n}.0` : String(n))),
  fc.string({ unit: 'binary' }).map(text => JSON.stringify(text).replace(/[\u007f]/g, '')),
  fc.constantFrom('true', 'false', 'null', '7u', `'it\\'s'`, `b"\\x00\\"a\\xff"`, 'r"\\d"', '"""x\n"y"""', '0x1f'),
)

/** Texts of CEL with parentheses and spacing at random. */
const { expression } = fc.letrec<{ expression: string }>(tie => {
  const part = tie('expression')
  const enclosed = part.map(text => `( ${text})`)
  const operator = fc.constantFrom('||', '&&', '==', '!=', '<', '<=', '>', '>=', ' in ', '+', '-', '*', '/', '%')
  return {
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      name,
      literal,
      enclosed,
      fc.tuple(part, operator, part).map(([a, op, b]) => `${a}${op}${b}`),
      fc.tuple(enclosed, operator, enclosed).map(([a, op, b]) => `${a}${op}\t${b}`),
      fc.tuple(fc.constantFrom('!', '-', '! ', '- -'), part).map(([op, a]) => `${op}${a}`),
      fc.tuple(part, part, part).map(([a, b, c]) => `${a}?${b} :${c}`),
      fc.tuple(enclosed, name).map(([a, b]) => `${a}.${b}`),
      fc.tuple(enclosed, part).map(([a, b]) => `${a}[${b}]`),
      fc.tuple(name, fc.array(part, { maxLength: 2 })).map(([a, args]) => `${a}(${args.join(',')})`),
      fc.tuple(enclosed, part).map(([a, b]) => `${a}.exists(x,${b})`),
      fc.array(part, { maxLength: 3 }).map(items => `[${items.join(' ,')}]`),
      fc.tuple(literal, part).map(([a, b]) => `{${a}:${b}}`),
    ),
  }
})

/** The tree without the places in the text. */
function shape(node: Node): unknown {
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain)
    if (typeof value === 'bigint') return `int ${value}`
    if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value
    if ('op' in value && 'args' in value) return [value.op, plain(value.args)]
    return value instanceof Uint8Array
      ? [...value]
      : JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}` : inner))
  }
  return plain(node)
}

const parsed = expression.map(text => {
  try {
    return parseSyntax(text)
  } catch {
    return undefined
  }
})
const nodes = parsed.filter(node => node !== undefined)

const roundTrip = (print: (node: Node) => string): fc.IProperty<[Node]> =>
  fc.property(nodes, node => {
    const text = print(node)
    const again = parseSyntax(text)
    expect(shape(again)).toEqual(shape(node))
    expect(print(again)).toBe(text)
  })

test('reads as the same tree, and printing that changes nothing', () => {
  fc.assert(roundTrip(printNode), { numRuns: 1000 })
})

test('the law sees a printer that loses parentheses', () => {
  const broken = (node: Node): string =>
    printNode(node)
      .replace(/\(([a-z]+ - [a-z]+)\)/, '$1')
      .replace(/^!\((.*)\)$/, '!$1')
  expect(fc.check(roundTrip(broken), { numRuns: 5000, seed: 1 }).failed).toBe(true)
})

test('every client expression that compiles compiles from its own text, to the same text and columns', () => {
  let compiled = 0
  fc.assert(
    fc.property(expression, text => {
      const attempt = (source: string) => {
        try {
          return compileExpression(source, { origin: 'client', maxCharacters: 1e6 })
        } catch {
          return undefined
        }
      }
      const first = attempt(text)
      if (first === undefined) return
      compiled += 1
      const again = attempt(first.text)
      expect([again?.text, again?.columns]).toEqual([first.text, first.columns])
      expect(() => encodeURIComponent(first.text)).not.toThrow()
    }),
    { numRuns: 1000 },
  )
  expect(compiled).toBeGreaterThan(100)
})
