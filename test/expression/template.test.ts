import { describe, expect, test } from 'vitest'
import { ExpressionError } from '../../src/expression/expression-error.ts'
import { compileTemplate } from '../../src/expression/template.ts'

const row = { region: 'north', bikes: 3, free: null, tags: ['a', 'b'], ok: true }

describe('a text with expressions', () => {
  test.each([
    ['', ''],
    ['plain } { text', 'plain } { text'],
    ['{{region}} has {{ bikes * 2 }}', 'north has 6'],
    ['{{key}}: {{free}}, {{tags}}, {{ok}}, {{nowhere}}', 'k: , ["a","b"], true, '],
    ['{{bikes > 2 ? "}" : "{"}}', '}'],
  ])('%j is %j', (text, expected) => {
    expect(compileTemplate(text, { origin: 'config' }).render(row, 'k')).toBe(expected)
  })

  test.each<[text: string, stretch: string, message: string]>([
    ['a {{region', '{{', "'{{' is never closed: expected '}}'"],
    ['a {{siz(x)}}', 'siz', "there is no function 'siz'; did you mean 'size'?"],
    ['a {{bikes}} {{rgion}}', 'rgion', "there is no column 'rgion'; did you mean 'region'?"],
  ])('%j: the error points into the text', (text, stretch, message) => {
    let error: unknown
    try {
      compileTemplate(text, { origin: 'config', columns: ['region', 'bikes'] })
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(ExpressionError)
    const { start, end, message: said } = error as ExpressionError
    expect([text.slice(start, end), said]).toEqual([stretch, message])
  })
})
