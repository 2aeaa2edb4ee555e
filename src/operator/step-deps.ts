import { NEVER, throwError, type Observable } from 'rxjs'
import { systemClock, type Clock } from '../lib/clock.ts'
import type { Sample } from '../model/table.ts'
import type { HandOver } from './hand-over.ts'
import type { Traces } from './lineage.ts'
import type { StepMemory } from './memories.ts'

/** What steps need beside their options. */
export interface StepDeps {
  readonly clock: Clock
  readonly handOver: HandOver
  /** What it remembers over a restart; default: nothing. */
  readonly memory?: StepMemory
  /** Where the step tells how its rows go back to those before it; default: nowhere. */
  readonly traces?: Traces
  /** The samples of a source or feed that the pipeline has among its inputs. */
  input(name: string): Observable<Sample>
}

let current: StepDeps | undefined

/** While `build` runs, steps that it makes within an operator of its own find what those of the feed have. */
export function within<T>(deps: StepDeps, build: () => T): T {
  const before = current
  current = deps
  try {
    return build()
  } finally {
    current = before
  }
}

/** What a step has that is part of an operator: the clock of the feed that is being built, else that of the machine. */
export function surroundings(): StepDeps {
  const { clock, handOver } = current ?? { clock: systemClock(), handOver: { isOn: false, done: NEVER } }
  const input = (name: string): Observable<Sample> =>
    throwError(() => new Error(`'${name}' is joined within an operator: a join is one of the steps of a feed itself`))
  return { clock, handOver, input }
}
