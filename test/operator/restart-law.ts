import * as fc from 'fast-check'
import { expect } from 'vitest'
import type { Clock } from '../../src/lib/clock.ts'
import type { Sample } from '../../src/model/table.ts'
import { Memories, type StepMemory } from '../../src/operator/memories.ts'
import type { Operator } from '../../src/operator/stage.ts'
import { copyOf, expectSameTable, tick, Upstream } from './sample-history.ts'
import { TimedRunner } from './timed-history.ts'

/** What a process that ends now has left. */
export function leftBy(memories: Memories): unknown {
  return JSON.parse(JSON.stringify(memories.save()))
}

const history = fc.array(fc.record({ each: tick, afterS: fc.integer({ min: 0, max: 3 }) }), { minLength: 1, maxLength: 12 })

/**
 * At each sample after a restart an operator is what it would be without it: with a gap in time, and where its table was taken up as well,
 * as of its last proof, or not. `needsTable`: it compares with what the table was.
 */
export function obeysOverRestart(create: (clock: Clock, memory: StepMemory) => Operator, { needsTable = false } = {}) {
  const begin = (left: unknown) => {
    const memories = new Memories()
    memories.restore(left)
    return { memories, runner: new TimedRunner(clock => create(clock, memories.open('f', 'same', 0))) }
  }
  const isTakenUp = needsTable ? fc.constant(true) : fc.boolean()
  return fc.property(history, history, fc.integer({ min: 1, max: 9 }), isTakenUp, (before, after, downS, takesUp) => {
    const upstream = new Upstream()
    const lasting = begin(undefined)
    const ending = begin(undefined)
    let last: Sample | undefined
    let shown: Sample | undefined
    for (const { each, afterS } of before) {
      for (const { runner } of [lasting, ending]) runner.advance(afterS * 1000)
      const sample = upstream.next(each, lasting.runner.clock.now())
      lasting.runner.push(sample)
      shown = ending.runner.push(sample)
      last = { ...sample, table: copyOf(sample.table), changes: 'all' }
    }
    const { runner } = begin(leftBy(ending.memories))
    lasting.runner.advance(downS * 1000)
    runner.advance(lasting.runner.clock.now() - runner.clock.now())
    if (takesUp && last !== undefined && shown !== undefined) expectSameTable(runner.push(last).table, shown.table)
    for (const [i, { each, afterS }] of after.entries()) {
      for (const one of [lasting.runner, runner]) one.advance(afterS * 1000)
      const sample = upstream.next(each, runner.clock.now())
      const expected = lasting.runner.push(sample)
      const actual = runner.push(i === 0 ? { ...sample, changes: 'all' } : sample)
      expectSameTable(actual.table, expected.table)
      expect(actual.degraded).toEqual(expected.degraded)
    }
  })
}
