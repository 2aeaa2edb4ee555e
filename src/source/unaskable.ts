import type { Clock } from '../lib/clock.ts'
import type { Ask } from './ask.ts'
import type { PollError } from './failure.ts'

/** There is nothing that could be asked: every poll fails, and says why. */
export function unaskable({ kind, message }: Pick<PollError, 'kind' | 'message'>, clock: Clock): Ask {
  return {
    poll: () => Promise.resolve({ kind: 'failed', cause: kind, reason: message, at: clock.now(), durationMs: 0, bytes: 0 }),
    close: () => Promise.resolve(),
  }
}
