import { expect, test } from 'vitest'
import { tileSchema } from '../../src/config/board.options.ts'
import { parseConfig } from '../../src/config/load.ts'
import { printProblems } from '../../src/config/problem.ts'
import { boardColumns, mostTileRows, tileKinds } from '../../src/model/board.ts'

const load = (boards: string) =>
  parseConfig(`sources: {a: {system: cpu}}\nfeeds: {f: {from: a}}\nboards:\n${boards}`, 'm.yaml', { env: {} })

test('boards of tiles; the title of a board is its name where none is written', () => {
  const loaded = load(
    '  city:\n    tiles:\n      - {show: chart, feed: f, column: busyPercent, order: -busyPercent, width: 2}\n      - {show: heartbeat, feed: a}',
  )
  if (!loaded.ok) throw new Error(printProblems(loaded.problems))
  expect(loaded.config.boards).toEqual([
    {
      name: 'city',
      title: 'city',
      tiles: [
        { show: 'chart', feed: 'f', column: 'busyPercent', order: ['-busyPercent'], width: 2 },
        { show: 'heartbeat', feed: 'a' },
      ],
    },
  ])
})

test.each([
  [
    '  city: {tiles: [{show: chart, feed: ff}]}',
    /m\.yaml:4:38: boards\.city\.tiles\[0\]\.feed: expected the name of a source or feed[^]*did you mean `f`/,
  ],
  ['  city: {tiles: [{show: heartbeat, feed: f}]}', /expected the name of a source, whose polls are shown; found f/],
  ['  city: {tiles: [{show: gauge, feed: f}]}', /expected table, chart, figure, alerts, heartbeat, or map; found gauge/],
  ['  city: {tiles: [{show: map, feed: f, widht: 2}]}', /unknown key `widht`[^]*did you mean `width`/],
  ['  city: {tiles: [{show: map, feed: f, where: "used >"}]}', /4:53: boards\.city\.tiles\[0\]\.where: /],
  [
    '  city:\n    tiles:\n      - {show: gauge, feed: f}\n      - {show: map, feed: g}\n      - {show: map, feed: f, where: "contains(used)"}',
    /tiles\[0\]\.show[^]*tiles\[1\]\.feed[^]*tiles\[2\]\.where[^]*3 problems/,
  ],
  ['  city: {tiles: []}', /expected at least one tile/],
  ['  City: {tiles: [{show: map, feed: f}]}', /call it `city`/],
  ['  []', /boards: expected a map: the name of each board/],
])('%s is refused with the place and the mend', (boards, expected) => {
  const loaded = load(boards)
  expect(loaded.ok ? '' : printProblems(loaded.problems)).toMatch(expected)
})

test('tiles are not blamed for a source or feed that has a fault of its own', () => {
  const text = `sources: {a: {system: gpu}}
feeds: {f: {from: a, columns: {used: {lable: Used}}}}
boards: {city: {tiles: [{show: map, feed: f}, {show: heartbeat, feed: a}]}}`
  const loaded = parseConfig(text, 'm.yaml', { env: {} })
  expect(loaded.ok ? [] : loaded.problems.map(({ path }) => path)).toEqual(['sources.a.system', 'feeds.f.columns.used.lable'])
})

test('the schema allows what the page can show', () => {
  const tile = (members: object) => tileSchema.safeParse({ show: 'map', feed: 'f', ...members }).success
  expect([tile({ width: boardColumns }), tile({ width: boardColumns + 1 })]).toEqual([true, false])
  expect([tile({ height: mostTileRows }), tile({ height: mostTileRows + 1 })]).toEqual([true, false])
  expect(tileKinds.every(show => tile({ show }))).toBe(true)
})
