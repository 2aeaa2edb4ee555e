import { describe, expect, test } from 'vitest'
import { silentLogger } from '../../src/lib/log.ts'
import type { Cell, Row } from '../../src/model/row.ts'
import { Shape, type JsonSchema } from '../../src/source/shape.ts'
import { Tabulator } from '../../src/source/tabulate.ts'
import { good, said } from '../support/config.ts'
import { decodeLimits, refusal } from '../support/decode.ts'
import { answered, failed, httpSource } from '../support/http-source.ts'
import { json, Upstream } from '../support/upstream.ts'

const schema = {
  type: 'object',
  required: ['id', 'price'],
  properties: {
    id: { type: 'string' },
    price: { type: ['number', 'null'], minimum: 0 },
    status: { enum: ['open', 'shut'] },
    tags: { type: 'array', items: { type: 'string' } },
  },
}

test.each<[string, Row, JsonSchema, string]>([
  ['what meets it', { id: 'a', price: null, other: 1 }, schema, 'accepted'],
  ['another type', { id: 1, price: 1 }, schema, 'shape: shape: the row at place 1, column id: expected string, received number'],
  ['one of several types', { id: 'a', price: 'x' }, schema, 'shape: shape: the row at place 1, column price: expected number or null'],
  ['a column that is missing', { id: 'a' }, schema, 'shape: shape: the row at place 1, column price: expected number or null'],
  [
    'none of the words',
    { id: 'a', price: 1, status: 'x' },
    schema,
    'shape: shape: the row at place 1, column status: expected one of "open"|"shut"',
  ],
  [
    'within',
    { id: 'a', price: 1, tags: ['x', 2] },
    schema,
    'shape: shape: the row at place 1, column tags.1: expected string, received number',
  ],
  [
    'a column too many',
    { id: 'a', price: 1, '\u0000': 1 },
    { ...schema, additionalProperties: false },
    'shape: shape: the row at place 1: unrecognized key: "\ufffd"',
  ],
  [
    'of an array of rows',
    { id: 1, price: 1 },
    { type: 'array', items: schema },
    'shape: shape: the row at place 1, column id: expected string, received number',
  ],
  ['__proto__', JSON.parse('{"id":"a","price":1,"__proto__":{"x":1}}') as Row, schema, 'accepted'],
])('%s', (_, row, shape, outcome) => {
  expect(refusal(() => new Shape(shape).check([{ id: 'first', price: 1 }, row]))).toBe(outcome)
})

test('a payload that does not meet it fails the poll, and the last good table is kept', async () => {
  const upstream = await Upstream.start(json([{ id: 'a', price: 1 }]))
  const { ask } = httpSource({ url: upstream.url, shape: schema })
  const { table } = answered(await ask.poll())
  upstream.script(json([{ id: 'a', price: '1' }]))
  const reason = 'shape: the row at place 0, column price: expected number or null'
  expect(failed(await ask.poll())).toMatchObject({ cause: 'shape', reason })
  upstream.script(json([{ id: 'a', price: 1 }]))
  expect(answered(await ask.poll())).toMatchObject({ kind: 'unchanged', table })
  await ask.close()
  await upstream.close()
})

test('`shape: any` believes a column that is retyped, and an array that becomes one object', () => {
  const options = { ...decodeLimits, index: false, ignore: [], onDuplicateKey: 'last' as const, key: ['id'] }
  const degradation = (shape: 'learn' | 'any', last: Cell): string | undefined => {
    const tabulator = new Tabulator({ ...options, shape }, 's', silentLogger)
    for (let poll = 0; poll < 20; poll++) tabulator.take({ document: [{ id: 1, n: poll }] })
    return tabulator.take({ document: last }).degraded?.cause
  }
  for (const last of [[{ id: 1, n: 'x' }], { id: 1, n: 1 }] as const)
    expect([degradation('learn', last), degradation('any', last)]).toEqual(['shape', undefined])
})

describe('in a config', () => {
  const files = { 'row.json': JSON.stringify(schema), 'bad.json': '{', 'odd.json': '{"type":"strin"}', 'list.json': '[]' }

  test('it is written there, or in a file', () => {
    const { sources } = good(
      'sources: {a: {url: http://x, shape: row.json}, b: {file: x, shape: {type: object}}, c: {url: http://x, shape: any}, d: http://x}',
      { files },
    )
    expect(sources).toMatchObject([
      { http: { shape: schema } },
      { file: { shape: { type: 'object' } } },
      { http: { shape: 'any' } },
      { http: { shape: 'learn' } },
    ])
  })

  test('what cannot be used is said', () => {
    const text = `
sources:
  a: {url: http://x, shape: none.json}
  b: {url: http://x, shape: bad.json}
  c: {url: http://x, shape: odd.json}
  d: {url: http://x, shape: 3}
  e: {url: http://x, shape: list.json}
  f: {url: http://x, deadband: {a: 0}}
`
    const wanted = 'expected learn, any, the path of a JSON Schema, or one'
    expect(said(text, { files })).toEqual([
      `3:29 sources.a.shape: the JSON Schema cannot be used: there is no such file; ${wanted}`,
      `4:29 sources.b.shape: the JSON Schema cannot be used: it is not JSON; ${wanted}`,
      '5:29 sources.c.shape: expected a type of JSON Schema: string, number, integer, boolean, object, array, null; found strin at type (did you mean `string`?)',
      `6:29 sources.d.shape: ${wanted}; found 3`,
      `7:29 sources.e.shape: ${wanted}; found list.json`,
      '8:36 sources.f.deadband.a: expected a number above 0, such as 0.01; found 0',
    ])
  })

  test.each([
    ['int', 'integer'],
    ['str', 'string'],
    ['bool', 'boolean'],
    ['float', 'number'],
    ['datetime', 'string'],
    ['objct', 'object'],
    ['map', 'object'],
  ])('a type %s is told at its place, wherever it stands, and that %s was meant', (type, meant) => {
    const places = [`{type: ${type}}`, `{properties: {type: {type: ["null", ${type}]}}}`, `{items: {anyOf: [{}, {type: ${type}}]}}`]
    const paths = ['type', 'properties.type.type[1]', 'items.anyOf[1].type']
    for (const [index, shape] of places.entries())
      expect(said(`sources: {a: {url: http://x, shape: ${shape}}}`)).toEqual([
        expect.stringContaining(`sources.a.shape.${paths[index] ?? ''}: expected a type of JSON Schema`),
      ])
    for (const shape of places)
      expect(said(`sources: {a: {url: http://x, shape: ${shape}}}`)).toEqual([
        expect.stringContaining(`; found ${type} (did you mean \`${meant}\`?)`),
      ])
  })
})
