import { defer, map, type OperatorFunction } from 'rxjs'
import type { Sample } from '../model/table.ts'

/** Table stream to table stream: one sample in, one sample out, in the same call. */
export type Operator = OperatorFunction<Sample, Sample>

/** An operator whose every subscription has a state of its own, made by `start`. */
export function stage(start: () => (input: Sample) => Sample): Operator {
  return samples =>
    defer(() => {
      const next = start()
      return samples.pipe(map(sample => next(sample)))
    })
}
