import { describe, expect, test } from 'vitest'
import { delta, openBench, serve, shownBy, snapshot, sumOf } from '../support/client.ts'

const a = { id: 'a', price: 1 }
const b = { id: 'b', price: 2 }

function following(): ReturnType<typeof openBench> & { shown: (readonly unknown[])[]; errors: string[]; feed: ReturnType<typeof feedOf> } {
  const run = openBench()
  const feed = feedOf(run)
  const errors: string[] = []
  feed.onError(({ message }) => errors.push(message))
  const shown = shownBy(feed)
  serve(run.socket, 'quotes', 7, [a])
  return Object.assign(run, { shown, errors, feed })
}

function feedOf(run: ReturnType<typeof openBench>) {
  return run.millrace.feed('quotes')
}

describe('a gap', () => {
  test('is never applied: one resync, and nothing until the snapshot', () => {
    const run = following()
    run.socket.say(delta('quotes', 8, 9, { set: { b } }))
    run.socket.say(delta('quotes', 9, 10, { set: { b } }))
    run.socket.say(delta('quotes', 7, 10, { set: { b } }))
    expect(run.socket.heard()).toEqual([{ type: 'resync', id: 2, feed: 'quotes', reason: 'gap' }])
    expect(run.shown).toEqual([[a]])
    run.socket.say(snapshot('quotes', 10, [b]))
    run.socket.say(delta('quotes', 10, 11, { set: { a } }))
    expect(run.shown).toEqual([[a], [b], [a, b]])
    expect(run.feed.stats.resyncs).toBe(1)
  })

  test('what is older than the own version is ignored', () => {
    const run = following()
    run.socket.say(delta('quotes', 5, 6, { del: ['a'] }))
    run.socket.say(delta('quotes', 6, 7, { del: ['a'] }))
    expect(run.shown).toEqual([[a]])
    expect(run.socket.heard()).toEqual([])
  })

  test('columns that do not go on from those held are an apply fault, and the table stays as it was', () => {
    const run = following()
    run.socket.say(delta('quotes', 7, 8, { set: { b }, columns: ['price', 'id'] }))
    expect(run.socket.heard()).toMatchObject([{ type: 'resync', reason: 'apply' }])
    expect([...run.feed.table.rows.keys()]).toEqual(['a'])
  })

  test('a snapshot that comes late replaces whatever there is, also at a lower version', () => {
    const run = following()
    run.socket.say(snapshot('quotes', 5, [b], { epoch: '0mi4k2x8b7f4' }))
    expect(run.shown).toEqual([[a], [b]])
    run.socket.say(delta('quotes', 5, 6, { set: { a } }))
    expect(run.shown).toHaveLength(3)
  })
})

describe('a check', () => {
  const wrong = { type: 'check', feed: 'quotes', version: 7, count: 1, sum: '0000000000000000' } as const

  test('that agrees says nothing; one of an older version neither', () => {
    const run = following()
    run.socket.say({ ...wrong, sum: sumOf([a]) })
    run.socket.say({ ...wrong, version: 6 })
    expect(run.socket.heard()).toEqual([])
  })

  test.each([
    ['sum', wrong],
    ['count', { ...wrong, sum: sumOf([a]), count: 2 }],
  ])('with another %s leads to a resync', (_, check) => {
    const run = following()
    run.socket.say(check)
    expect(run.socket.heard()).toEqual([{ type: 'resync', id: 2, feed: 'quotes', reason: 'checksum' }])
    expect(run.errors).toEqual([])
  })

  test('of a newer version is a gap', () => {
    const run = following()
    run.socket.say({ ...wrong, version: 8 })
    expect(run.socket.heard()).toMatchObject([{ type: 'resync', reason: 'gap' }])
  })

  test('that fails again within a minute is told and backed off, never a loop', () => {
    const run = following()
    run.socket.say(wrong)
    run.socket.say(snapshot('quotes', 8, [a]))
    run.socket.heard()
    run.socket.say({ ...wrong, version: 8 })
    expect(run.errors).toEqual(["'quotes' differs from the server again, within a minute of a first time"])
    expect(run.feed.freshness).toMatchObject({ state: 'stale', cause: 'internal' })
    expect(run.socket.heard()).toEqual([])
    run.clock.advance(374)
    expect(run.socket.heard()).toEqual([])
    run.clock.advance(1)
    expect(run.socket.heard()).toMatchObject([{ type: 'resync', reason: 'checksum' }])
    run.socket.say(snapshot('quotes', 9, [a]))
    run.socket.say({ type: 'status', feed: 'quotes', state: 'fresh', since: 1 })
    expect(run.feed.freshness.state).toBe('fresh')
  })

  test('that fails again after more than a minute is a first time', () => {
    const run = following()
    run.socket.say(wrong)
    run.socket.say(snapshot('quotes', 8, [a]))
    for (let i = 0; i < 3; i++) {
      run.clock.advance(25_000)
      run.socket.say({ type: 'beat', at: 1 })
    }
    run.socket.heard()
    run.socket.say({ ...wrong, version: 8 })
    expect(run.errors).toEqual([])
    expect(run.socket.heard()).toHaveLength(1)
  })
})

test('never more than 5 tries at one position, with back-off between them; then the user is told', () => {
  const run = following()
  const waits: (number | undefined)[] = []
  for (let i = 0; i < 8; i++) {
    run.socket.say(delta('quotes', 8, 9))
    const before = run.clock.monotonic()
    while (run.socket.heard().length === 0 && run.clock.monotonic() - before < 20_000) run.clock.advance(125)
    waits.push(run.clock.monotonic() - before)
    // A server that answers every resync with the same wrong table.
    run.socket.say(snapshot('quotes', 7, [a]))
  }
  expect(waits.slice(0, 5)).toEqual([0, 375, 750, 1500, 3000])
  expect(run.feed.stats.resyncs).toBe(5)
  expect(run.errors).toContain("'quotes' could not be brought in step with the server in 5 tries")
})

test('a resync that the server refuses: asked again, or subscribed anew where it is not held', () => {
  const run = following()
  run.socket.say(delta('quotes', 8, 9))
  run.socket.heard()
  run.socket.say({ type: 'error', id: 2, feed: 'quotes', code: 'rate_limited', message: 'slower', retry: true })
  run.clock.advance(375)
  expect(run.socket.heard()).toMatchObject([{ type: 'resync', id: 3 }])
  run.socket.say({ type: 'error', id: 3, feed: 'quotes', code: 'not_found', message: 'not subscribed', retry: false })
  expect(run.socket.heard()).toMatchObject([{ type: 'subscribe', id: 4, since: { version: 7 } }])
})

test('a resync that waits is forgotten with the connection', () => {
  const run = following()
  run.socket.say(delta('quotes', 8, 9))
  run.socket.say(snapshot('quotes', 7, [a]))
  run.socket.say(delta('quotes', 8, 9))
  run.socket.end(1006)
  run.clock.advance(250)
  run.socket.welcome()
  run.clock.advance(5000)
  expect(run.socket.heard().map(({ type }) => type)).toEqual(['subscribe'])
})
