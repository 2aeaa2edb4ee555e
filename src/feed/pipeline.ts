import { Subject, type Observable, type Subscription } from 'rxjs'
import { mergeSamples, type Sample } from '../model/table.ts'
import type { HandOver } from '../operator/hand-over.ts'
import { Lineage, type Origin } from '../operator/lineage.ts'

export interface PipelineEvents {
  /** It emitted outside a push: a timer of its own. */
  late(sample: Sample): void
  /** It failed; it is built anew at the next push. */
  failed(error: unknown): void
}

type Build = (inputs: readonly Observable<Sample>[], handOver: HandOver, lineage: Lineage) => Observable<Sample>

/** The running pipeline of one derived feed: the graph pushes input samples, and takes what comes out synchronously. */
export class Pipeline {
  readonly #build: Build
  readonly #events: PipelineEvents
  readonly #inputCount: number
  #inputs: Subject<Sample>[] = []
  #subscription: Subscription | undefined
  readonly #done = new Subject<void>()
  readonly #handOver: HandOver
  #lineage = new Lineage()
  #pushing = false
  #emitted: Sample | undefined

  constructor(build: Build, inputCount: number, events: PipelineEvents) {
    this.#build = build
    this.#inputCount = inputCount
    this.#events = events
    const isPushing = (): boolean => this.#pushing
    this.#handOver = {
      done: this.#done,
      get isOn() {
        return isPushing()
      },
    }
  }

  /**
   * Pushes the samples of the inputs that have one this tick. `current` are all inputs' last samples: a pipeline
   * that is built just now is given every input whole.
   */
  push(samples: readonly (Sample | undefined)[], current: readonly (Sample | undefined)[]): Sample | undefined {
    this.#emitted = undefined
    this.#pushing = true
    try {
      const fresh = this.#start()
      for (const [i, input] of this.#inputs.entries()) {
        const sample = fresh ? whole(current[i]) : samples[i]
        if (sample !== undefined) input.next(sample)
      }
      this.#done.next()
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#pushing = false
    }
    return this.#emitted
  }

  /** Where a row that it has emitted comes from. */
  originOf(key: string): Origin {
    return this.#lineage.of(key)
  }

  close(): void {
    this.#subscription?.unsubscribe()
    this.#subscription = undefined
  }

  #start(): boolean {
    if (this.#subscription !== undefined) return false
    this.#inputs = Array.from({ length: this.#inputCount }, () => new Subject<Sample>())
    this.#lineage = new Lineage()
    let failed = false
    const subscription = this.#build(this.#inputs, this.#handOver, this.#lineage).subscribe({
      next: sample => this.#take(sample),
      error: (error: unknown) => {
        failed = true
        this.#fail(error)
      },
    })
    // It may fail within `subscribe`, before there is a subscription to close.
    if (!failed) this.#subscription = subscription
    return true
  }

  #take(sample: Sample): void {
    if (!this.#pushing) this.#events.late(sample)
    else this.#emitted = this.#emitted === undefined ? sample : mergeSamples(this.#emitted, sample)
  }

  #fail(error: unknown): void {
    this.close()
    this.#emitted = undefined
    this.#events.failed(error)
  }
}

function whole(sample: Sample | undefined): Sample | undefined {
  return sample === undefined ? undefined : { ...sample, changes: 'all' }
}
