import { defer, filter, map, merge, type Observable } from 'rxjs'
import { mergeSamples, type Sample } from '../model/table.ts'

/** How the inputs of one tick come to a pipeline: one after the other, but together. */
export interface HandOver {
  /** Whether a tick's inputs are being handed over, so that more of them may come. */
  readonly isOn: boolean
  /** All inputs of a tick are there. */
  readonly done: Observable<void>
}

/** The samples of several inputs in one tick; undefined: it has none. */
export type Samples = readonly (Sample | undefined)[]

/** A stage of several inputs, whose every subscription has a state of its own: one sample for each tick in which it has any. */
export function together(
  inputs: readonly Observable<Sample>[],
  handOver: HandOver,
  start: () => (samples: Samples) => Sample | undefined,
): Observable<Sample> {
  return defer(() => {
    const next = start()
    const none = (): (Sample | undefined)[] => inputs.map(() => undefined)
    let held = none()
    const take = (): Sample | undefined => {
      const samples = held
      if (samples.every(sample => sample === undefined)) return undefined
      held = none()
      return next(samples)
    }
    const arriving = inputs.map((input, i) =>
      input.pipe(
        map(sample => {
          const before = held[i]
          held[i] = before === undefined ? sample : mergeSamples(before, sample)
          return handOver.isOn ? undefined : take()
        }),
      ),
    )
    return merge(...arriving, handOver.done.pipe(map(take))).pipe(filter(sample => sample !== undefined))
  })
}
