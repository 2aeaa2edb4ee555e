import { describe, expect, test } from 'vitest'
import { Announcer } from '../../src/dashboard/announcer.ts'
import { viewConnection, wantsToken } from '../../src/dashboard/connection-view.ts'
import { createFormat } from '../../src/elements/format.ts'
import { feedFacts, listedFacts, sourceFacts, type FeedFacts } from '../../src/dashboard/own-feeds.ts'

const format = createFormat(['en-GB'])

describe('rows of $feeds and $sources', () => {
  test('are read as far as they are known: columns may be missing, null, or of a newer server', () => {
    expect(feedFacts({ feed: 'a', state: 'stale', cause: 'timeout', rows: 3, validatedAt: 5, novelty: {} })).toMatchObject({
      feed: 'a',
      rows: 3,
      readers: 0,
      freshness: { state: 'stale', cause: 'timeout', validatedAt: 5 },
    })
    expect(feedFacts({ feed: 'a', state: 'quantum', reason: null }).freshness).toEqual({ state: 'waiting', since: 0 })
    expect(sourceFacts({ source: 's', lastStatus: null, changed: 2, failed: 1 })).toMatchObject({ lastStatus: undefined, polls: 3 })
    expect(
      sourceFacts({ source: 's', spurious: 9, suggestion: 'ignore: [time]', price: 1.2, period: 60_000, budget: 'x', budgetRate: 30 }),
    ).toMatchObject({
      spurious: 9,
      suggestion: 'ignore: [time]',
      learned: { price: 1.2, periodMs: 60_000, expectedAt: undefined },
      budget: { name: 'x', perMinute: 30, waitMs: 0, underWay: 0 },
    })
  })
})

test('a list of feeds tells names, states and descriptions, and no figures', () => {
  const listed = { feed: 'a', kind: 'table', key: 'id', columns: [], order: [], description: 'all of it', state: 'stale' } as const
  expect(listedFacts(listed)).toMatchObject({ feed: 'a', description: 'all of it', freshness: { state: 'stale' }, hasFigures: false })
  expect(feedFacts({ feed: 'a' })).toMatchObject({ hasFigures: true, warning: '' })
  expect(feedFacts({ feed: 'a', warning: 'a.order: no row has it' }).warning).toBe('a.order: no row has it')
})

describe('what is said aloud', () => {
  const feeds = (states: Readonly<Record<string, string>>): ReadonlyMap<string, FeedFacts> =>
    new Map(Object.entries(states).map(([feed, state]) => [feed, feedFacts({ feed, state, cause: state === 'stale' ? 'http' : null })]))

  test('changes of state, once, and nothing at first', () => {
    const announcer = new Announcer()
    expect(announcer.note(feeds({ a: 'fresh', b: 'fresh' }))).toBe('')
    expect(announcer.note(feeds({ a: 'fresh', b: 'fresh' }))).toBe('')
    expect(announcer.note(feeds({ a: 'stale', b: 'down' }))).toBe('a is stale, b is down')
    expect(announcer.note(feeds({ a: 'fresh', b: 'down' }))).toBe('a is fresh')
  })

  test('waking up is no news; many at once are one sentence', () => {
    const announcer = new Announcer()
    announcer.note(feeds({ a: 'waiting', b: 'fresh', c: 'fresh', d: 'fresh', e: 'fresh' }))
    expect(announcer.note(feeds({ a: 'fresh', b: 'fresh', c: 'fresh', d: 'fresh', e: 'fresh' }))).toBe('')
    expect(announcer.note(feeds({ a: 'down', b: 'down', c: 'down', d: 'down', e: 'down' }))).toBe('5 feeds changed their state')
  })
})

describe('the connection', () => {
  test.each([4401, 4403])('closed with %i: the one thing to do is to sign in', code => {
    const state = { phase: 'closed', attempt: 1, code, reason: 'unauthorized' } as const
    expect(viewConnection(state, 0, format)).toMatchObject({ word: 'not signed in', detail: '', canRetry: false })
    expect([wantsToken(state), wantsToken({ ...state, phase: 'disconnected' }), wantsToken({ ...state, code: 4400 })]).toEqual([
      true,
      false,
      false,
    ])
  })

  test('says what happened and what comes next', () => {
    const lost = viewConnection({ phase: 'disconnected', attempt: 1, reason: 'the server went away', retryAt: 4000 }, 0, format)
    expect(lost).toMatchObject({ word: 'disconnected', detail: 'the server went away; next try in 4.0 s', canRetry: true })
    expect(viewConnection({ phase: 'refused', attempt: 5, retryAt: 100 }, 0, format).detail).toBe('trying again now')
    expect(viewConnection({ phase: 'open', attempt: 0 }, 0, format)).toMatchObject({ word: 'live', detail: '', canRetry: false })
  })
})
