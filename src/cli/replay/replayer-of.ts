import type { Clock } from '../../lib/clock.ts'
import type { Recording } from '../../replay/recording.ts'
import { Replayer } from '../../replay/replayer.ts'
import type { Taps } from '../../source/taps.ts'
import { teller, unteller } from './teller.ts'

/** Answers the sources of a recording's config; `clock` is at the recording's beginning. */
export function replayerOf(recording: Recording, clock: Clock): Taps {
  const standIns = Object.entries(recording.config.variables)
  return new Replayer({
    recording,
    clock,
    tell: teller(standIns.filter(([, value]) => value.includes('stands-for-'))),
    untell: unteller(standIns),
  })
}
