import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Queue } from '../../src/lib/queue.ts'
import { DueQueue } from '../../src/operator/due-queue.ts'

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const move = fc.oneof(
  fc.record({ type: fc.constant('set' as const), key, at: fc.nat(9) }),
  fc.record({ type: fc.constant('delete' as const), key, at: fc.constant(0) }),
  fc.record({ type: fc.constant('take' as const), key, at: fc.constant(0) }),
)

test('the first of a queue of due times is the earliest, and of equal ones the one that was set first', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 300 }), moves => {
      const queue = new DueQueue()
      let plain: { key: string; at: number }[] = []
      for (const { type, key: name, at } of moves) {
        const first = plain.toSorted((a, b) => a.at - b.at)[0]
        expect([queue.first?.key, queue.first?.at, queue.size]).toEqual([first?.key, first?.at, plain.length])
        const gone = type === 'take' ? first?.key : name
        if (type === 'set' && plain.some(due => due.key === name && due.at === at)) continue
        plain = plain.filter(due => due.key !== gone)
        if (gone !== undefined && type !== 'set') queue.delete(gone)
        if (type === 'set') {
          queue.set(name, at)
          plain.push({ key: name, at })
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('a key whose time moves for ever takes no more room', () => {
  const queue = new DueQueue()
  queue.set('z', 0)
  for (let i = 1; i < 10_000; i++) queue.set('a', 10_000 - i)
  queue.delete('z')
  expect(queue.first).toMatchObject({ key: 'a', at: 1 })
})

test('a queue gives what it was given, in order, over many thousands', () => {
  const queue = new Queue<number>()
  let taken = 0
  for (let i = 0; i < 20_000; i++) {
    queue.push(i)
    if (i % 3 === 0) continue
    expect(queue.first).toBe(taken++)
    queue.shift()
  }
  expect(queue.size).toBe(20_000 - taken)
  queue.clear()
  queue.shift()
  expect([queue.size, queue.first]).toEqual([0, undefined])
})
