import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { boardHash, parseBoard, parseTile, tileText } from '../../src/dashboard/tile-text.ts'
import { parseRoute } from '../../src/dashboard/route.ts'
import { tileSpan } from '../../src/dashboard/tile-span.ts'
import { boardColumns, mostTileRows, mostTiles, tileKinds, type Tile } from '../../src/model/board.ts'

// What no address holds as it is: a lone surrogate.
const text = fc.string({ minLength: 1, unit: 'grapheme' })
const tile = fc.record(
  {
    show: fc.constantFrom(...tileKinds),
    feed: text,
    title: text,
    where: text,
    column: text,
    key: text,
    order: fc.array(text, { minLength: 1, maxLength: 3 }),
    columns: fc.array(text, { minLength: 1, maxLength: 3 }),
    limit: fc.integer({ min: 1 }),
    width: fc.integer({ min: 1, max: boardColumns }),
    height: fc.integer({ min: 1, max: mostTileRows }),
  },
  { requiredKeys: ['show', 'feed'] },
)

test('any board goes into an address and comes out again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.array(tile, { maxLength: 6 }), (title, tiles) => {
      const board = { name: '', title, tiles }
      const route = parseRoute(new URL(boardHash(board), 'http://localhost/').hash)
      expect(route.view === 'board' ? parseBoard(route.query) : route).toEqual(board)
    }),
  )
})

test('what is no tile is left out, and of a tile what is not known', () => {
  expect(parseTile('show=gauge&feed=a')).toBeUndefined()
  expect(parseTile('show=table')).toBeUndefined()
  expect(parseTile('show=table&feed=a&width=9&height=0&limit=x&colour=red&title=')).toEqual({ show: 'table', feed: 'a' })
  const many = new URLSearchParams(
    Array.from({ length: mostTiles + 9 }, (): [string, string] => ['tile', tileText({ show: 'map', feed: 'a' })]),
  )
  expect(parseBoard(`${many.toString()}&tile=nothing`).tiles).toHaveLength(mostTiles)
})

test('a tile takes what it says, else what its kind needs', () => {
  const span = (tile: Omit<Tile, 'feed'>) => tileSpan({ feed: 'a', ...tile })
  expect([span({ show: 'figure' }), span({ show: 'chart', width: 4, height: 3 })]).toEqual([
    { width: 1, height: 1 },
    { width: 4, height: 3 },
  ])
})
