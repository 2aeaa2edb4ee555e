import { defer, tap } from 'rxjs'
import type { Clock } from '../lib/clock.ts'
import type { Sample } from '../model/table.ts'
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
  /** What came in as a failure is no failure of this step. */
  #passing: unknown
  #failed: unknown

  constructor(kind: string, clock: Clock) {
    this.kind = kind
    this.#clock = clock
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
  get error(): StepError | undefined {
    return this.#error
  }

  watch(step: Operator): Operator {
    return samples =>
      defer(() => {
        this.#enteredMono = undefined
        this.#passing = undefined
        const entering = samples.pipe(tap({ next: sample => this.#enter(sample), error: (error: unknown) => (this.#passing = error) }))
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

  #enter({ table, degraded }: Sample): void {
    this.#rowsIn = table.rows.size
    this.#isKeptBack = degraded !== undefined
    this.#enteredMono = this.#clock.monotonic()
  }

  #leave({ table, degraded }: Sample): void {
    this.#rowsOut = table.rows.size
    if (degraded !== undefined && !this.#isKeptBack) this.#error = { reason: degraded.reason, at: this.#clock.now() }
    if (this.#enteredMono === undefined) return
    this.#durationMs = this.#clock.monotonic() - this.#enteredMono
    this.#enteredMono = undefined
  }
}
