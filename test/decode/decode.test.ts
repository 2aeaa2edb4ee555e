import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { patternLimitMs } from '../../src/decode/pattern.ts'
import { decoded, decodeLimits, refusal, tableOf } from '../support/decode.ts'

const atom = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id></entry></feed>'

describe('the format is detected: by the media type, then by looking', () => {
  test.each<[string, string, string]>([
    ['json', 'application/json; charset=utf-8', '[{"id":1}]'],
    ['json', 'application/vnd.api+json', '{"data":[]}'],
    ['json', 'text/html', '  [{"id":1}]'],
    ['json', 'text/plain', '42'],
    ['json', '', '"text"'],
    ['ndjson', 'application/x-ndjson', '{"id":1}'],
    ['ndjson', 'application/json', '{"id":1}\n{"id":2}\n'],
    ['ndjson', 'text/plain', '{"id":1}\r\n\r\n{"id":2}'],
    ['geojson', 'application/geo+json', '{"type":"FeatureCollection","features":[]}'],
    ['geojson', 'application/json', '{"type":"FeatureCollection","features":[]}'],
    ['csv', 'text/csv', 'a,b\n1,2'],
    ['csv', 'text/csv; header=present', 'only\n1\n2'],
    ['csv', 'text/plain', 'a;b\n1;2'],
    ['csv', 'application/octet-stream', 'a\tb\n1\t2'],
    ['xml', 'application/xml', '<a><b/></a>'],
    ['xml', '', '<?xml version="1.0"?><a/>'],
    ['syndication', 'text/xml', atom],
    ['syndication', 'text/html', atom],
    ['prometheus', 'text/plain; version=0.0.4; charset=utf-8', 'a 1\n'],
    ['prometheus', 'text/plain', '# TYPE a counter\na 1\n'],
    ['prometheus', 'application/openmetrics-text; version=1.0.0', 'a 1\n# EOF\n'],
  ])('%s: %s', (format, type, body) => {
    expect(decoded({ body, type }).dialect.format).toBe(format)
  })

  test.each([
    ['text/html', '<!doctype html><p>Sorry', 'the body is HTML, in which no rows are looked for'],
    ['', '\n<html><body/></html>', 'the body is HTML, in which no rows are looked for'],
    ['application/json', '<!doctype html><p>Sorry', 'the body is HTML or XML, not JSON'],
    ['text/csv', '<!DOCTYPE html><p>Sorry', 'the body is HTML or XML, not CSV'],
    ['text/plain', ' \n', 'the body is empty'],
    [
      'text/plain',
      'Service unavailable, try later',
      'the body of type text/plain is none of JSON, NDJSON, XML, RSS, Prometheus text and CSV; say which with format:, or give a pattern:',
    ],
    [
      '',
      'OK',
      'the body without a Content-Type is none of JSON, NDJSON, XML, RSS, Prometheus text and CSV; say which with format:, or give a pattern:',
    ],
  ])('none: %s %j', (type, body, reason) => {
    expect(refusal(() => decoded({ body, type }))).toBe(`decode: ${reason}`)
  })

  test('`format` overrides all of it', () => {
    expect(decoded({ body: '{"id":1}\n', type: 'application/json' }, { format: 'ndjson' }).document).toEqual([{ id: 1 }])
    expect(decoded({ body: atom, type: 'application/atom+xml' }, { format: 'xml' }).document).toEqual({ feed: { entry: { id: '1' } } })
    expect(decoded({ body: 'a,b\n1,2', type: 'text/html' }, { format: 'csv' }).document).toEqual([{ a: '1', b: '2' }])
  })

  test('what a source answered once is how its next answer is read', () => {
    const known = decoded({ body: '1;2\n3;4', type: 'text/csv' }).dialect
    expect(known).toEqual({ format: 'csv', delimiter: ';', header: false })
    expect(decoded({ body: 'a,b;c\n', type: 'text/plain', known }).document).toEqual([['a,b', 'c']])
    expect(refusal(() => decoded({ body: '<!doctype html>Sorry', type: 'text/html', known: { format: 'json' } }))).toBe(
      'decode: the body is HTML or XML, not JSON',
    )
  })

  test('where rows are configured a document stays as it is', () => {
    const body = '{"type":"FeatureCollection","features":[{"properties":{"id":1}}]}'
    const document = JSON.parse(body) as unknown
    expect(decoded({ body, type: 'application/geo+json' }, { rows: 'features' }).document).toEqual(document)
    expect(decoded({ body }, { rows: 'features' }).document).toEqual(document)
    expect(decoded({ body }, { rows: '.', format: 'geojson' }).document).toEqual([{ id: 1, geometry: null }])
  })
})

