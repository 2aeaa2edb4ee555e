import * as fc from 'fast-check'
import { Subject } from 'rxjs'
import { expect } from 'vitest'
import type { Clock } from '../../src/lib/clock.ts'
import type { Row } from '../../src/model/row.ts'
import type { Sample, Table } from '../../src/model/table.ts'
import type { PastTable } from '../../src/operator/past-table.ts'
import type { Operator } from '../../src/operator/stage.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { copyOf, expectContinuity, expectSameTable, expectTrueChanges, tick, Upstream, type Tick } from './sample-history.ts'

/** A tick with the time, in seconds, that passes before it. */
interface TimedTick extends Tick {
  readonly afterS: number
}

const timedTick: fc.Arbitrary<TimedTick> = fc
  .tuple(tick, fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 4 }) }, { weight: 1, arbitrary: fc.constantFrom(0, 13, 40) }))
  .map(([each, afterS]) => ({ ...each, afterS }))

/** An instant at which UTC minutes and hours begin. */
export const startMs = 1_769_090_400_000

/** Runs one operator on a clock of its own and collects what it emits, by pushes and by timers. */
export class TimedRunner {
  readonly clock = new ManualClock(startMs)
  readonly emitted: Sample[] = []
  readonly #input = new Subject<Sample>()
  /** RxJS tells nobody in time of what is thrown inside a subscriber. */
  readonly #failures: unknown[] = []
  #onEmit: (sample: Sample) => void = () => undefined

  constructor(create: (clock: Clock) => Operator) {
    this.#input.pipe(create(this.clock)).subscribe({
      next: sample => {
        this.emitted.push(sample)
        try {
          this.#onEmit(sample)
        } catch (error) {
          this.#failures.push(error)
        }
      },
      error: (error: unknown) => void this.#failures.push(error),
    })
  }

  /** What comes out in the same call, at least one sample; `each` sees them as they come. */
  push(sample: Sample, each: (sample: Sample) => void = () => undefined): Sample {
    const before = this.emitted.length
    this.#onEmit = each
    this.#input.next(sample)
    this.#rethrow()
    const output = this.emitted.at(-1)
    if (output === undefined || this.emitted.length === before) throw new Error('no sample came out')
    return output
  }

  /** Lets time pass; `each` sees what comes out by itself. */
  advance(ms: number, each: (sample: Sample) => void = () => undefined): void {
    this.#onEmit = each
    this.clock.advance(ms)
    this.#rethrow()
  }

  #rethrow(): void {
    const [failure] = this.#failures
    if (this.#failures.length > 0) throw failure
  }
}

/** What the operator is to show at `now`, computed from every input since the table began, and from nothing else. */
export type Definition = (inputs: readonly PastTable[], now: number) => Table

/**
 * L10 for operators that look back: at every tick and after every timer the output is what the definition makes of all inputs so far,
 * and between two of them it stays so. `samplesOnly`: time alone changes nothing, the definition is asked at the last sample.
 */
export function obeysOverTime(
  create: (clock: Clock) => Operator,
  definition: Definition,
  { samplesOnly = false } = {},
): fc.IProperty<[readonly TimedTick[]]> {
  return fc.property(fc.array(timedTick, { minLength: 1, maxLength: 25 }), ticks => {
    const upstream = new Upstream()
    const runner = new TimedRunner(create)
    const { clock } = runner
    let inputs: PastTable[] = []
    let input: Sample | undefined
    let before: { readonly sample: Sample; readonly table: Table } | undefined
    let rekeyed = false
    const check = (output: Sample, from: Sample): void => {
      expectSameTable(output.table, definition(inputs, clock.now()))
      expectTrueChanges(output, before?.table)
      expectContinuity(output, before?.sample, { ...from, time: output.time }, rekeyed)
      before = { sample: output, table: copyOf(output.table) }
      rekeyed = false
    }
    for (const each of ticks) {
      for (let s = 0; s < each.afterS; s++) {
        let isTold = false
        runner.advance(1000, output => {
          isTold = true
          if (input !== undefined) check(output, input)
        })
        if (isTold) expect(samplesOnly).toBe(false)
        if (before !== undefined && !samplesOnly) expectSameTable(before.table, definition(inputs, clock.now()))
      }
      const next = upstream.next(each, clock.now())
      rekeyed = input !== undefined && input.table.key !== next.table.key
      inputs = rekeyed ? [] : inputs
      inputs.push({ table: copyOf(next.table), time: clock.now() })
      input = next
      const emittedBefore = runner.emitted.length
      const output = runner.push(next)
      expect(runner.emitted.length - emittedBefore).toBe(1)
      check(output, next)
    }
  })
}

/** A table that is changed and pushed, one sample after the other, while time passes. */
export class TimedFeed {
  readonly rows = new Map<string, Row>()
  readonly runner: TimedRunner
  readonly #header: Pick<Table, 'key' | 'columns'>
  #tick = 0

  constructor(create: (clock: Clock) => Operator, header: Pick<Table, 'key' | 'columns'> = { key: 'id', columns: ['id', 'n'] }) {
    this.runner = new TimedRunner(create)
    this.#header = header
  }

  get clock(): ManualClock {
    return this.runner.clock
  }

  /** Sets rows by key and pushes them after `ms`; a value that is undefined takes the row away. */
  push(ms: number, changed: Readonly<Record<string, Row | undefined>> = {}, more: Partial<Sample> = {}): Sample {
    this.runner.advance(ms)
    const changes = new Map<string, Row | undefined>()
    for (const [key, row] of Object.entries(changed)) {
      changes.set(key, this.rows.get(key))
      if (row === undefined) this.rows.delete(key)
      else this.rows.set(key, { id: key, ...row })
    }
    this.#tick += 1
    const table: Table = { ...this.#header, rows: this.rows, order: [], kind: 'table' }
    return this.runner.push({ table, changes: this.#tick === 1 ? 'all' : changes, tick: this.#tick, time: this.clock.now(), ...more })
  }
}

/** The rows of a sample by key, as they are now. */
export function rowsOf(sample: Sample): Record<string, Row> {
  return Object.fromEntries(sample.table.rows)
}
