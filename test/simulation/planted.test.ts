import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PlantedFaults, type PlantedFault } from './planted.ts'

/** Broken copies of the product, each of which the simulation must catch: so the checker stays sharp. */
const faults: readonly (readonly [string, PlantedFault & { readonly gaps?: boolean }])[] = [
  [
    'a view that counts its own versions',
    { file: 'hub/view.ts', search: 'own.store.commit(version, emitted', replace: 'own.store.commit(own.store.version + 1, emitted' },
  ],
  [
    'columns that grow without a version',
    {
      file: 'model/store.ts',
      search: 'let changed = this.#grow(table.columns, version) || first',
      replace: 'this.#grow(table.columns, version)\n    let changed = first',
    },
  ],
  [
    'columns only in the last delta',
    { file: 'protocol/codec.ts', search: 'if (from < store.grownAt)', replace: 'if (from === store.grownAt - 1)' },
  ],
  [
    'the sum without its header',
    { file: 'model/store.ts', search: 'const header = headerLanes(this.#key, this.#columns)', replace: 'const header = { a: 0, b: 0 }' },
  ],
  ['the sum not redone on growth', { file: 'model/store.ts', search: 'this.#sumA = this.#sumB = 0', replace: '' }],
  [
    'resumed: true with the wrong version',
    { file: 'hub/resume.ts', search: "standing === 'behind' && since !== undefined", replace: 'since === undefined' },
  ],
  [
    "the class's from sent to a newcomer",
    {
      file: 'hub/frames.ts',
      search: 'const held = this.#deltas.get(from.version)',
      replace: 'const held = [...this.#deltas.values()].find(frame => frame !== undefined)',
    },
  ],
  [
    'a pending delta lost on a throttle change',
    { file: 'hub/answer.ts', search: 'if (held.isDue) held.changed()', replace: 'held.position = held.view.position' },
  ],
  [
    'waiting kept after a resume',
    { file: 'client/replica.ts', search: 'this.#waiting = !message.resumed', replace: 'this.#waiting = true' },
  ],
  [
    'a resync refused',
    { file: 'hub/answer.ts', search: 'if (waitMs <= 0) return this.#resync(subscription)', replace: 'if (waitMs <= 0) return', gaps: true },
  ],
  [
    'a gap that is not seen',
    { file: 'client/replica.ts', search: 'if (delta.from !== this.table.version)', replace: 'if (delta.from < 0)', gaps: true },
  ],
  [
    'a hold that moves the position',
    {
      file: 'hub/outbox.ts',
      search: '      this.#held = true\n      if (throttle',
      replace:
        '      this.#held = true\n      for (const held of this.subscriptions()) held.position = held.view.position\n      if (throttle',
    },
  ],
  ['a hold that forgets', { file: 'hub/outbox.ts', search: '      this.#held = true\n      if (throttle', replace: '      if (throttle' }],
  [
    "the window ping's deadlock",
    {
      file: 'connection/window.ts',
      search: '    this.#outstanding = undefined\n    return this.#isMuch',
      replace: '    this.#outstanding = undefined\n    return false',
    },
  ],
  [
    'a tombstone dropped and not told of',
    { file: 'model/store.ts', search: 'this.#floor = Math.max(this.#floor, entry.version)', replace: '' },
  ],
  [
    'the floor off by one',
    { file: 'model/store.ts', search: 'if (from < this.#floor) return', replace: 'if (from < this.#floor - 1) return' },
  ],
  ['a delta from below the floor', { file: 'model/store.ts', search: 'if (from < this.#floor) return undefined', replace: '' }],
  [
    'an old cell left in a row that came back',
    { file: 'model/store.ts', search: 'if (entry.left > from) return', replace: 'if (false) return' },
  ],
  [
    'a key in both set and del',
    {
      file: 'model/store.ts',
      search: 'if (entry.row === undefined) del.add(entry.key)\n      else set',
      replace: 'if (entry.row === undefined || entry.left > from) del.add(entry.key)\n      if (entry.row !== undefined) set',
    },
  ],
  ['a frame kept beyond its version', { file: 'hub/frames.ts', search: '    this.#deltas.clear()\n', replace: '' }],
  [
    'a resume believed for its count alone',
    { file: 'hub/resume.ts', search: 'count === view.store.count && sum === view.store.sum', replace: 'count === view.store.count' },
  ],
  [
    'a subscription that is not taken up again',
    { file: 'client/subscriptions.ts', search: 'for (const subscription of this.#all()) subscription.ask()', replace: '' },
  ],
]

let planted: PlantedFaults
beforeAll(() => {
  planted = new PlantedFaults()
})
afterAll(() => planted.close())

describe('the simulation', () => {
  test('finds nothing in a copy that is not broken, also where deltas get lost', async () => {
    const { simulate } = await planted.load(undefined)
    expect(simulate(100_000, { seed: 100 }).failure).toBeUndefined()
    expect(simulate(100_000, { seed: 100, gaps: true }).failure).toBeUndefined()
  })

  test.each(faults)('catches %s within 100 000 events', async (_, { gaps = false, ...fault }) => {
    const { simulate } = await planted.load(fault)
    expect(simulate(100_000, { seed: 1, gaps }).failure?.wrong.length).toBeGreaterThan(0)
  })
})
