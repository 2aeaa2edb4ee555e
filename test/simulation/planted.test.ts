import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PlantedFaults, type Edit } from './planted.ts'

/** One edit, whether deltas have to get lost for it to matter, and the seed of the first world (default 1): one that shows it early. */
type Fault = Edit & { readonly gaps?: boolean; readonly seed?: number }

/** Broken copies of the product, each of which the simulation must catch: so the checker stays sharp. */
const faults: readonly (readonly [string, Fault | readonly Edit[]])[] = [
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
      seed: 12,
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
    { file: 'client/replica.ts', search: 'this.#waiting = !message.resumed', replace: 'this.#waiting = true', seed: 9 },
  ],
  [
    'a resync refused',
    {
      file: 'hub/answer.ts',
      search: 'if (waitMs <= 0) return this.#resync(subscription)',
      replace: 'if (waitMs <= 0) return',
      gaps: true,
      seed: 7,
    },
  ],
  [
    'a gap that is not seen',
    { file: 'client/replica.ts', search: 'if (delta.from !== this.table.version)', replace: 'if (delta.from < 0)', gaps: true, seed: 11 },
  ],
  [
    'a hold that moves the position',
    {
      file: 'hub/outbox.ts',
      search: '    this.#held = true\n    if (throttle',
      replace: '    this.#held = true\n    for (const held of this.subscriptions()) held.position = held.view.position\n    if (throttle',
    },
  ],
  [
    'a hold that forgets',
    { file: 'hub/outbox.ts', search: '    this.#held = true\n    if (throttle', replace: '    if (throttle', seed: 3 },
  ],
  [
    "the window ping's deadlock",
    {
      file: 'connection/window.ts',
      search: '    this.#outstanding = undefined\n    return this.#isMuch',
      replace: '    this.#outstanding = undefined\n    return false',
      seed: 3,
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
    'the first empty table not a change',
    {
      file: 'model/store.ts',
      search: 'let changed = this.#grow(table.columns, version) || first',
      replace: 'let changed = first ? (this.#grow(table.columns, version), table.rows.size > 0) : this.#grow(table.columns, version)',
      seed: 4,
    },
  ],
  [
    "the position of a throttle change's subscribed taken by the client",
    [
      { file: 'hub/answer.ts', search: 'tell(held, id, true, held.position)', replace: 'tell(held, id, true, held.view.position)' },
      {
        file: 'client/subscriptions.ts',
        search: '    if (subscription === undefined) {\n      this.#unheeded',
        replace:
          '    if (subscription === undefined && holder !== undefined) return holder.answered(message)\n    if (subscription === undefined) {\n      this.#unheeded',
      },
    ],
  ],
  [
    'messages applied after an unsubscribe',
    [
      {
        file: 'client/subscriptions.ts',
        search: 'return subscription?.isAccepting === true ? subscription : undefined',
        replace: 'return subscription',
      },
      {
        file: 'client/replica.ts',
        search: 'suspend(): void {\n    this.#waiting = true',
        replace: 'suspend(): void {\n    this.#waiting &&= this.table.version === 0',
      },
    ],
  ],
  [
    'an owed snapshot kept after an unsubscribe',
    { file: 'hub/subscription.ts', search: '    this.view.frames.snapshots.forget(this)\n', replace: '', seed: 3 },
  ],
  [
    'a snapshot that is older than the question',
    {
      file: 'hub/snapshots.ts',
      search: 'if (this.#isCurrent) this.#waiting.add(waiter)',
      replace: 'if (this.#isBusy) this.#waiting.add(waiter)',
      seed: 8,
    },
  ],
  [
    'a flush opened for another class',
    { file: 'hub/outbox.ts', search: 'tickFrame(tick, throttle, frames.length)', replace: 'tickFrame(tick, 0, frames.length)' },
  ],
  [
    'a flush that is said to be shorter than it is',
    { file: 'hub/outbox.ts', search: 'tickFrame(tick, throttle, frames.length)', replace: 'tickFrame(tick, throttle, frames.length - 1)' },
  ],
  [
    'a feed left out of its flush',
    {
      file: 'hub/outbox.ts',
      search: '[...before, ...frames, ...apart, ...after]',
      replace: '[...before, ...frames.slice(0, 3), ...apart, ...after]',
    },
  ],
  [
    'a view that is behind its feed in the flush of others',
    {
      file: 'hub/outbox.ts',
      search: 'if (subscription.view.isBehind) apart = [...apart, frame]\n      else frames.push(frame)',
      replace: 'frames.push(frame)',
    },
  ],
  [
    'a view that was put off goes on without a row that changed',
    { file: 'hub/view.ts', search: 'new Map(keys.map(', replace: 'new Map(keys.slice(1).map(' },
  ],
  [
    'a view that was put off goes on from a version too late',
    { file: 'hub/view.ts', search: 'store.keysSince(this.#taken.version)', replace: 'store.keysSince(this.#taken.version + 1)' },
  ],
  [
    'a record of a clean stop that is taken twice',
    { file: 'state/clean-stop.ts', search: '  sections.remove(cleanStopSection)\n', replace: '', seed: 20 },
  ],
  [
    'what a crash has left shown to who was ahead of it',
    { file: 'hub/resume.ts', search: "view.feed.isBehind ? 'waiting' : 'elsewhere'", replace: "'elsewhere'", seed: 4 },
  ],
  [
    'a position gone on from with another table',
    {
      file: 'feed/feed.ts',
      search: 'const isSame = this.#store.count === left.count && this.#store.sum === left.sum',
      replace: 'const isSame = true',
      seed: 6,
    },
  ],
  [
    'numbers reused by a set of params',
    {
      file: 'feed/feed.ts',
      search: 'this.#epoch = newEpoch(now, random, after.epoch)\n    this.#version = after.version',
      replace:
        "this.#epoch = options.instanceOf === undefined ? newEpoch(now, random, after.epoch) : '000000000001'\n    this.#version = options.instanceOf === undefined ? after.version : 0",
    },
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
    const { simulate } = await planted.load([])
    expect((await simulate(20_000, { seed: 100 })).failure).toBeUndefined()
    expect((await simulate(20_000, { seed: 100, gaps: true })).failure).toBeUndefined()
  })

  test.each(faults)('catches %s within 100 000 events', async (_, fault) => {
    const edits: readonly Fault[] = 'file' in fault ? [fault] : fault
    const { seed = 1 } = edits[0] ?? {}
    const { simulate } = await planted.load(edits)
    expect((await simulate(100_000, { seed, gaps: edits.some(({ gaps }) => gaps), shrinks: false })).failure?.wrong.length).toBeGreaterThan(
      0,
    )
  })
})
