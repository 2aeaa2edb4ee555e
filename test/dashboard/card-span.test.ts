import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { cardsAbreast, cardSpan } from '../../src/dashboard/card-span.ts'
import { groupFeeds } from '../../src/dashboard/feed-groups.ts'
import { feedFacts } from '../../src/dashboard/own-feeds.ts'

test('as many cards stand side by side as the grid of the style sheet gives', () => {
  expect([200, 300, 613, 614, 1240, 2540].map(cardsAbreast)).toEqual([1, 1, 1, 2, 3, 8])
})

test('few cards are all drawn', () => {
  expect(cardSpan(60, 3, 0, 800)).toEqual({ from: 0, to: 60, above: 0, below: 0 })
})

test('of many those in view are drawn, and what is left out keeps its room', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 61, max: 3000 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: -200_000, max: 900 }),
      (count, abreast, top) => {
        const { from, to, above, below } = cardSpan(count, abreast, top, 800)
        const lines = Math.ceil(count / abreast)
        expect(above + below + Math.ceil((to - from) / abreast) * 246).toBe(lines * 246)
        expect(to - from).toBeLessThan(abreast * 9)
        const first = Math.floor(-top / 246) * abreast
        const last = Math.min(Math.ceil((800 - top) / 246) * abreast, count)
        const seen = first >= 0 && first < count && last > 0
        expect(seen ? from <= first && to >= last : true).toBe(true)
      },
    ),
  )
})

test('feeds whose alerts fire come first, then feeds, then sources, each by name', () => {
  const feeds = ['b', 'quotes', 'alerts', 'a', 'cpu'].map(feed => feedFacts({ feed, firing: feed === 'alerts' ? 2 : null }))
  const groups = groupFeeds(feeds, new Set(['quotes', 'cpu']), new Set(['alerts']))
  expect(groups.map(({ title, feeds }) => [title, feeds.map(({ feed }) => feed)])).toEqual([
    ['Firing', ['alerts']],
    ['Feeds', ['a', 'b']],
    ['Sources', ['cpu', 'quotes']],
  ])
})
