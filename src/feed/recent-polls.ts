import type { Poll } from '../source/ask.ts'

/** So many polls of each source are kept. */
const mostPolls = 60

/** What is kept of a poll: nothing of its rows. Times in ms since 1970, durations in ms. */
export interface PollRecord {
  readonly at: number
  readonly kind: Poll['kind']
  readonly status: number | undefined
  readonly durationMs: number
  readonly bytes: number
  readonly rows: number | undefined
  /** Why it failed, or what it keeps back. */
  readonly trouble: Trouble | undefined
}

type Trouble = Pick<Extract<Poll, { kind: 'failed' }>, 'cause' | 'reason'>

const kinds: readonly Poll['kind'][] = ['changed', 'unchanged', 'failed']
/** Numbers kept of each poll. */
const width = 6

/** The last polls of one source, numbered from its start on. Kept as numbers: as objects they would be most of a heap of many sources. */
export class RecentPolls {
  /** The places of polls are taken in turn; NaN: there is none. */
  readonly #numbers = new Float64Array(mostPolls * width)
  readonly #troubles = new Map<number, Trouble>()
  #count = 0

  /** Polls since the start, which is the number of the next one. */
  get count(): number {
    return this.#count
  }

  /** The number of the oldest poll that is kept. */
  get oldest(): number {
    return Math.max(0, this.#count - mostPolls)
  }

  note(poll: Poll): void {
    const number = this.#count++
    const place = (number % mostPolls) * width
    this.#numbers[place] = poll.at
    this.#numbers[place + 1] = kinds.indexOf(poll.kind)
    this.#numbers[place + 2] = poll.status ?? Number.NaN
    this.#numbers[place + 3] = poll.durationMs
    this.#numbers[place + 4] = poll.bytes
    this.#numbers[place + 5] = poll.kind === 'failed' ? Number.NaN : poll.table.rows.size
    this.#troubles.delete(number - mostPolls)
    const trouble = poll.kind === 'failed' ? poll : poll.degraded
    if (trouble !== undefined) this.#troubles.set(number, { cause: trouble.cause, reason: trouble.reason })
  }

  /** Those from a number on that are kept, the oldest first. */
  since(number: number): readonly PollRecord[] {
    const from = Math.max(number, this.oldest)
    return Array.from({ length: Math.max(0, this.#count - from) }, (_, i) => this.#record(from + i))
  }

  #record(number: number): PollRecord {
    const place = (number % mostPolls) * width
    const [at = 0, kind = 0, status = 0, durationMs = 0, bytes = 0, rows = 0] = this.#numbers.subarray(place, place + width)
    const trouble = this.#troubles.get(number)
    return { at, kind: kinds[kind] ?? 'failed', status: known(status), durationMs, bytes, rows: known(rows), trouble }
  }
}

function known(number: number): number | undefined {
  return Number.isNaN(number) ? undefined : number
}
