import type { SourceDefinition, SourcePoller } from '../../src/feed/definition.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { Poll } from '../../src/source/ask.ts'
import { ScriptedSource } from '../../test/support/scripted-source.ts'

/** A source whose polls `tell` makes. */
export function toldSource(name: string, clock: Clock): { readonly definition: SourceDefinition; tell(poll: Poll): void } {
  let tell: (poll: Poll) => void = () => undefined
  const poller: SourcePoller = {
    start: () => undefined,
    stop: () => undefined,
    nudge: () => undefined,
    close: () => Promise.resolve(),
    nextAt: undefined,
    why: '',
  }
  const createPoller = (onPoll: (poll: Poll) => void): SourcePoller => {
    tell = onPoll
    return poller
  }
  return { definition: new ScriptedSource(name, clock, { createPoller }).definition, tell: poll => tell(poll) }
}
