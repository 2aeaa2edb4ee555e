import { map, merge, Subject, throwError, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { Pipeline } from '../../src/feed/pipeline.ts'
import type { Row } from '../../src/model/row.ts'
import { mergeSamples, type Changes, type Sample } from '../../src/model/table.ts'

function sample(rows: Record<string, Row>, changes: Changes = 'all', tick = 1): Sample {
  return { table: { key: 'id', columns: ['id'], rows: new Map(Object.entries(rows)), order: [], kind: 'table' }, changes, tick, time: tick }
}

interface Told {
  readonly late: Sample[]
  readonly failed: unknown[]
}

function pipelineOf(build: (inputs: readonly Observable<Sample>[]) => Observable<Sample>, inputs = 1): { pipeline: Pipeline; told: Told } {
  const told: Told = { late: [], failed: [] }
  const events = { late: (late: Sample) => void told.late.push(late), failed: (error: unknown) => void told.failed.push(error) }
  return { pipeline: new Pipeline(build, inputs, events), told }
}

const only = ([input]: readonly Observable<Sample>[]): Observable<Sample> => input as Observable<Sample>

describe('a push', () => {
  test('gives what the pipeline emits synchronously, and nothing where it emits nothing', () => {
    const { pipeline } = pipelineOf(only)
    const first = sample({ a: { id: 'a' } })
    expect(pipeline.push([first], [first])?.table).toBe(first.table)
    expect(pipeline.push([undefined], [first])).toBeUndefined()
  })

  test('to a pipeline that is built just now gives every input whole, also one that has no sample this tick', () => {
    const { pipeline } = pipelineOf(inputs => merge(...inputs), 2)
    const a = sample({ a: { id: 'a' } }, new Map())
    const b = sample({ b: { id: 'b' } }, new Map())
    expect(pipeline.push([a, undefined], [a, b])).toEqual({ ...b, changes: 'all' })
    expect(pipeline.push([a, undefined], [a, b])).toEqual(a)
  })

  test('of two inputs gives one sample: the last table, the changes of both', () => {
    const { pipeline } = pipelineOf(inputs => merge(...inputs), 2)
    const nothing = sample({})
    pipeline.push([nothing, nothing], [nothing, nothing])
    const old: Row = { id: 'x', n: 1 }
    const older: Row = { id: 'x', n: 0 }
    const first = sample({}, new Map([['x', older]]))
    const second = sample(
      { y: { id: 'y' } },
      new Map<string, Row | undefined>([
        ['x', old],
        ['y', undefined],
      ]),
    )
    expect(pipeline.push([first, second], [first, second])).toEqual(mergeSamples(first, second))
    expect(mergeSamples(first, second).changes).toEqual(
      new Map<string, Row | undefined>([
        ['y', undefined],
        ['x', older],
      ]),
    )
    expect(mergeSamples(sample({}), second).changes).toBe('all')
    const back = sample({ x: { id: 'x', n: 0 } }, new Map([['x', old]]))
    expect(mergeSamples(first, back).changes).toEqual(new Map())
    const gone = sample({}, new Map([['y', { id: 'y' }]]))
    const come = sample({ y: { id: 'y' } }, new Map([['y', undefined]]))
    expect(mergeSamples(come, gone).changes).toEqual(new Map())
    expect(mergeSamples(gone, come).changes).toEqual(new Map())
  })
})

test('what is emitted outside a push is late', () => {
  const timer = new Subject<Sample>()
  const { pipeline, told } = pipelineOf(inputs => merge(only(inputs), timer))
  const pushed = sample({})
  pipeline.push([pushed], [pushed])
  const emitted = sample({ a: { id: 'a' } })
  timer.next(emitted)
  expect(told.late).toEqual([emitted])
  pipeline.close()
  expect(timer.observed).toBe(false)
})

describe('a failure', () => {
  test('of a step is told, and the pipeline is built anew with everything at the next push', () => {
    let bad = true
    const { pipeline, told } = pipelineOf(inputs =>
      only(inputs).pipe(
        map(input => {
          if (bad) throw new Error('a bug')
          return input
        }),
      ),
    )
    const input = sample({ a: { id: 'a' } }, new Map())
    expect(pipeline.push([input], [input])).toBeUndefined()
    expect(told.failed).toEqual([new Error('a bug')])
    bad = false
    expect(pipeline.push([input], [input])?.changes).toBe('all')
  })

  test('while it is being built, or at once when it is subscribed to, is one too', () => {
    let times = 0
    const { pipeline, told } = pipelineOf(inputs => {
      times++
      if (times === 1) throw new Error('cannot be built')
      return times === 2 ? throwError(() => new Error('ends at once')) : only(inputs)
    })
    const input = sample({})
    expect([pipeline.push([input], [input]), pipeline.push([input], [input])]).toEqual([undefined, undefined])
    expect(told.failed).toEqual([new Error('cannot be built'), new Error('ends at once')])
    expect(pipeline.push([input], [input])).toEqual(input)
  })
})
