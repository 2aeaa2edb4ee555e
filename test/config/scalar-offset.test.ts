import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isMap, isScalar, parseDocument, type Scalar } from 'yaml'
import { scalarOffset } from '../../src/config/scalar-offset.ts'

function scalarOf(text: string): Scalar {
  const { contents } = parseDocument(text)
  const value: unknown = isMap(contents) ? contents.items[0]?.value : undefined
  if (!isScalar(value)) throw new Error('no scalar')
  return value
}

/** The file from where the mark of a value stands. */
function at(text: string): string {
  const scalar = scalarOf(text)
  return text.slice(scalarOffset(text, scalar, String(scalar.value).indexOf('X')))
}

test.each([
  ['plain', 'w: a == X'],
  ['plain on several lines', 'w: a ==\n    b   &&\n\n  X'],
  ['single quotes', "w: 'it''s ''  X'"],
  ['single quotes on several lines', "w: 'a\n\n   b X'"],
  ['double quotes with escapes', 'w: "a \\"b\\" \\u0041\\x41 \\n\\t \\U0001F600 X"'],
  ['double quotes with a line that goes on', 'w: "a\\\n     b\\\n  X"'],
  ['a leading blank', 'w: "  X"'],
  ['a literal block', 'w: |\n    a\n      b\n\n    X\n'],
  ['a literal block with a header', 'w: |2-   # kept\n    a\n   X\n'],
  ['a folded block', 'w: >-\n  a\n  b\n\n\n  X'],
  ['a value below its name', 'w:\n  X'],
  ['an anchor and a tag', 'w: &a !!str X'],
])('a character is found in %s', (_, text) => {
  expect(at(text)[0]).toBe('X')
})

test('every letter of a value is found, in each style', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 6 })
  const gap = fc.constantFrom(' ', '  ', '\n    ', ' \n\n    ')
  fc.assert(
    fc.property(words, gap, fc.constantFrom('plain', 'single', 'double', 'folded', 'literal'), (parts, between, style) => {
      const inner = parts.join(between)
      const texts = {
        plain: `w: ${inner}`,
        single: `w: '${inner}'`,
        double: `w: "${inner}"`,
        folded: `w: >\n    ${inner}\n`,
        literal: `w: |\n    ${inner}\n`,
      }
      const text = texts[style]
      const scalar = scalarOf(text)
      const value = String(scalar.value)
      for (const { index, 0: letter } of value.matchAll(/\S/g)) expect(text[scalarOffset(text, scalar, index)]).toBe(letter)
    }),
  )
})

test('an index beyond the value is its end', () => {
  expect(scalarOffset('w: abc', scalarOf('w: abc'), 99)).toBe(6)
  expect(scalarOffset('w: "abc"', scalarOf('w: "abc"'), 99)).toBe(7)
})
