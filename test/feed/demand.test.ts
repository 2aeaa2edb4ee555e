import { beforeEach, describe, expect, test } from 'vitest'
import { Demand } from '../../src/feed/demand.ts'
import { ManualClock } from '../support/manual-clock.ts'

let clock: ManualClock
let events: string[]
let demand: Demand
/** The sources of what is no source itself. */
let feeds: Record<string, readonly string[]>

beforeEach(() => {
  clock = new ManualClock()
  events = []
  feeds = { both: ['a', 'b', 'nothing'], low: ['a'] }
  demand = new Demand(
    clock,
    feed => feeds[feed] ?? [feed],
    source => events.push(`${source} changed`),
  )
  for (const name of ['a', 'b']) add(name)
})

function add(name: string): void {
  const poller = {
    start: () => void events.push(`${name} starts`),
    stop: () => void events.push(`${name} stops`),
    nudge: () => undefined,
    close: () => Promise.resolve(),
    nextAt: undefined,
    why: '',
  }
  demand.add({ name, lingerMs: 30_000, poller })
}

/** What happened since the last call. */
const taken = (): string[] => events.splice(0)

test('nobody: not wanted, nothing is started', () => {
  clock.advance(100_000)
  expect([demand.wants('a'), demand.reason('a'), taken()]).toEqual([false, '', []])
})

describe('readers', () => {
  test('the first one starts it, further ones do not, the last one that leaves stops it after the linger', () => {
    const first = demand.want('a')
    const second = demand.want('a')
    expect([taken(), demand.reason('a')]).toEqual([['a starts', 'a changed'], '2 readers'])
    first()
    clock.advance(60_000)
    expect([taken(), demand.reason('a')]).toEqual([[], '1 reader'])
    second()
    expect(demand.reason('a')).toBe('linger')
    clock.advance(29_999)
    expect([taken(), demand.wants('a')]).toEqual([[], true])
    clock.advance(1)
    expect([taken(), demand.wants('a'), demand.reason('a')]).toEqual([['a stops', 'a changed'], false, ''])
  })

  test('one who comes within the linger keeps it going, and the linger begins anew', () => {
    demand.want('a')()
    clock.advance(29_999)
    const back = demand.want('a')
    clock.advance(100_000)
    expect(taken()).toEqual(['a starts', 'a changed'])
    back()
    clock.advance(29_999)
    expect(taken()).toEqual([])
    clock.advance(1)
    expect(taken()).toEqual(['a stops', 'a changed'])
  })

  test('one who lets go twice counts once', () => {
    const release = demand.want('a')
    demand.want('a')
    release()
    release()
    clock.advance(100_000)
    expect(demand.reason('a')).toBe('1 reader')
  })

  test('of a derived feed want all of its sources, and names that are none do no harm', () => {
    const release = demand.want('both')
    expect(taken()).toEqual(['a starts', 'a changed', 'b starts', 'b changed'])
    demand.want('b')
    release()
    clock.advance(30_000)
    expect(taken()).toEqual(['a stops', 'a changed'])
  })
})

test('a feed that must not sleep holds it for ever, and is named', () => {
  demand.always(['low'])
  demand.want('a')()
  clock.advance(1e9)
  expect([taken(), demand.reason('a')]).toEqual([['a starts', 'a changed'], "feed 'low'"])
})

describe('feeds that are computed from other sources than before', () => {
  test('their readers want those, and the others after the linger no more', () => {
    feeds['f'] = ['a']
    const release = demand.want('f')
    demand.want('both')
    taken()
    feeds['f'] = ['b']
    feeds['both'] = ['b']
    demand.aim()
    expect([taken(), demand.reason('a'), demand.reason('b')]).toEqual([[], 'linger', '2 readers'])
    clock.advance(30_000)
    expect(taken()).toEqual(['a stops', 'a changed'])
    release()
    expect(demand.reason('b')).toBe('1 reader')
  })

  test('what goes on being wanted, by readers or because a feed must not sleep, does not notice', () => {
    demand.want('low')
    taken()
    feeds['low'] = []
    demand.aim()
    demand.always(['a'])
    feeds['low'] = ['a']
    demand.aim()
    demand.always([])
    clock.advance(100_000)
    expect([taken(), demand.reason('a')]).toEqual([[], '1 reader'])
  })

  test('a source of the same name in place of another is wanted by the same readers', () => {
    const release = demand.want('low')
    taken()
    demand.remove('a')
    add('a')
    demand.aim()
    expect([taken(), demand.reason('a')]).toEqual([['a starts', 'a changed'], '1 reader'])
    release()
    clock.advance(30_000)
    expect(taken()).toEqual(['a stops', 'a changed'])
  })

  test('a source that is no more is not told, whoever lets go of it', () => {
    const release = demand.want('a')
    demand.want('b')()
    taken()
    demand.remove('a')
    demand.remove('b')
    release()
    clock.advance(100_000)
    expect([taken(), demand.reason('a'), clock.pending]).toEqual([[], '', 0])
  })
})

test('closed: no timer is left, and who lets go later sets none', () => {
  const release = demand.want('a')
  demand.want('b')()
  demand.close()
  release()
  demand.want('a')
  expect(clock.pending).toBe(0)
  expect(taken()).toEqual(['a starts', 'a changed', 'b starts', 'b changed'])
})
