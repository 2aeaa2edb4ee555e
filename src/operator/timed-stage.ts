import { defer, finalize, map, merge, Subject } from 'rxjs'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Sample } from '../model/table.ts'
import type { StepMemory } from './memories.ts'
import type { Operator } from './stage.ts'
import { SteadyTime } from './steady-time.ts'

/** A stage whose table changes also by time alone. Instants are those of its `SteadyTime`. */
export interface TimedStage {
  /** `now` is the instant of the sample; what was due by then has elapsed. */
  next(input: Sample, now: number): Sample
  /** When time alone changes the table next; undefined: never. */
  readonly due: number | undefined
  /** What time changed until `due`, as a sample of its own. */
  elapse(due: number): Sample
}

/**
 * An operator whose every subscription has a state of its own, made by `start`, and one timer; `memory`: where that state is kept. What falls due while a sample is on its
 * way comes before it, so that what happens depends on when things were, not on when timers ran.
 */
export function timedStage(clock: Clock, start: (time: SteadyTime) => TimedStage, memory?: StepMemory): Operator {
  return samples =>
    defer(() => {
      const time = new SteadyTime(clock)
      const state = start(time)
      const late = new Subject<Sample>()
      let timer: { readonly due: number; readonly cancel: Cancel } | undefined

      const watch = (): void => {
        const { due } = state
        if (timer?.due === due) return
        timer?.cancel()
        timer = due === undefined ? undefined : { due, cancel: clock.after(due - time.now(), fire) }
      }
      const elapseUntil = (instant: number): void => {
        for (let { due } = state; due !== undefined && due <= instant; { due } = state) late.next(state.elapse(time.reach(due)))
      }
      const fire = (): void => {
        timer = undefined
        try {
          memory?.change()
          elapseUntil(time.now())
          watch()
        } catch (error) {
          late.error(error)
        }
      }
      const next = (input: Sample): Sample => {
        memory?.change()
        const now = time.of(input)
        elapseUntil(now)
        const output = state.next(input, time.reach(now))
        watch()
        return output
      }
      return merge(samples.pipe(map(next)), late).pipe(finalize(() => timer?.cancel()))
    })
}
