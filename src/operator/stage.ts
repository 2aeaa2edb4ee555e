import { defer, map, type OperatorFunction } from 'rxjs'
import type { Sample } from '../model/table.ts'
import type { StepMemory } from './memories.ts'

/** Table stream to table stream: one sample in, one sample out, in the same call. */
export type Operator = OperatorFunction<Sample, Sample>

/** An operator whose every subscription has a state of its own, made by `start`; `memory`: where that is kept. */
export function stage(start: () => (input: Sample) => Sample, memory?: StepMemory): Operator {
  return samples =>
    defer(() => {
      const next = start()
      return samples.pipe(
        map(sample => {
          memory?.change()
          return next(sample)
        }),
      )
    })
}
