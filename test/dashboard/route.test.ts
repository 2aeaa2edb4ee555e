import { expect, test } from 'vitest'
import { feedHash, parseRoute, sourceHash } from '../../src/dashboard/route.ts'

test('a feed goes into the address and comes out again, whatever its name', () => {
  for (const feed of ['stations', '$feeds', 'a/b?c#d', '100%']) expect(parseRoute(feedHash(feed))).toEqual({ view: 'feed', name: feed })
  expect(parseRoute(sourceHash('a/b'))).toEqual({ view: 'source', name: 'a/b' })
})

test('a board of the config, and one that is the address itself', () => {
  expect(parseRoute('#/board/city')).toEqual({ view: 'board', name: 'city', query: '' })
  expect(parseRoute('#/board?title=A%2FB&tile=x')).toEqual({ view: 'board', name: '', query: 'title=A%2FB&tile=x' })
})

test('anything else is the overview; a stray % is no error', () => {
  for (const hash of ['', '#', '#/', '#/feed/', '#/nothing']) expect(parseRoute(hash)).toEqual({ view: 'overview' })
  expect(parseRoute('#/feed/100%')).toEqual({ view: 'feed', name: '100%' })
})
