import type { Dispatcher } from 'undici'
import type { Tap } from '../../src/source/link.ts'

/** What is asked, of which a test says the status and the body that it gets. */
export interface Asked {
  readonly path: string
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>
}

export interface Given {
  readonly status: number
  readonly body?: unknown
  /** Turns of other promises before it is there; default 0. */
  readonly turns?: number
}

/** Answers in place of any origin, within the process and in no time: for laws that take thousands of requests. */
export function answeringTap(answer: (asked: Asked) => Given): Tap {
  return link => () => (asked, handler) => {
    link.connecting = false
    const headers = new Map(Object.entries((asked.headers ?? {}) as Readonly<Record<string, string>>))
    const { status, body, turns = 0 } = answer({ path: asked.path, headers })
    void give(handler, status, body === undefined ? '' : JSON.stringify(body), turns)
    return true
  }
}

async function give(handler: Dispatcher.DispatchHandler, status: number, body: string, turns: number): Promise<void> {
  let isGivenUp = false
  const controller: Dispatcher.DispatchController = {
    aborted: false,
    paused: false,
    reason: null,
    rawHeaders: null,
    rawTrailers: null,
    abort: reason => {
      isGivenUp = true
      handler.onResponseError?.(controller, reason)
    },
    pause: () => undefined,
    resume: () => undefined,
  }
  handler.onRequestStart?.(controller, {})
  for (let turn = 0; turn <= turns; turn++) await Promise.resolve()
  if (isGivenUp) return
  handler.onResponseStart?.(controller, status, { 'content-type': 'application/json' })
  if (body !== '') handler.onResponseData?.(controller, Buffer.from(body))
  handler.onResponseEnd?.(controller, {})
}
