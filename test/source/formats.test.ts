import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { equalRows, type Cell, type Row } from '../../src/model/row.ts'
import type { Ask } from '../../src/source/ask.ts'
import { decoded, newTabulator, tableOf, type Body } from '../support/decode.ts'
import { answered, failed, httpSource, rowsOf } from '../support/http-source.ts'
import { body, html, Upstream } from '../support/upstream.ts'

/** A table in one format. */
type Writer = (columns: readonly string[], rows: readonly Row[]) => Body

function printed(cell: Cell | undefined): string {
  return cell === null || typeof cell === 'object' || cell === undefined ? '' : String(cell)
}

function fieldOf(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? '' : `"${printed(cell).replaceAll('"', '""')}"`
}

function separated(delimiter: string, type: string): Writer {
  return (columns, rows) => ({
    body: [columns.map(fieldOf), ...rows.map(row => columns.map(column => fieldOf(row[column])))]
      .map(line => line.join(delimiter))
      .join('\r\n'),
    type,
  })
}

function escaped(cell: Cell | undefined): string {
  return printed(cell).replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`)
}

const writers: Readonly<Record<string, Writer>> = {
  JSON: (_, rows) => ({ body: JSON.stringify(rows), type: 'application/json' }),
  'JSON, wrapped': (_, rows) => ({ body: JSON.stringify({ ok: true, data: { stations: rows } }) }),
  NDJSON: (_, rows) => ({ body: rows.map(row => `${JSON.stringify(row)}\n`).join(''), type: 'application/x-ndjson' }),
  CSV: separated(',', 'text/csv'),
  'CSV with semicolons': separated(';', 'text/csv'),
  TSV: separated('\t', 'text/tab-separated-values'),
  XML: (columns, rows) => ({
    body: `<stations>${rows.map(row => `<station>${columns.map(column => `<${column}>${escaped(row[column])}</${column}>`).join('')}</station>`).join('')}</stations>`,
    type: 'application/xml',
  }),
  'XML attributes': (columns, rows) => ({
    body: `<stations>${rows
      .map(row => `<station ${columns.flatMap(column => (row[column] === null ? [] : `${column}="${escaped(row[column])}"`)).join(' ')}/>`)
      .join('')}</stations>`,
    type: 'application/xml',
  }),
}

/** Columns as a text can say them: of one type, null here and there; a text that begins and ends with no blank, nor is empty. */
const word = fc.string({
  unit: fc.constantFrom('a', 'é', '😀', ',', ';', '"', "'", '<', '&', ' ', '1', '.', '-', '\\'),
  minLength: 1,
  maxLength: 8,
})
const text = word.map(found => `x${found}x`)
const kinds = [
  text,
  fc.integer({ min: -1_000_000, max: 1_000_000 }),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map(number => (Object.is(number, -0) ? 0 : Number(number.toPrecision(12))))
    .filter(number => !Number.isInteger(number) || Number.isSafeInteger(number)),
  fc.boolean(),
  fc.constantFrom('2026-01-01T00:00:00Z', '007', '+49 30', '9007199254740993'),
] as const
const table = fc
  .tuple(fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 6 }))
  .chain(([columns, rows]) => {
    const cells = columns.map(kind => fc.array(fc.option(kind as fc.Arbitrary<Cell>, { freq: 5 }), { minLength: rows, maxLength: rows }))
    return fc.tuple(fc.tuple(...cells), fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { minLength: rows, maxLength: rows }))
  })
  .map(([columns, ids]) => {
    const names = ['id', ...columns.map((_, i) => `c${i}`)]
    const rows = ids.map((id, place): Row => ({ id, ...Object.fromEntries(columns.map((cells, i) => [`c${i}`, cells[place] ?? null])) }))
    return { names, rows }
  })

test('one table offered in five formats gives one identical table', () => {
  fc.assert(
    fc.property(table, ({ names, rows }) => {
      for (const [format, write] of Object.entries(writers)) {
        const found = tableOf(write(names, rows), format === 'XML attributes' || format === 'XML' ? { rows: 'stations.station' } : {}, [
          'id',
        ])
        const wrong = rows.filter(row => !equalRows(found.get(printed(row['id'])) ?? {}, row, names))
        expect({ format, keys: [...found.keys()], wrong }).toEqual({ format, keys: rows.map(row => printed(row['id'])), wrong: [] })
      }
    }),
    { numRuns: 300 },
  )
})

test('and the text formats find the same types over polls, whatever comes later', () => {
  const source = newTabulator()
  source.take(decoded({ body: 'id,zip,n\n1,01234,5\n2,12345,6', type: 'text/csv' }))
  const { table, degraded } = source.take(decoded({ body: 'id,zip,n\n1,12345,0005\n2,12345,x\n3,1,7', type: 'text/csv' }))
  expect([...table.rows.values()]).toEqual([
    { id: 1, zip: '12345', n: '0005' },
    { id: 2, zip: '12345', n: 'x' },
    { id: 3, zip: '1', n: 7 },
  ])
  expect(degraded).toBeUndefined()
})

describe('the guards hold for every format', () => {
  const csv = (cells: readonly string[]): Body => ({
    body: ['id,n', ...cells.map((cell, i) => `${i},${cell}`)].join('\n'),
    type: 'text/csv',
  })

  test('a column of numbers that becomes texts is another shape', () => {
    const source = newTabulator()
    for (let poll = 0; poll < 20; poll++) source.take(decoded(csv([String(poll), '2'])))
    const { held, degraded, table } = source.take(decoded(csv(['a', 'b'])))
    expect({ held, degraded }).toEqual({
      held: true,
      degraded: { cause: 'shape', reason: 'the last good rows are kept: n was number and is string' },
    })
    expect(table.rows.get('1')).toEqual({ id: 1, n: 2 })
  })

  test('a header without records is an empty table, held once', () => {
    const source = newTabulator()
    source.take(decoded(csv(Array.from({ length: 30 }, () => '1'))))
    expect(source.take(decoded(csv([]))).degraded?.cause).toBe('rows')
    expect(source.take(decoded(csv([]))).table.rows.size).toBe(0)
  })

  test('members that were rows are gone when an error stands in their place', () => {
    const source = newTabulator()
    const prices = { BTC: { usd: 1 }, ETH: { usd: 2 }, SOL: { usd: 3 } }
    expect([...source.take({ document: prices }).table.rows.values()]).toEqual([
      { key: 'BTC', usd: 1 },
      { key: 'ETH', usd: 2 },
      { key: 'SOL', usd: 3 },
    ])
    expect(source.found).toBe('3 rows at .*, key key, by which the answer itself tells rows apart')
    const { held, degraded } = source.take({ document: { error: 'quota' } })
    expect({ held, cause: degraded?.cause }).toEqual({ held: true, cause: 'rows' })
    expect(source.take({ document: { BTC: { usd: 1 } } }).table.rows.size).toBe(1)
  })

  test('ragged records are degraded for as long as they come, also unchanged', () => {
    const source = newTabulator()
    const ragged = decoded({ body: 'id,n\n1,2\n2,3,4', type: 'text/csv' })
    expect(source.take(ragged).degraded?.cause).toBe('rows')
    expect(source.same().degraded?.cause).toBe('rows')
    expect(source.take(decoded(csv(['1']))).degraded).toBeUndefined()
  })
})

describe('over HTTP', () => {
  const open: { close(): Promise<void> }[] = []

  afterEach(async () => {
    await Promise.all(open.splice(0).map(one => one.close()))
  })

  async function asking(
    upstream: Upstream,
    more: Partial<Parameters<typeof httpSource>[0]> = {},
  ): Promise<Ask & { lines: readonly string[] }> {
    const { ask, log } = httpSource({ url: upstream.url, ...more })
    open.push(ask)
    return Object.assign(ask, { lines: log.lines })
  }

  async function serving(text: string, type: string): Promise<Upstream> {
    const upstream = await Upstream.start(body(text, { 'content-type': type }))
    open.push(upstream)
    return upstream
  }

  test('the media type tells the format, which is kept', async () => {
    const upstream = await serving('a 1\nb{c="d"} 2\n', 'text/plain; version=0.0.4')
    const ask = await asking(upstream)
    const first = answered(await ask.poll())
    expect(ask.lines).toEqual(["info: source 'tested': 2 rows in the document, key series, by which the answer itself tells rows apart"])
    expect([...first.table.rows.keys()]).toEqual(['a', 'b{c="d"}'])
    upstream.script(html)
    expect(failed(await ask.poll())).toMatchObject({ cause: 'decode', reason: 'line 1: column 1: a name of a metric is needed' })
    upstream.script(body('a 1\nb{c="d"} 3\n', { 'content-type': 'text/html' }))
    expect(answered(await ask.poll()).changes).toEqual(new Map([['b{c="d"}', first.table.rows.get('b{c="d"}')]]))
  })

  test('another format for good is found after three polls, what was taken stays until then', async () => {
    const upstream = await serving('<status>starting</status>', 'application/xml')
    const ask = await asking(upstream)
    expect(rowsOf(await ask.poll())).toEqual([{ '#': '', status: 'starting' }])
    upstream.script(body('[{"id":1},{"id":2}]'))
    for (let poll = 0; poll < 3; poll++) expect(failed(await ask.poll()).reason).toMatch(/^the XML cannot be read: line 1: /)
    expect(rowsOf(await ask.poll())).toEqual([{ id: 1 }, { id: 2 }])
  })

  test('the format that is configured is asked for, and counts whatever the media type says', async () => {
    const upstream = await serving('id;n\n1;2\n', 'application/json')
    const ask = await asking(upstream, { format: 'csv' })
    expect(rowsOf(await ask.poll())).toEqual([{ id: 1, n: 2 }])
    expect(upstream.last?.headers['accept']).toBe('text/csv, text/tab-separated-values;q=0.9, */*;q=0.5')
  })

  test('a pattern, a charset and a header are taken from the options', async () => {
    const upstream = await serving('', 'text/plain')
    upstream.script(body(Buffer.from('Zürich 5\nBern 7\n', 'latin1'), { 'content-type': 'text/plain' }))
    const ask = await asking(upstream, { pattern: '^(?<name>\\S+) (?<n>\\d+)$', charset: 'windows-1252' })
    expect(rowsOf(await ask.poll())).toEqual([
      { name: 'Zürich', n: 5 },
      { name: 'Bern', n: 7 },
    ])
    const plain = await asking(await serving('x,1\ny,2\n', 'text/csv'), { header: false })
    expect(rowsOf(await plain.poll())).toEqual([
      { '#': 0, 0: 'x', 1: 1 },
      { '#': 1, 0: 'y', 1: 2 },
    ])
  })

  test('what is worth saying is said once', async () => {
    const upstream = await serving('id,n\n1\n2,3\n', 'text/csv')
    const ask = await asking(upstream)
    await ask.poll()
    upstream.script(body('id,n\n1\n2,4\n', { 'content-type': 'text/csv' }))
    await ask.poll()
    expect(ask.lines.filter(line => line.includes('fewer fields'))).toEqual([
      "warn: source 'tested': line 2 of the CSV has fewer fields than its header: what is missing is null",
    ])
  })
})
