import { z } from 'zod'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import type { Logger } from '../../src/lib/log.ts'
import type { Row } from '../../src/model/row.ts'
import type { Ask, Poll, PollAnswered, PollFailed } from '../../src/source/ask.ts'
import { httpAsk, type HttpDeps } from '../../src/source/http.ts'
import { httpKeys, httpOptions, type HttpOptions, type TlsOptions } from '../../src/source/http.options.ts'

const schema = z.strictObject(httpKeys)

/** Options as a config has them. */
export type WrittenOptions = z.input<typeof schema>

function writtenOptions(written: WrittenOptions, pems: Omit<TlsOptions, 'isInsecure'>): HttpOptions {
  return httpOptions(schema.parse(written), 10_000, pems)
}

/** A log that keeps its lines: `warn: ..`. */
export class RecordedLog {
  readonly lines: string[] = []
  readonly logger: Logger

  constructor() {
    const keep =
      (level: string) =>
      (...args: unknown[]): void =>
        void this.lines.push(`${level}: ${String(args.at(-1))}`)
    this.logger = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') }
  }
}

export interface TestedSource {
  readonly ask: Ask
  readonly log: RecordedLog
}

/** A source as the server makes it, with the real clock unless another is given. */
export function httpSource(
  written: z.input<typeof schema>,
  clock: Clock = systemClock(),
  more: Partial<HttpDeps> = {},
  pems: Omit<TlsOptions, 'isInsecure'> = {},
): TestedSource {
  const log = new RecordedLog()
  return { ask: httpAsk(writtenOptions(written, pems), { name: 'tested', clock, log: log.logger, ...more }), log }
}

/** The poll as an answer; throws when it failed. */
export function answered(poll: Poll): PollAnswered {
  if (poll.kind === 'failed') throw new Error(`failed: ${poll.cause}: ${poll.reason}`)
  return poll
}

/** The poll as a failure; throws when it was answered. */
export function failed(poll: Poll): PollFailed {
  if (poll.kind !== 'failed') throw new Error(`answered with ${poll.table.rows.size} rows`)
  return poll
}

export function rowsOf(poll: Poll): Row[] {
  return [...answered(poll).table.rows.values()]
}

/** Waits for what other parts of the process do, never for time: gives up after many turns of the event loop. */
export async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; !isTrue(); turn++) {
    if (turn > 20_000) throw new Error('it did not come true')
    await new Promise(resolve => {
      setImmediate(resolve)
    })
  }
}
