import { defer, tap } from 'rxjs'
import type { Clock } from '../lib/clock.ts'
import type { Degradation, Sample, Table } from '../model/table.ts'
import type { ColumnWatch } from './column-watch.ts'
import type { Operator } from '../operator/stage.ts'

/** What went wrong in a step, last. */
interface StepError {
  readonly reason: string
  /** Ms since 1970. */
  readonly at: number
}

/** Watches one step of a feed: what goes in, what comes out, how long it takes. It costs two looks at the clock a sample. */
export class StepProbe {
  /** What the step is called in a config. */
  readonly kind: string
  readonly #clock: Clock
  #rowsIn: number | undefined
  #rowsOut: number | undefined
  #durationMs: number | undefined
  #error: StepError | undefined
  /** When the sample came that is in the step now; undefined: none is. */
  #enteredMono: number | undefined
  #isKeptBack = false
  readonly #limited: (limit: string) => void
  /** The cap that it is over, by its key. */
  #limit: string | undefined
  /** What came in as a failure is no failure of this step. */
  #passing: unknown
  #failed: unknown
  readonly #columns: ColumnWatch | undefined
  #missing: StepError | undefined

  /**
   * @param limited told, by its key, of a cap whenever the step begins to be over it; default: nobody is
   * @param columns compares what the step names with the tables that come into it; default: nobody does
   */
  constructor(kind: string, clock: Clock, limited: (limit: string) => void = () => undefined, columns?: ColumnWatch) {
    this.kind = kind
    this.#clock = clock
    this.#limited = limited
    this.#columns = columns
  }

  /** Of the last sample; undefined: none came yet. */
  get rowsIn(): number | undefined {
    return this.#rowsIn
  }
  get rowsOut(): number | undefined {
    return this.#rowsOut
  }
  /** What the last sample took, in ms. */
  get durationMs(): number | undefined {
    return this.#durationMs
  }
  /** What went wrong last; of a step that did not fail, a column that it names and no row has. */
  get error(): StepError | undefined {
    return this.#error ?? this.#missing
  }

  /** `isWhole`: whether all that the table is of has come, so that what it lacks is not yet to come; default: it has. */
  watch(step: Operator, isWhole: () => boolean = () => true): Operator {
    return samples =>
      defer(() => {
        this.#enteredMono = undefined
        this.#passing = undefined
        const entering = samples.pipe(
          tap({ next: sample => this.#enter(sample, isWhole()), error: (error: unknown) => (this.#passing = error) }),
        )
        return entering.pipe(
          step,
          tap({
            next: sample => this.#leave(sample),
            error: (error: unknown) => {
              if (error !== this.#passing) this.#failed = error
            },
          }),
        )
      })
  }

  /** The feed failed: where that was in this step, `reason` is what readers are told. */
  blame(cause: unknown, reason: string): void {
    if (this.#failed === undefined || this.#failed !== cause) return
    this.#failed = undefined
    this.#error = { reason, at: this.#clock.now() }
  }

  #enter({ table, degraded }: Sample, isWhole: boolean): void {
    this.#rowsIn = table.rows.size
    this.#isKeptBack = degraded !== undefined
    if (isWhole) this.#compare(table)
    this.#enteredMono = this.#clock.monotonic()
  }

  #compare(table: Table): void {
    this.#columns?.look(table)
    const reason = this.#columns?.missing
    if (reason !== this.#missing?.reason) this.#missing = reason === undefined ? undefined : { reason, at: this.#clock.now() }
  }

  #keepBack(degraded: Degradation | undefined): void {
    if (degraded !== undefined) this.#error = { reason: degraded.reason, at: this.#clock.now() }
    const limit = degraded?.cause === 'cardinality' ? /^max\w+(?=:)/.exec(degraded.reason)?.[0] : undefined
    if (limit !== undefined && limit !== this.#limit) this.#limited(limit)
    this.#limit = limit
  }

  #leave({ table, degraded }: Sample): void {
    this.#rowsOut = table.rows.size
    if (!this.#isKeptBack) this.#keepBack(degraded)
    if (this.#enteredMono === undefined) return
    this.#durationMs = this.#clock.monotonic() - this.#enteredMono
    this.#enteredMono = undefined
  }
}
