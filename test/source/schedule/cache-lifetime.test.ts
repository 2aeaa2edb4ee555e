import { describe, expect, test } from 'vitest'
import { learnLifetime, newCacheLifetime, uselessUntil, type CacheLifetime } from '../../../src/source/schedule/cache-lifetime.ts'
import type { Hints } from '../../../src/source/schedule/observation.ts'

const start = 1_770_000_000_000
const lifetimeMs = 10_000

/** Of an answer that has lain in a cache for so long. */
function heldFor(ms: number): Hints {
  return { ageMs: Math.floor(ms / 1000) * 1000, maxAgeMs: lifetimeMs }
}

describe('a lifetime', () => {
  test('is believed with the first Age above zero, until its end', () => {
    const lifetime = learnLifetime(newCacheLifetime, heldFor(4000), start, undefined, null)
    expect(uselessUntil(lifetime, start)).toBe(start + 6000)
    expect(uselessUntil(lifetime, start + 6000)).toBeUndefined()
  })

  test('stays believed where every poll comes after its end and sees a change, however many do', () => {
    let lifetime: CacheLifetime = learnLifetime(newCacheLifetime, heldFor(1000), start, undefined, null)
    for (let poll = 1; poll <= 10_000; poll++) lifetime = learnLifetime(lifetime, heldFor(300), start + poll * 10_300, true, null)
    expect(uselessUntil(lifetime, start + 10_000 * 10_300)).toBeDefined()
  })

  test('an Age that lies: changes that come before the end it tells make it no lifetime', () => {
    let lifetime: CacheLifetime = newCacheLifetime
    for (let poll = 0; poll < 20; poll++) lifetime = learnLifetime(lifetime, heldFor(2000), start + poll * 3000, poll > 0, null)
    expect(uselessUntil(lifetime, start + 19 * 3000)).toBeUndefined()
  })

  test('an Age beyond the lifetime, a max-age of nothing, and neither of them tell no end', () => {
    for (const hints of [{ ageMs: 20_000, maxAgeMs: lifetimeMs }, { ageMs: 5000, maxAgeMs: 0 }, {}]) {
      const lifetime = learnLifetime(newCacheLifetime, hints, start, undefined, null)
      expect(uselessUntil(lifetime, start)).toBeUndefined()
    }
  })

  test('a max-age that is counted anew from each answer is no cache', () => {
    let lifetime: CacheLifetime = newCacheLifetime
    for (let poll = 0; poll < 50; poll++)
      lifetime = learnLifetime(lifetime, { maxAgeMs: 600_000 }, start + poll * 10_000, poll === 0 ? undefined : false, null)
    expect(lifetime.isShared).toBe(false)
    expect(uselessUntil(lifetime, start + 490_000)).toBeUndefined()
  })
})
