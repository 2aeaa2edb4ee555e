import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../src/decode/decode-error.ts'
import { decodeJson } from '../../src/decode/json.ts'
import { decodeText } from '../../src/decode/text.ts'

const options = { maxDepth: 64, maxCells: 1_000_000, bigNumbers: 'flag' } as const

function read(body: string | Buffer, more: Partial<Parameters<typeof decodeJson>[1]> = {}, mediaType?: string): unknown {
  return decodeJson(decodeText(Buffer.from(body as string), mediaType), { ...options, ...more }).value
}

function refusal(body: string | Buffer, more: Partial<Parameters<typeof decodeJson>[1]> = {}, mediaType?: string): string {
  try {
    read(body, more, mediaType)
  } catch (error) {
    if (error instanceof DecodeError) return `${error.kind}: ${error.message}`
    throw error
  }
  return 'accepted'
}

test('reads what JSON.parse reads, whatever it is', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), value => {
      expect(read(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)))
      expect(read(JSON.stringify(value, null, 2))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('random bytes are refused or read, never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
      expect(refusal(Buffer.from(bytes))).toMatch(/^(accepted|decode: |too_large: )/)
    }),
    { numRuns: 2000 },
  )
})

test('random pieces of JSON are refused exactly when JSON.parse refuses them or a number is beyond a double', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '"a"',
    '1',
    '-',
    '1e5',
    'e',
    '.',
    'null',
    'true',
    'NaN',
    'x',
    ' ',
    '\n',
    '\u00e9',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const text = pieces.join('')
      let parses = true
      try {
        JSON.parse(text, (_, value: unknown) => {
          if (value === Infinity || value === -Infinity) throw new RangeError()
          return value
        })
      } catch {
        parses = false
      }
      expect(refusal(text) === 'accepted').toBe(parses)
    }),
    { numRuns: 3000 },
  )
})

describe('text', () => {
  test('a byte order mark is dropped', () => {
    expect(read(Buffer.from('\ufeff{"a":1}'))).toEqual({ a: 1 })
  })

  test('UTF-16 is read where its byte order mark says so', () => {
    const little = Buffer.from('\ufeff{"a":"ü☃𝄞"}', 'utf16le')
    expect(read(little)).toEqual({ a: 'ü☃𝄞' })
    expect(read(Buffer.from(little).swap16())).toEqual({ a: 'ü☃𝄞' })
  })

  test('invalid UTF-8 is refused with its place, not replaced', () => {
    expect(refusal(Buffer.concat([Buffer.from('{"a":"ü'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]))).toBe(
      'decode: the body is not valid UTF-8 (near byte 8); if it is in another, name it with charset:',
    )
  })

  test('the charset of the media type counts where the body is not UTF-8, and only there', () => {
    const latin = Buffer.from('{"a":"ü"}', 'latin1')
    expect(read(latin, {}, 'application/json; charset=ISO-8859-1')).toEqual({ a: 'ü' })
    expect(read('{"a":"ü"}', {}, 'application/json; charset=ISO-8859-1')).toEqual({ a: 'ü' })
    expect(refusal(latin, {}, 'application/json; charset=klingon')).toBe('decode: the body is in a charset that is not known: klingon')
  })

  test('a lone surrogate written as an escape stays as it is', () => {
    expect(read('["\\ud800"]')).toEqual(['\ud800'])
  })
})

describe('numbers', () => {
  test.each([
    ['{"a": NaN}', 'decode: the body is not JSON: NaN at line 1, column 7'],
    ['{"a":1,\n "b": -Infinity}', 'decode: the body is not JSON: Infinity at line 2, column 8'],
    ['[1e400]', 'decode: the number 1e400 is beyond the range of a double'],
    ['[-1E999]', 'decode: the number -1E999 is beyond the range of a double'],
    [`[${'9'.repeat(400)}]`, `decode: the number ${'9'.repeat(24)} is beyond the range of a double`],
  ])('%s is refused', (body, reason) => {
    expect(refusal(body)).toBe(reason)
  })

  test('NaN and Infinity within texts are texts', () => {
    expect(read('{"NaN":"-Infinity"}')).toEqual({ NaN: '-Infinity' })
  })

  test('integers beyond 2^53 are counted, with the first of them', () => {
    const { value, rounded, firstRounded } = decodeJson('[9007199254740991,9007199254740993,-9007199254740995,1e20]', options)
    expect(value).toEqual([9007199254740991, 9007199254740992, -9007199254740996, 1e20])
    expect({ rounded, firstRounded }).toEqual({ rounded: 2, firstRounded: '9007199254740993' })
  })

  test('bigNumbers: text keeps their digits', () => {
    expect(read('{"a":-9007199254740993,"b":[12345678901234567890],"c":"9007199254740993"}', { bigNumbers: 'text' })).toEqual({
      a: '-9007199254740993',
      b: ['12345678901234567890'],
      c: '9007199254740993',
    })
  })
})

describe('limits', () => {
  test('depth is counted before anything is parsed', () => {
    expect(read('['.repeat(64) + ']'.repeat(64))).toBeInstanceOf(Array)
    expect(refusal('['.repeat(65) + ']'.repeat(65))).toBe('too_large: maxDepth: 64 levels exceeded')
    expect(refusal('{"a":'.repeat(100_000))).toBe('too_large: maxDepth: 64 levels exceeded')
    expect(read(`["${'['.repeat(1000)}\\"["]`)).toBeInstanceOf(Array)
  })

  test('values are counted before anything is parsed, with room for what stands around the rows', () => {
    const ones = (n: number) => `[${Array.from({ length: n }, () => 1).join(',')}]`
    expect(read(ones(2000), { maxCells: 2000 })).toHaveLength(2000)
    expect(refusal(ones(4000), { maxCells: 2000 })).toBe('too_large: maxCells: 2000 exceeded')
  })
})

describe('what is no JSON is said without quoting the body', () => {
  test.each([
    ['', 'the body is empty, not JSON'],
    ['  \n', 'the body is empty, not JSON'],
    ['<!doctype html><p>secret', 'the body is HTML or XML, not JSON'],
    ['{"a":[1,2', 'the JSON is cut short: it ends with 2 levels still open'],
    ['{"a":"secret', 'the JSON is cut short: it ends within a text'],
    ['{"a":1}\n{"a":2}', 'the body is not JSON: Unexpected non-whitespace character after JSON at line 2, column 1'],
  ])('%j', (body, reason) => {
    expect(refusal(body)).toBe(`decode: ${reason}`)
  })

  test('also where the parser would quote it', () => {
    for (const body of ['secret', '{"a":secret}', '{secret:1}', "['secret']", '{"secret":1,}']) {
      expect(refusal(body)).toMatch(/^decode: the body is not JSON: /)
      expect(refusal(body)).not.toContain('secret')
    }
  })
})

test('__proto__, constructor and doubled members are ordinary data', () => {
  const value = read('{"__proto__":{"polluted":1},"constructor":2,"a":1,"a":3}') as Record<string, unknown>
  expect(Object.entries(value)).toEqual([
    ['__proto__', { polluted: 1 }],
    ['constructor', 2],
    ['a', 3],
  ])
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})
