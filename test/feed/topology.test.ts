import { NEVER } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { topologyOf } from '../../src/feed/topology.ts'
import type { FeedDefinition } from '../../src/feed/definition.ts'

function feed(name: string, ...inputs: string[]): FeedDefinition {
  return { name, inputs, public: true, fingerprint: name, demand: 'auto', holdsPast: false, pipeline: () => NEVER }
}

describe('what depends on what', () => {
  // Written in the wrong order on purpose.
  const topology = topologyOf(
    [{ name: 's' }, { name: 't' }],
    [feed('bottom', 'left', 'right'), feed('left', 's'), feed('right', 's', 't'), feed('under', 'bottom')],
  )

  test('a feed comes after all of its inputs', () => {
    const place = (name: string): number => topology.order.indexOf(name)
    expect(place('bottom')).toBeGreaterThan(Math.max(place('left'), place('right')))
    expect(place('under')).toBeGreaterThan(place('bottom'))
    expect([...topology.order].sort()).toEqual(['bottom', 'left', 'right', 's', 't', 'under'])
  })

  test('a change reaches what is computed from it, once and in order', () => {
    expect(topology.affected.get('t')).toEqual(['t', 'right', 'bottom', 'under'])
    expect(topology.affected.get('s')).toEqual(['s', 'left', 'right', 'bottom', 'under'])
    expect(topology.affected.get('left')).toEqual(['left', 'bottom', 'under'])
    expect(topology.affected.get('under')).toEqual(['under'])
  })

  test('the sources of a feed are those of all its inputs', () => {
    expect(Object.fromEntries([...topology.sources].map(([name, sources]) => [name, [...sources].sort().join()]))).toEqual({
      s: 's',
      t: 't',
      left: 's',
      right: 's,t',
      bottom: 's,t',
      under: 's,t',
    })
  })
})

test('a source whose requests a feed names comes after it and wants its sources, but is not computed from it', () => {
  const topology = topologyOf([{ name: 'details', listedBy: 'some' }, { name: 'list' }], [feed('some', 'list'), feed('out', 'details')])
  expect(topology.order).toEqual(['list', 'some', 'details', 'out'])
  expect([...(topology.sources.get('out') ?? [])]).toEqual(['details', 'list'])
  expect(topology.affected.get('list')).toEqual(['list', 'some'])
  const circle = (): unknown => topologyOf([{ name: 'details', listedBy: 'out' }], [feed('out', 'details')])
  expect(circle).toThrow(new RangeError('a cycle: details -> out -> details'))
})

describe('refused', () => {
  test.each<[string, FeedDefinition[], string]>([
    ['a cycle, with its path', [feed('a', 'b'), feed('b', 'c'), feed('c', 'b')], 'a cycle: b -> c -> b'],
    ['a feed computed from itself', [feed('a', 'a')], 'a cycle: a -> a'],
    ['an unknown input', [feed('a', 's', 'x')], "'a' is computed from 'x', which does not exist"],
    ['a name used twice', [feed('s', 's')], "two feeds are called 's'"],
  ])('%s', (_, feeds, message) => {
    expect(() => topologyOf([{ name: 's' }], feeds)).toThrow(new RangeError(message))
  })
})
