import { defer, tap } from 'rxjs'
import type { Clock } from '../lib/clock.ts'
import type { Degradation, Sample } from '../model/table.ts'
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

  /** `limited`: told, by its key, of a cap whenever the step begins to be over it; default: nobody is. */
  constructor(kind: string, clock: Clock, limited: (limit: string) => void = () => undefined) {
    this.kind = kind
    this.#clock = clock
    this.#limited = limited
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
