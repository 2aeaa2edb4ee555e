import { expect, test } from 'vitest'
import { webSocketUrl } from '../../src/client/server-url.ts'

test.each([
  ['ws://localhost:8080', 'ws://localhost:8080/ws'],
  ['wss://live.example/', 'wss://live.example/ws'],
  ['http://localhost:8080', 'ws://localhost:8080/ws'],
  ['https://example.org/live/', 'wss://example.org/live/ws'],
  ['https://example.org/live', 'wss://example.org/live/ws'],
  ['wss://example.org/live/ws', 'wss://example.org/live/ws'],
  ['wss://example.org/ws?tenant=a#top', 'wss://example.org/ws?tenant=a'],
  // What subscribes by itself would be answered in the place of what the SDK asks.
  ['wss://example.org/ws?feed=quotes&throttle=100&feed=trades', 'wss://example.org/ws'],
  ['HTTPS://EXAMPLE.org', 'wss://example.org/ws'],
])('%s is %s', (text, url) => {
  expect(webSocketUrl(text, {})).toBe(url)
})

test('in a page a relative address is resolved against it', () => {
  expect(webSocketUrl('./', { document: { baseURI: 'https://example.org/live/page.html' } })).toBe('wss://example.org/live/ws')
  expect(webSocketUrl('/', { location: { href: 'http://example.org/live/' } })).toBe('ws://example.org/ws')
})

test.each(['ftp://example.org', 'localhost:8080', '', './'])("'%s' is refused", text => {
  expect(() => webSocketUrl(text, {})).toThrow(TypeError)
})
