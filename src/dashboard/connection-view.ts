import type { ConnectionState } from '../client/face.ts'
import type { Format } from '../elements/format.ts'
import type { Tone } from '../elements/freshness-view.ts'

export interface ConnectionView {
  readonly tone: Tone
  readonly word: string
  /** What is going on and what comes next; empty while all is well. */
  readonly detail: string
  /** Whether a person can do something: try at once. */
  readonly canRetry: boolean
}

/** Whether the server wants a token, or another one: it was missing, is not known, or is no more. */
export function wantsToken({ phase, code }: ConnectionState): boolean {
  return phase === 'closed' && (code === 4401 || code === 4403)
}

/** `nowMs` is this machine's clock. */
export function viewConnection(state: ConnectionState, nowMs: number, format: Format): ConnectionView {
  const wait = state.retryAt === undefined ? 0 : state.retryAt - nowMs
  const next = wait < 500 ? 'trying again now' : `next try in ${format.span(wait)}`
  switch (state.phase) {
    case 'open':
      return { tone: 'fresh', word: 'live', detail: '', canRetry: false }
    case 'connecting':
      return { tone: 'waiting', word: 'connecting', detail: state.attempt > 0 ? (state.reason ?? '') : '', canRetry: false }
    case 'disconnected':
      return { tone: 'disconnected', word: 'disconnected', detail: [state.reason, next].filter(Boolean).join('; '), canRetry: true }
    case 'refused':
      return { tone: 'down', word: 'no connection', detail: [state.reason, next].filter(Boolean).join('; '), canRetry: true }
    case 'closed':
    default:
      if (wantsToken(state)) return { tone: 'waiting', word: 'not signed in', detail: '', canRetry: false }
      return { tone: 'down', word: 'closed', detail: state.reason ?? '', canRetry: true }
  }
}
