import { parse } from 'csv-parse/sync'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeCsv, type CsvOptions } from '../../src/decode/csv.ts'
import { decoded, refusal } from '../support/decode.ts'

const limits = { maxRows: 1000, maxColumns: 100, maxCells: 10_000 }

function read(text: string, more: Partial<CsvOptions> = {}): readonly unknown[] {
  return decodeCsv(text, { ...limits, ...more }).items
}

describe('records', () => {
  test.each<[string, string, readonly unknown[]]>([
    ['CRLF, LF and CR', 'a,b\r\n1,2\n3,4\r5,6', [row('1', '2'), row('3', '4'), row('5', '6')]],
    ['no line end at the end', 'a,b\n1,2', [row('1', '2')]],
    ['quotes, doubled quotes, delimiters and line ends in them', 'a,b\n"x, ""y""","1\n2"', [row('x, "y"', '1\n2')]],
    ['blanks around fields', 'a , b\n 1 , "2 " ', [row('1', '2 ')]],
    ['a quote within a field is a character', 'a,b\n12" pipe,5\' 3"', [row('12" pipe', '5\' 3"')]],
    ['quotes that enclose no whole field are characters', 'a,b\n"x" y,2', [row('"x" y', '2')]],
    ['nothing is null, two quotes are an empty text', 'a,b\n,""', [row(null, '')]],
    ['empty lines are none', '\na,b\n\n1,2\n \n', [row('1', '2')]],
    ['a delimiter at the end of each line', 'a,b\n1,2,\n3,4,', [row('1', '2'), row('3', '4')]],
    ['comments before the header', '# from the weather office\n# 2026\na,b\n1,2', [row('1', '2')]],
    [
      'a header that is the last comment',
      '# units: m\n#a b,c\n1,2\n3,4',
      [
        { 'a b': '1', c: '2' },
        { 'a b': '3', c: '4' },
      ],
    ],
    ['what Excel says of the delimiter', 'sep=;\r\na;b\r\n1,5;2', [row('1,5', '2')]],
    [
      'names that are ordinary data',
      '__proto__,constructor\n1,2',
      [
        Object.fromEntries([
          ['__proto__', '1'],
          ['constructor', '2'],
        ]),
      ],
    ],
  ])('%s', (_, text, items) => {
    expect(read(text)).toEqual(items)
  })

  function row(a: string | null, b: string | null): unknown {
    return { a, b }
  }

  test('a quote that is not closed is refused with its line', () => {
    expect(refusal(() => read('a,b\n1,2\n3,"4\n5,6'))).toBe('decode: line 3: a quote is not closed')
  })

  test('the line counts line ends within quotes', () => {
    expect(decodeCsv('a,b\n"1\n1",2\n3,4,5', limits).long).toEqual({ count: 1, lines: [4] })
  })
})

describe('the delimiter', () => {
  test.each([
    [',', 'a,b;c,d\n1,2;3,4'],
    [';', 'name;price\nx;1,5\ny;2,5'],
    ['\t', 'a\tb, c\n1\t2, 3'],
    ['|', 'a|b|c\n1|2|3'],
    [',', 'one\n1\n2'],
  ])('%j is found', (delimiter, text) => {
    expect(decodeCsv(text, limits).delimiter).toBe(delimiter)
  })

  test('is a tab where the media type says so', () => {
    expect(decoded({ body: 'a,b\n1,2', type: 'text/tab-separated-values' }).document).toEqual([{ 'a,b': '1,2' }])
  })
})

describe('the header', () => {
  test.each<[string, string, boolean]>([
    ['texts above numbers', 'id,price\n1,2', true],
    ['texts above texts', 'code,name\nA,Alpha\nB,Beta', true],
    ['a number above numbers', '1,2.5\n2,3.5', false],
    ['a time, then numbers', '2026-01-01,5,7\n2026-01-02,6,8', false],
    ['years beside a text', 'country,2019,2020,2021\nNorway,1,2,3', true],
    ['one name twice', 'a,a\nx,y', false],
    ['nothing but empty names', ',\nx,y', false],
  ])('%s', (_, text, header) => {
    expect(decodeCsv(text, limits).header).toBe(header)
  })

  test('none: records are arrays', () => {
    expect(read('1,2\n3,4', { header: false })).toEqual([
      ['1', '2'],
      ['3', '4'],
    ])
  })

  test('names that are missing or there twice are made different, and that is said', () => {
    const { document, remarks } = decoded({ body: ',a,a\nx,1,2', type: 'text/csv' }, { header: true })
    expect(document).toEqual([{ 0: 'x', a: '1', a_2: '2' }])
    expect(remarks).toEqual([{ about: 'renamed', sentence: 'the CSV has columns without a name of their own, which are called 0, a_2' }])
  })
})

describe('ragged records are reported with their line', () => {
  test('more fields than the header: left out, and the source is degraded', () => {
    const { document, degraded } = decoded({ body: 'a,b\n1,2\n3,4,5\n6,7', type: 'text/csv' })
    expect(document).toHaveLength(2)
    expect(degraded).toEqual({ cause: 'rows', reason: 'line 3 of the CSV has more fields than its header and is left out' })
  })

  test('fewer: the last cells are null, and that is said', () => {
    const { document, remarks } = decoded({ body: 'a,b\n1\n2,2\n3', type: 'text/csv' })
    expect(document).toEqual([
      { a: '1', b: null },
      { a: '2', b: '2' },
      { a: '3', b: null },
    ])
    expect(remarks?.[0]?.sentence).toBe('2 lines, such as 2, 4 of the CSV have fewer fields than its header: what is missing is null')
  })
})

describe('limits', () => {
  test.each([
    ['maxRows', 'a,b\n1,2\n3,4\n5,6', { maxRows: 2 }, 'too_large: maxRows: 2 exceeded'],
    ['maxColumns', 'a,b,c\n1,2,3', { maxColumns: 2 }, 'too_large: maxColumns: 2 exceeded'],
    ['maxCells', 'a,b\n1,2\n3,4\n5,6', { maxCells: 5 }, 'too_large: maxCells: 5 exceeded'],
  ])('%s', (_, text, more, reason) => {
    expect(refusal(() => read(text, more))).toBe(reason)
  })
})

test('reads what csv-parse reads', () => {
  const field = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', '1', ',', ';', '"', '\n', '\r\n', ' ', 'é', '\t'), maxLength: 6 }),
    fc.integer().map(String),
    fc.string({ maxLength: 8 }),
  )
  const records = fc
    .integer({ min: 2, max: 4 })
    .chain(columns => fc.array(fc.array(field, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 6 }))
  const newline = fc.constantFrom('\n', '\r\n')
  fc.assert(
    fc.property(records, newline, (rows, end) => {
      const text = rows.map(row => row.map(cell => `"${cell.replaceAll('"', '""')}"`).join(',')).join(end) + end
      expect(read(text, { delimiter: ',', header: false })).toEqual(parse(text, { record_delimiter: ['\n', '\r\n'] }))
    }),
    { numRuns: 500 },
  )
})

test('random text is refused or read', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '1', ',', ';', '"', '\n', '\r', ' ', '\t', '|', '#', '\u0000', '😀'), maxLength: 60 })
  fc.assert(
    fc.property(text, body => {
      expect(refusal(() => read(body))).toMatch(/^(accepted|decode: line \d+: )/)
    }),
    { numRuns: 2000 },
  )
})