describe('NDJSON', () => {
  test('a bad line is refused with its number', () => {
    expect(refusal(() => decoded({ body: '{"id":1}\n{"id":\n{"id":3}', type: 'application/x-ndjson' }))).toBe(
      'decode: line 2: the JSON is cut short: it ends with 1 level still open',
    )
    expect(refusal(() => decoded({ body: '{"a":1}\n\n{"a":x}', type: 'application/x-ndjson' }))).toMatch(
      /^decode: line 3: the body is not JSON/,
    )
  })

  test('JSON text sequences, too', () => {
    expect(decoded({ body: '\u001e{"id":1}\n\u001e{"id":2}\n', type: 'application/json-seq' }).document).toEqual([{ id: 1 }, { id: 2 }])
  })

  test('limits', () => {
    const body = '[1,2]\n[3,4]\n[5,6]'
    expect(refusal(() => decoded({ body }, { maxRows: 2 }))).toBe('too_large: maxRows: 2 exceeded')
    expect(refusal(() => decoded({ body }, { maxCells: 5 }))).toBe('too_large: maxCells: 5 exceeded')
    expect(refusal(() => decoded({ body: '{"a":1}\n[[[]]]', type: 'application/jsonl' }, { maxDepth: 2 }))).toBe(
      'too_large: maxDepth: 2 levels exceeded',
    )
  })

  test('integers beyond 2^53 are said once for all lines', () => {
    expect(decoded({ body: '[9007199254740993]\n[9007199254740995]' }).remarks?.[0]?.sentence).toBe(
      '2 integers beyond 2^53 were rounded, such as 9007199254740993; keep their digits with bigNumbers: text',
    )
  })
})

describe('GeoJSON', () => {
  const point = { type: 'Point', coordinates: [10.5, 59.9, 3] }
  const line = { type: 'LineString', coordinates: [[1, 2]] }
  const features = (...list: unknown[]): string => JSON.stringify({ type: 'FeatureCollection', metadata: { count: 1 }, features: list })

  test('properties are columns, points have lat and lon', () => {
    const body = features(
      { type: 'Feature', id: 'a', properties: { mag: 4.5, net: { x: 1 } }, geometry: point },
      { type: 'Feature', id: 'b', properties: null, geometry: line },
    )
    expect([...tableOf({ body }).entries()]).toEqual([
      ['a', { id: 'a', mag: 4.5, net: { x: 1 }, lon: 10.5, lat: 59.9, geometry: point }],
      ['b', { id: 'b', geometry: line }],
    ])
  })

  test('a property that is called as a member of the feature keeps a place of its own', () => {
    const feature = { id: 1, properties: { id: 2, geometry: 'g', lat: 'north', ['__proto__']: 3 }, geometry: point }
    expect(decoded({ body: features(feature) }).document).toEqual([
      Object.fromEntries<unknown>([
        ['id', 1],
        ['properties.id', 2],
        ['properties.geometry', 'g'],
        ['lat', 'north'],
        ['__proto__', 3],
        ['lon', 10.5],
        ['geometry', point],
      ]),
    ])
  })

  test('what is none is refused', () => {
    expect(refusal(() => decoded({ body: '{"error":"quota"}', known: { format: 'geojson' } }))).toBe(
      'decode: the JSON is no GeoJSON feature collection',
    )
  })
})

describe('plain text by a regular expression', () => {
  const nginx =
    'Active connections: 291 \nserver accepts handled requests\n 16630948 16630946 31070465 \nReading: 6 Writing: 179 Waiting: 106 \n'

  test('one match, one row: nginx stub_status', () => {
    const pattern =
      /Active connections: (?<active>\d+)\s+server.*\n (?<accepts>\d+) (?<handled>\d+) (?<requests>\d+)\s+Reading: (?<reading>\d+)/gmu
    expect([...tableOf({ body: nginx, type: 'text/plain' }, { pattern }).values()]).toEqual([
      { '#': 0, active: 291, accepts: 16630948, handled: 16630946, requests: 31070465, reading: 6 },
    ])
  })

  test('a match for each line, a group that took no part is null', () => {
    const pattern = /^(?<name>\w+) (?<share>\d+)%(?: (?<mount>\S+))?$/gmu
    expect([...tableOf({ body: 'name share\nsda 50% /\nsdb 7%\n' }, { pattern }).values()]).toEqual([
      { name: 'sda', share: 50, mount: '/' },
      { name: 'sdb', share: 7, mount: null },
    ])
  })

  test('no match is said; empty matches come to an end', () => {
    expect(decoded({ body: 'x' }, { pattern: /(?<a>y)/gmu })).toMatchObject({
      document: [],
      remarks: [{ sentence: 'the pattern matches nowhere' }],
    })
    expect(decoded({ body: 'x😀' }, { pattern: /(?<a>)/gmu }).document).toHaveLength(3)
    expect(refusal(() => decoded({ body: 'xxx' }, { pattern: /(?<a>x)/gmu, maxRows: 2 }))).toBe('too_large: maxRows: 2 exceeded')
  })

  test('a catastrophic pattern is broken off', () => {
    expect(refusal(() => decoded({ body: 'x'.repeat(60) }, { pattern: /(?<a>(x+x+)+y)/gmu }))).toBe(
      `too_large: pattern: no end after ${patternLimitMs}ms; does it repeat what itself repeats?`,
    )
  })

  test('`format: text` without a pattern is refused', () => {
    expect(refusal(() => decoded({ body: 'x' }, { format: 'text' }))).toBe('decode: format: text needs a pattern: with named groups')
  })
})

