import { createContext, Script } from 'node:vm'

const context = createContext({ run: undefined, result: undefined })
const script = new Script('result = run()')

/** Thrown when the time was up. */
export class TimeUp extends Error {
  override readonly name = 'TimeUp'
}

/**
 * What `run` returns, broken off after `limitMs`: also within a regular expression that goes back without end, which
 * nothing else on this thread could stop.
 * @throws TimeUp, or what `run` throws
 */
export function withinTime<T>(limitMs: number, run: () => T): T {
  context['run'] = run
  try {
    script.runInContext(context, { timeout: limitMs })
    return context['result'] as T
  } catch (error) {
    // It may come from another realm, whose `Error` is not ours.
    if ((error as { readonly code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new TimeUp()
    throw error
  } finally {
    context['run'] = context['result'] = undefined
  }
}
