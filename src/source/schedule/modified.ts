import type { ChangeWindow } from './change-window.ts'
import type { ServerClock } from './server-clock.ts'

/**
 * Whether Last-Modified tells when the data changed, and if so, within what bounds. It is believed once it has agreed
 * twice (stood still while the data did) and while it has contradicted less than twice (moved alone, stood still
 * through a change, or named an instant outside the window in which the change fell).
 */
export interface Modified {
  /** The last one, ms by the upstream's clock; 0: there was none. */
  readonly lastAt: number
  readonly agreed: number
  readonly contradicted: number
}

const leastAgreed = 2
const mostContradicted = 2
/** It has whole seconds. */
const graininessMs = 1000
/** Both clocks together are so far off at most, else it is a contradiction. */
const slackMs = 500
/** No window is narrowed to less. */
const narrowestMs = 20

const movedAlone = 2
const stoodThroughChange = 0.5
const outsideWindow = 1
/** What a good one takes from the contradictions. */
const forgiven = 0.1

export const newModified: Modified = { lastAt: 0, agreed: 0, contradicted: 0 }

export function isTrusted({ agreed, contradicted }: Modified): boolean {
  return agreed >= leastAgreed && contradicted < mostContradicted
}

export interface ModifiedLearned {
  readonly modified: Modified
  /** As it was given, or narrowed. */
  readonly window: ChangeWindow
}

/** Learns from the Last-Modified of an answer whose window saw a change or did not, and narrows the window where it may. */
export function learnModified(
  modified: Modified,
  lastModifiedAt: number | undefined,
  window: ChangeWindow,
  isChange: boolean,
  clock: ServerClock,
): ModifiedLearned {
  if (lastModifiedAt === undefined) return { modified, window }
  const isSame = lastModifiedAt === modified.lastAt
  const { agreed, contradicted } = modified
  const next = { lastAt: lastModifiedAt, agreed, contradicted }
  const contradict = (by: number): ModifiedLearned => ({ modified: { ...next, contradicted: contradicted + by }, window })
  if (!isChange && isSame) return { modified: { lastAt: lastModifiedAt, agreed: Math.min(agreed + 1, 1000), contradicted }, window }
  if (!isChange) return contradict(movedAlone)
  if (isSame) return contradict(stoodThroughChange)
  const from = lastModifiedAt - (clock ?? 0)
  const to = from + graininessMs
  if (to < window.from - slackMs || from > window.to + slackMs) return contradict(outsideWindow)
  if (!isTrusted(modified)) return { modified: next, window }
  return {
    modified: { ...next, contradicted: Math.max(0, contradicted - forgiven) },
    window: {
      from: Math.max(window.from, Math.min(from, window.to - narrowestMs)),
      to: Math.min(window.to, Math.max(to, window.from + narrowestMs)),
    },
  }
}
