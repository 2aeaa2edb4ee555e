import { expect, test } from 'vitest'
import { serverAddress } from '../../src/elements/server-address.ts'

const page = 'https://shop.example/bikes/index.html'

test.each([
  ['', 'https://live.example/elements.js', 'https://live.example/'],
  ['', 'https://proxy.example/live/elements.js?v=2', 'https://proxy.example/live/'],
  ['', 'https://shop.example/assets/app-3f2a.js', 'https://shop.example/bikes/'],
  ['https://other.example', 'https://live.example/elements.js', 'https://other.example/'],
  ['/live/', 'https://live.example/elements.js', 'https://shop.example/live/'],
])('attribute %j, script %s: %s', (attribute, script, expected) => {
  expect(serverAddress(attribute, script, page)).toBe(expected)
})

test('what is no URL is refused', () => {
  expect(() => serverAddress('http://', 'https://live.example/elements.js', page)).toThrow(TypeError)
})
