import { expect, test } from 'vitest'
import { good, said } from '../support/config.ts'

test.each([
  ['link', { kind: 'link' }],
  ['{cursor: meta.next, query: after}', { kind: 'cursor', path: 'meta.next', query: 'after' }],
  ['{cursor: next}', { kind: 'cursor', path: 'next' }],
  ['{offset: start, limit: 50}', { kind: 'offset', query: 'start', limit: 50 }],
  ['{page: p}', { kind: 'page', query: 'p', first: 1 }],
])('pages: %s', (written, pages) => {
  expect(good(`sources: {a: {url: http://x, pages: ${written}}}`).sources[0]).toMatchObject({ pages, maxPages: 100 })
})

test.each(['yes', '{cursor: a, offset: b}', '{offset: start}', '{cursor: 1}', '[link]'])('pages: %s is refused at its place', written => {
  const found = said(`sources: {a: {url: http://x, pages: ${written}}}`)
  expect(found.length).toBeGreaterThan(0)
  expect(found.join()).toMatch(/sources\.a\.pages/)
})
