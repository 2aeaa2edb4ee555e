import { beforeEach, expect, test } from 'vitest'
import { Flush } from '../../src/hub/flush.ts'
import { Outbox } from '../../src/hub/outbox.ts'
import { everything } from '../../src/hub/principal.ts'
import { ManualClock } from '../support/manual-clock.ts'

let clock: ManualClock
let written: Outbox[]
let flush: Flush

beforeEach(() => {
  clock = new ManualClock()
  written = []
  flush = new Flush(
    clock,
    1,
    outbox => written.push(outbox),
    () => undefined,
  )
})

function outboxes(count: number): Outbox[] {
  const sink = { send: () => undefined, sendAll: () => undefined, isFull: false, grants: everything, account: '' }
  return Array.from({ length: count }, () => new Outbox(sink, () => undefined))
}

test('writes to 500 at once, and to the next 500 in the next turn of the loop', () => {
  const all = outboxes(1200)
  for (const outbox of all) flush.add(outbox)
  flush.run()
  expect(written).toHaveLength(500)
  flush.run()
  expect(written).toHaveLength(500)
  clock.advance(0)
  expect(written).toEqual(all)
  expect(clock.pending).toBe(0)
})

test('who is due again before its turn is written to once; after it, once more in the next pass', () => {
  const [first, ...others] = outboxes(600)
  if (first === undefined) throw new Error('none')
  for (const outbox of [first, ...others]) flush.add(outbox)
  flush.run()
  for (const outbox of [first, ...others]) flush.add(outbox)
  clock.advance(0)
  expect(written.filter(outbox => outbox === first)).toHaveLength(2)
  expect(written.filter(outbox => outbox === others.at(-1))).toHaveLength(1)
})

test('who left before its turn is not written to', () => {
  const all = outboxes(600)
  for (const outbox of all) flush.add(outbox)
  flush.run()
  all.at(-1)?.clear()
  clock.advance(0)
  expect(written).toEqual(all.slice(0, -1))
})