describe('charsets', () => {
  const csv = 'id,name\n1,Jürgen\n2,Zoë'
  const name = (body: Buffer, type = 'text/csv', charset?: string): unknown =>
    tableOf({ body, type }, charset === undefined ? {} : { charset }).get('1')?.['name']

  test('UTF-8 with and without a byte order mark', () => {
    expect([name(Buffer.from(csv)), name(Buffer.from(`\ufeff${csv}`))]).toEqual(['Jürgen', 'Jürgen'])
  })

  test('UTF-16 by its byte order mark, or by how it begins', () => {
    for (const text of [`\ufeff${csv}`, csv]) {
      const little = Buffer.from(text, 'utf16le')
      expect(name(little)).toBe('Jürgen')
      expect(name(Buffer.from(little).swap16())).toBe('Jürgen')
    }
  })

  test('that of the media type, where the body is no UTF-8', () => {
    expect(name(Buffer.from(csv, 'latin1'), 'text/csv; charset="ISO-8859-1"')).toBe('Jürgen')
    expect(name(Buffer.from(csv), 'text/csv; charset=ISO-8859-1')).toBe('Jürgen')
  })

  test('that of an XML declaration', () => {
    const xml =
      '<?xml version="1.0" encoding="ISO-8859-1"?><rows><row><id>1</id><name>Jürgen</name></row><row><id>2</id><name>b</name></row></rows>'
    expect(name(Buffer.from(xml, 'latin1'), 'application/xml')).toBe('Jürgen')
  })

  test('that which is configured, whatever else is said', () => {
    expect(name(Buffer.from(csv, 'latin1'), 'text/csv', 'windows-1252')).toBe('Jürgen')
    expect(name(Buffer.from(csv), 'text/csv', 'windows-1252')).toBe('JÃ¼rgen')
  })

  test('none: refused, with the mend', () => {
    expect(refusal(() => name(Buffer.from(csv, 'latin1')))).toBe(
      'decode: the body is not valid UTF-8 (near byte 11); if it is in another, name it with charset:',
    )
  })
})

describe('megabytes of one thing are refused or read, with bounded stack and time', () => {
  const bytes = 4 * 1024 ** 2
  test.each<[string, string, string]>([
    ['comments', 'text/csv', '#\n'],
    ['comments of no type', '', '#\n'],
    ['delimiters', 'text/csv', ','],
    ['quotes', 'text/csv', '"'],
    ['line ends', 'text/csv', '\n'],
    ['blanks', 'text/plain', ' '],
    ['marks', 'text/xml', '<'],
    ['comments of XML', 'text/xml', '<!---->'],
    ['attributes', 'text/xml', '<a b="1" '],
    ['backslashes', 'text/plain; version=0.0.4', 'a{b="\\\\'],
    ['labels', 'text/plain; version=0.0.4', 'a{b="c",'],
    ['numbers a line each', 'application/x-ndjson', '1\n'],
    ['brackets', '', '[{'],
    ['digits', '', '9'],
  ])('%s', (_, type, piece) => {
    const body = piece.repeat(bytes / piece.length)
    expect(refusal(() => decoded({ body, type }))).toMatch(/^(accepted|decode: |too_large: )/)
  })
})

test('random bytes of any media type are refused or read, never anything else', () => {
  const types = [
    '',
    'application/json',
    'application/x-ndjson',
    'text/csv',
    'text/xml',
    'application/rss+xml',
    'application/geo+json',
    'application/openmetrics-text',
    'text/plain',
  ]
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .string({ unit: fc.constantFrom('{', '}', '<', '>', 'a', '1', ',', '\n', '"', '=', '/', ' ', '#', ':'), maxLength: 40 })
      .map(text => Buffer.from(text)),
  )
  fc.assert(
    fc.property(fc.constantFrom(...types), bytes, (type, body) => {
      expect(refusal(() => decoded({ body: Buffer.from(body), type }, decodeLimits))).toMatch(/^(accepted|decode: |too_large: )/)
    }),
    { numRuns: 3000 },
  )
})
