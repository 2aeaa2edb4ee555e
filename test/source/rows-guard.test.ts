import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../src/decode/decode-error.ts'
import { silentLogger } from '../../src/lib/log.ts'
import type { Cell } from '../../src/model/row.ts'
import { Tabulator } from '../../src/source/tabulate.ts'
import { good } from '../support/config.ts'
import { decoded, newTabulator } from '../support/decode.ts'
import { answered, httpSource } from '../support/http-source.ts'
import { etagged, json, Upstream } from '../support/upstream.ts'

const limits = { maxRows: 1000, maxColumns: 100, maxCells: 10_000, maxCellBytes: 1000, maxKeyBytes: 100 }

function tabulator(rules: { minRows?: number; maxDropPart?: number; removeAfter?: number }): Tabulator {
  return new Tabulator({ ...limits, index: false, ignore: [], onDuplicateKey: 'last', key: ['id'], ...rules }, 's', silentLogger)
}

const page = (count: number): { readonly document: Cell } => ({
  document: Array.from({ length: count }, (_, i) => ({ id: `r${i}`, n: i })),
})

describe('half a page with status 200', () => {
  test('maxDrop: the last rows are kept for one poll, by name; then the answer is believed', () => {
    const rows = tabulator({ maxDropPart: 0.5 })
    const { table } = rows.take(page(10))
    const held = rows.take(page(3))
    expect(held).toMatchObject({
      held: true,
      degraded: { cause: 'rows', reason: expect.stringMatching(/^maxDrop: 50% exceeded/) as string },
    })
    expect(held.table).toBe(table)
    const believed = rows.take(page(3))
    expect([believed.held, believed.degraded, believed.table.rows.size]).toEqual([false, undefined, 3])
  })

  test('minRows: never believed; with no rows to keep the poll fails', () => {
    const rows = tabulator({ minRows: 5 })
    expect(() => rows.take(page(4))).toThrow(new DecodeError('rows', 'minRows: 5 not reached by 4'))
    const { table } = rows.take(page(5))
    for (let i = 0; i < 3; i++) expect(rows.take(page(4))).toMatchObject({ held: true, degraded: { cause: 'rows' }, table })
    expect(rows.take(page(6)).table.rows.size).toBe(6)
  })
})

describe('removeAfter: rows that come and go', () => {
  const rows = (...ids: string[]): { readonly document: Cell } => ({ document: ids.map(id => ({ id, n: 1 })) })
  const names = (of: { readonly table: { readonly rows: ReadonlyMap<string, unknown> } }): string =>
    [...of.table.rows.keys()].sort().join('')

  test('one leaves once it was gone from so many answers in a row, and is told of until then', () => {
    const tabulated = tabulator({ removeAfter: 3 })
    const first = tabulated.take(rows('a', 'b', 'c'))
    const answers = [rows('a', 'c'), rows('a', 'b', 'c'), rows('a', 'c'), rows('a'), rows('a'), rows('a'), rows('a')].map(answer => {
      const { table, degraded, changes, unsettled } = tabulated.take(answer)
      return `${names({ table })} ${degraded === undefined ? '' : 'degraded '}${changes === 'all' ? 'all' : [...changes.keys()].join('')} ${unsettled ? 'again' : ''}`
    })
    expect(first.unsettled).toBe(false)
    expect(answers.map(answer => answer.trim())).toEqual([
      'abc degraded  again',
      'abc',
      'abc degraded  again',
      'abc degraded  again',
      'ac degraded b again',
      'a c',
      'a',
    ])
  })

  test('the reason begins with the key; rows that are kept are the same objects', () => {
    const tabulated = tabulator({ removeAfter: 2 })
    const { table } = tabulated.take(rows('a', 'b'))
    const before = table.rows.get('b')
    const next = tabulated.take(rows('a'))
    expect(next.degraded).toEqual({ cause: 'rows', reason: 'removeAfter: 2: 1 row is gone from the answer and kept for now' })
    expect(next.table.rows.get('b')).toBe(before)
    expect(next.changes).toEqual(new Map())
  })

  test('no more are kept than maxRows; by default none is', () => {
    const few = new Tabulator(
      { ...limits, maxRows: 2, removeAfter: 9, index: false, ignore: [], onDuplicateKey: 'last', key: ['id'] },
      's',
      silentLogger,
    )
    few.take(rows('a', 'b'))
    expect(names(few.take(rows('c')))).toHaveLength(2)
    const plain = tabulator({})
    plain.take(rows('a', 'b'))
    expect(names(plain.take(rows('a')))).toBe('a')
  })
})

test.each([
  ['an ETag that holds', (value: Cell) => etagged(value, `"${JSON.stringify(value).length}"`)],
  ['the same body', (value: Cell) => json(value)],
])('removeAfter, over HTTP, with %s: what is gone is asked for again in full until it leaves', async (_how, answers) => {
  const upstream = await Upstream.start(answers(page(3)))
  const { ask } = httpSource({ url: upstream.url, key: 'id', removeAfter: 3 })
  const sizes: number[] = []
  const states: (string | undefined)[] = []
  for (let i = 0; i < 6; i++) {
    if (i === 1) upstream.script(answers(page(2)))
    const { table, degraded } = answered(await ask.poll())
    sizes.push(table.rows.size)
    states.push(degraded?.cause)
  }
  expect(sizes).toEqual([3, 3, 3, 2, 2, 2])
  expect(states).toEqual([undefined, 'rows', 'rows', undefined, undefined, undefined])
  await ask.close()
  await upstream.close()
})

test('both are keys of a source, and of the defaults', () => {
  const [source] = good('defaults: {maxDrop: 50%}\nsources: {a: {url: http://x, minRows: 3}}').sources
  expect(source).toMatchObject({ http: { minRows: 3, maxDropPart: 0.5 } })
})

test('rows that come to be after a document that had none are a table of their own: its members are no columns of theirs', () => {
  const source = newTabulator()
  const answer = (...activeTargets: readonly object[]) =>
    decoded({ body: JSON.stringify({ status: 'success', data: { activeTargets, dropped: [] } }) })
  expect(source.take(answer()).table.columns).toEqual(['#', 'status', 'data'])
  const { table, changes } = source.take(answer({ health: 'up' }, { health: 'up' }))
  expect([table.columns, changes, table.rows.size]).toEqual([['#', 'health'], 'all', 2])
})
