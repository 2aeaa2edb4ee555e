import * as crypto from 'node:crypto'
import { beforeEach, expect, test, vi } from 'vitest'
import { FixedTokens, type KnownToken } from '../../src/connection/tokens.ts'
import { NamedGrants } from '../../src/hub/principal.ts'

vi.mock('node:crypto', async original => {
  const real = await original<typeof crypto>()
  return { ...real, timingSafeEqual: vi.fn(real.timingSafeEqual) }
})

const compared = vi.mocked(crypto.timingSafeEqual)
beforeEach(() => void compared.mockClear())

const tokens: KnownToken[] = ['first-of-the-tokens', 'second-of-the-tokens', 'third-of-the-tokens'].map((token, i) => ({
  name: `n${i}`,
  token,
  feeds: [`f${i}`],
  admin: i === 2,
}))

test('constant-time comparison: every token is compared whichever it is, and digests of equal length, not the texts', () => {
  const known = new FixedTokens(tokens)
  for (const [token, name] of [
    ['first-of-the-tokens', 'n0'],
    ['third-of-the-tokens', 'n2'],
    ['f', undefined],
    ['', undefined],
    ['x'.repeat(10_000), undefined],
  ] as const) {
    compared.mockClear()
    expect(known.authenticate(token)?.name).toBe(name)
    expect(compared).toHaveBeenCalledTimes(tokens.length)
    for (const [a, b] of compared.mock.calls) expect([a.byteLength, b.byteLength]).toEqual([32, 32])
  }
})

test('grants: names, beginnings, all; the feeds of an admin by that alone', () => {
  const covers = (patterns: string[], isAdmin: boolean, ...feeds: string[]): boolean[] =>
    feeds.map(feed => new NamedGrants(patterns, isAdmin).covers(feed))
  expect(covers(['a', 'st*'], false, 'a', 'ab', 'st', 'stocks', 'xst', '$feeds', '__proto__')).toEqual([
    true,
    false,
    true,
    true,
    false,
    false,
    false,
  ])
  expect(covers(['*'], false, 'a', '$feeds', '$sources', '$clients')).toEqual([true, true, true, false])
  expect(covers(['$clients', '$*'], false, '$clients', '$feeds')).toEqual([false, true])
  expect(covers(['a'], true, '$clients', '$feeds', 'a')).toEqual([true, false, true])
})
