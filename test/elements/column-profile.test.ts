import { describe, expect, test } from 'vitest'
import {
  briefly,
  isMeasure,
  labelColumn,
  profileColumn,
  profileColumns,
  readingOrder,
  rowLabel,
  showCell,
} from '../../src/elements/column-profile.ts'
import { createFormat } from '../../src/elements/format.ts'
import type { Cell } from '../../src/model/row.ts'

const format = createFormat(['en-GB'])
const now = 1_769_090_000_000
const profileOf = (name: string, ...cells: readonly Cell[]) =>
  profileColumn(
    name,
    cells.map(cell => ({ [name]: cell })),
  )

describe('a column is known by its name and its cells', () => {
  test('numbers share their decimals, so that points stand below each other', () => {
    const profile = profileOf('price', 1, 2.5, 3.25, null)
    expect(profile).toMatchObject({ kind: 'number', decimals: 2 })
    expect(showCell(1, profile, now, format)).toBe('1.00')
    expect(showCell(null, profile, now, format)).toBe('–')
  })

  test('what floating point adds is no digit; digits do not come and go', () => {
    const profile = profileOf('change', 0.1 + 0.2, 0.024, -5.2e-19)
    expect(profile.decimals).toBe(3)
    expect(showCell(-5.2e-19, profile, now, format)).toBe('0.000')
    expect(profileColumn('change', [{ change: 1 }], profile).decimals).toBe(3)
  })

  test('a row is read from its key and its name on; addresses come last, and what is between stays as it comes', () => {
    const columns = ['url', 'id', 'node', 'title', 'html_url', 'state', 'avatarUrl', 'curl', 'links']
    expect(readingOrder(columns, 'id')).toEqual(['id', 'title', 'node', 'state', 'curl', 'url', 'html_url', 'avatarUrl', 'links'])
  })

  test('an object stands in a table by what it is called; what has no name, as it is', () => {
    const told = [{ id: 5, login: 'ann' }, [{ name: 'bug' }, { name: 'docs' }], { a: [1] }, [1, { name: 'x' }], [], { name: '' }]
    expect(told.map(briefly)).toEqual(['ann', 'bug, docs', '{"a":[1]}', '[1,{"name":"x"}]', '[]', '{"name":""}'])
  })

  test('a column of tiny numbers keeps them', () => {
    const profile = profileOf('error', 1e-7, 0, 2.5e-6)
    expect(showCell(1e-7, profile, now, format)).toBe('1.000e-7')
  })

  test('times in seconds and in ms are told apart; a number of another range is a number', () => {
    expect(profileOf('last_reported', 1_769_090_000)).toMatchObject({ kind: 'time', scale: 1000 })
    expect(profileOf('validatedAt', now)).toMatchObject({ kind: 'time', scale: 1 })
    expect(profileOf('time', 12).kind).toBe('number')
    expect(profileOf('estimate', now).kind).toBe('number')
  })

  test('bytes by name', () => {
    const profile = profileOf('memory_bytes', 2_100_000_000)
    expect(profile.kind).toBe('bytes')
    expect(showCell(2_100_000_000, profile, now, format)).toBe('2.1 GB')
  })

  test('cells of several types are text; objects are JSON', () => {
    expect(profileOf('x', 1, 'a').kind).toBe('text')
    expect(profileOf('x', null).kind).toBe('text')
    expect(profileOf('tags', ['a']).kind).toBe('json')
    expect(showCell({ a: [1] }, profileOf('tags', { a: [1] }), now, format)).toBe('{"a":[1]}')
  })

  test('a number that is a name has no thousands and is no measure', () => {
    const profile = profileOf('station_id', 31_204)
    expect(showCell(31_204, profile, now, format)).toBe('31204')
    expect(isMeasure(profile)).toBe(false)
    expect(isMeasure(profileOf('lat', 52.1))).toBe(false)
    expect(isMeasure(profileOf('bikes', 3))).toBe(true)
  })

  test('a column called __proto__ is data like any other', () => {
    const row = JSON.parse('{"__proto__": 7, "id": "a"}') as Record<string, Cell>
    expect(profileColumn('__proto__', [row]).kind).toBe('number')
  })
})

test('people know a row by its name where it has one; a number alone is no name', () => {
  expect(rowLabel({ core: 0 }, 'core', '0')).toBe('core 0')
  expect(rowLabel({ '#': '["eu",1]' }, '#', '["eu",1]')).toBe('eu · 1')
  expect(labelColumn(profileColumns(['id', 'name'], [{ id: '1', name: 'Park' }]), 'id')).toBe('name')
  expect(labelColumn(profileColumns(['id', 'x'], [{ id: '1', x: 2 }]), 'id')).toBe('id')
})
