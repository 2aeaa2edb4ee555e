import type { Cancel, Clock } from './clock.ts'
import { fastForward } from './fast-forward.ts'
import type { VirtualClock } from './virtual-clock.ts'

export interface Pace {
  /** How many times faster than the other clock it goes, as far as what it leads to can keep up. */
  readonly speed: number
  /** Ms of its own from now on, after which it stands still: what is due then is done, and nothing later ever is. */
  readonly lengthMs: number
}

/** So often, in ms of the other clock, it is moved on at least. */
const stepMs = 10

/**
 * Has a virtual clock go on with another one: timer by timer, so that everything happens in the order in which it falls due, however fast it
 * goes. Where the machine cannot keep up it goes slower.
 */
export function pace(clock: VirtualClock, real: Clock, { speed, lengthMs }: Pace): Cancel {
  const began = { real: real.monotonic(), own: clock.monotonic() }
  let stop: Cancel | undefined = () => undefined
  const goOn = async (): Promise<void> => {
    const passedMs = Math.min((real.monotonic() - began.real) * speed, lengthMs)
    await fastForward(clock, Math.max(0, began.own + passedMs - clock.monotonic()))
    if (stop !== undefined) stop = real.after(Math.min(stepMs, (clock.nextMs ?? stepMs * speed) / speed), () => void goOn())
  }
  void goOn()
  return () => {
    stop?.()
    stop = undefined
  }
}

/** Shows whole ms, as the clock of any machine does. */
export function inWholeMs(clock: Clock): Clock {
  return {
    now: () => Math.floor(clock.now()),
    monotonic: () => clock.monotonic(),
    after: (delayMs, run): Cancel => clock.after(delayMs, run),
  }
}

/** Shows the time of one clock, and measures by another: for whoever lives on this machine but is told of another time. */
export function shownBy(shown: Clock, measured: Clock): Clock {
  return {
    now: () => shown.now(),
    monotonic: () => measured.monotonic(),
    after: (delayMs, run): Cancel => measured.after(delayMs, run),
  }
}
