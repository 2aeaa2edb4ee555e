import { quotable } from '../decode/decode-error.ts'
import { backoffDelay } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import type { Degradation, Table } from '../model/table.ts'
import type { Ask, Poll, PollAnswered, PollFacts, PollFailed } from './ask.ts'
import type { Budget, Release } from './budget.ts'
import type { MemberValue } from './each.options.ts'
import { failureOf, PollError } from './failure.ts'
import { unaskable } from './unaskable.ts'
import { UnitedRows, type MemberTable } from './united-rows.ts'

/** Who is asked for at the moment. */
export interface MemberList {
  readonly values: readonly MemberValue[]
  /** Some are left out: a sentence that begins with the limit. */
  readonly excess?: string
}

export interface EachAskOptions {
  /** Of the column that tells the members. */
  readonly name: string
  readonly maxRows: number
  readonly everyMs: number
  readonly maxBackoffMs: number
  readonly budget: Budget
  readonly clock: Clock
  readonly random: Random
  /** @throws PollError where it cannot be told */
  readonly list: () => Promise<MemberList>
  /** Asks for one of them. @throws PollError for a value that cannot be asked for */
  readonly ask: (value: MemberValue) => Ask
  /** Lets go of what the members share. */
  readonly close: () => Promise<void>
}

interface Member {
  readonly value: MemberValue
  readonly ask: Ask
  failures: number
  /** Ms of the monotonic clock. */
  notBefore: number
  /** How its last poll failed, or why it was not asked. */
  failure: PollFailed | undefined
  degraded: Degradation | undefined
}

/** The longest pause of the budget, in ms, when a 429 does not say how long. */
const unsaidPauseMs = 60_000

/**
 * Asks once for each member of a list, as many at a time as the budget has places. Their rows are one table, published as one; a member
 * that fails keeps its last rows, is asked less and less often, and is told of; where all of them fail the poll has failed.
 */
export class EachAsk implements Ask {
  readonly takesOwnPlaces = true
  readonly #options: EachAskOptions
  readonly #rows: UnitedRows
  readonly #members = new Map<string, Member>()
  #closed = false
  /** Ends the waiting of members for their turn. */
  readonly #waiting = new Set<() => void>()

  constructor(options: EachAskOptions) {
    this.#options = options
    this.#rows = new UnitedRows(options.name, options.maxRows)
  }

  resume(table: Table): void {
    this.#rows.resume(table)
  }

  async poll(): Promise<Poll> {
    const { clock } = this.#options
    const began = clock.monotonic()
    const timing = (): Pick<PollFacts, 'at' | 'durationMs'> => ({ at: clock.now(), durationMs: clock.monotonic() - began })
    try {
      const { values, excess } = await this.#options.list()
      await this.#meet(values)
      const polls = await this.#askAll()
      return { ...this.#outcome(polls, excess), ...timing() }
    } catch (error) {
      const { kind, message, limit } = failureOf(error, { host: 'the members', phase: 'answering' })
      return { kind: 'failed', cause: kind, reason: message, bytes: 0, ...(limit === undefined ? {} : { limit }), ...timing() }
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    // Who waits would take a turn of those who share the budget.
    for (const stop of this.#waiting) stop()
    await Promise.all([...[...this.#members.values()].map(({ ask }) => ask.close()), this.#options.close()])
  }

  /** Whoever is new comes, whoever is named no more leaves. */
  async #meet(values: readonly MemberValue[]): Promise<void> {
    const names = new Set(values.map(String))
    const gone = [...this.#members].filter(([name]) => !names.has(name))
    for (const [name] of gone) this.#members.delete(name)
    for (const value of values) if (!this.#members.has(String(value))) this.#members.set(String(value), this.#newMember(value))
    await Promise.all(gone.map(([, { ask }]) => ask.close()))
  }

  #newMember(value: MemberValue): Member {
    return {
      value,
      ask: this.#askOf(value),
      failures: 0,
      notBefore: Number.NEGATIVE_INFINITY,
      failure: undefined,
      degraded: undefined,
    }
  }

  /** A value that cannot be asked for is a member that fails. */
  #askOf(value: MemberValue): Ask {
    try {
      return this.#options.ask(value)
    } catch (error) {
      if (error instanceof PollError) return unaskable(error, this.#options.clock)
      throw error
    }
  }

  /** Those who are due, a few at a time: never more of them wait for a place than there are, so that others have their turn. */
  async #askAll(): Promise<ReadonlyMap<Member, PollAnswered>> {
    const { clock, budget } = this.#options
    const due = [...this.#members.values()].filter(({ notBefore }) => notBefore <= clock.monotonic())
    const answered = new Map<Member, PollAnswered>()
    const left = due.values()
    const work = async (): Promise<void> => {
      for (const member of left) {
        // The origin has asked for a pause: whoever is left waits for the next poll.
        if (this.#closed || budget.pausedMs > 0) return
        const poll = await this.#ask(member)
        if (poll === undefined) return
        if (poll.kind !== 'failed') answered.set(member, poll)
      }
    }
    await Promise.all(Array.from({ length: Math.min(budget.maxConcurrent, due.length) }, work))
    return answered
  }

  /** Undefined: all of it was closed meanwhile. */
  async #ask(member: Member): Promise<Poll | undefined> {
    const release = await this.#turn()
    if (release === undefined) return undefined
    try {
      const poll = await member.ask.poll()
      this.#settle(member, poll)
      return poll
    } finally {
      release()
    }
  }

  #turn(): Promise<Release | undefined> {
    return new Promise(resolve => {
      const stop = (): void => {
        cancel()
        this.#waiting.delete(stop)
        resolve(undefined)
      }
      this.#waiting.add(stop)
      const cancel = this.#options.budget.admit(release => {
        this.#waiting.delete(stop)
        resolve(release)
      })
    })
  }

  #settle(member: Member, poll: Poll): void {
    const { clock, budget, everyMs, maxBackoffMs, random } = this.#options
    if (poll.limitedMs !== undefined) budget.pause(poll.limitedMs, 'nothing is left of the rate limit of the origin')
    if (poll.kind !== 'failed') {
      Object.assign(member, { failures: 0, notBefore: Number.NEGATIVE_INFINITY, failure: undefined, degraded: poll.degraded })
      return
    }
    member.failures++
    member.failure = poll
    const backoff = backoffDelay(member.failures, { baseMs: everyMs / 2, capMs: maxBackoffMs }, random)
    member.notBefore = clock.monotonic() + Math.max(poll.retryAfterMs ?? 0, backoff)
    if (poll.status === 429) budget.pause(poll.retryAfterMs ?? Math.min(backoff, unsaidPauseMs), 'the origin answered 429')
  }

  #outcome(answered: ReadonlyMap<Member, PollAnswered>, excess: string | undefined): PollAnswered | PollFailed {
    const members = [...this.#members.values()]
    const [failing] = members.filter(({ failure }) => failure !== undefined)
    const polls = [...answered.values()]
    if (answered.size === 0 && members.length > 0) return this.#noneAnswered(failing)
    const brought = [...answered].map(([{ value }, { table, changes }]): MemberTable => ({ value, table, changes }))
    const before = this.#rows.table?.columns
    const { table, changes } = this.#rows.take(brought, new Set(this.#members.keys()))
    const degraded = this.#degradation(members, answered, excess)
    const times = polls.flatMap(({ asOf }) => asOf ?? [])
    return {
      kind: changes === 'all' || changes.size > 0 || table.columns !== before ? 'changed' : 'unchanged',
      table,
      changes,
      ...(degraded === undefined ? {} : { degraded }),
      at: 0,
      durationMs: 0,
      status: polls.every(({ status }) => status === 304) && polls.length > 0 ? 304 : 200,
      bytes: polls.reduce((sum, { bytes }) => sum + bytes, 0),
      ...(times.length === 0 ? {} : { asOf: Math.min(...times) }),
    }
  }

  /** The poll fails as its members did: back-off is of each of them, so that the source itself waits for none. */
  #noneAnswered(failing: Member | undefined): PollFailed {
    const count = this.#members.size
    const { cause, reason } = failing?.failure ?? { cause: 'http' as const, reason: 'the budget is paused' }
    const told = failing === undefined ? reason : `${nameOf(failing.value)}: ${reason}`
    return { kind: 'failed', cause, reason: quotable(`none of ${count} members answered, ${told}`, 200), bytes: 0, at: 0, durationMs: 0 }
  }

  /** Part of the members is kept back: who, and why. */
  #degradation(members: readonly Member[], answered: ReadonlyMap<Member, unknown>, excess: string | undefined): Degradation | undefined {
    const failing = members.filter(({ failure }) => failure !== undefined)
    const unasked = members.filter(member => member.failure === undefined && !answered.has(member))
    const [first] = failing
    if (first?.failure !== undefined) {
      const are = failing.length === 1 ? '1 member fails and keeps its' : `${failing.length} members fail and keep their`
      return { cause: 'rows', reason: quotable(`${are} last rows: ${nameOf(first.value)}: ${first.failure.reason}`, 200) }
    }
    if (unasked.length > 0) {
      const why = this.#options.budget.pausedBecause
      return { cause: 'rows', reason: `${unasked.length} of ${members.length} members were not asked: ${why}` }
    }
    const [partly] = members.filter(({ degraded }) => degraded !== undefined)
    if (partly?.degraded !== undefined) {
      const { cause, reason } = partly.degraded
      return { cause, reason: quotable(`${nameOf(partly.value)}: ${reason}`, 200) }
    }
    return excess === undefined ? undefined : { cause: 'cardinality', reason: excess }
  }
}

/** For reasons: a cell may be an empty text. */
function nameOf(value: MemberValue): string {
  return value === '' ? '(empty)' : quotable(String(value), 40)
}

/** How rows and key were found is the same for all members of an `each`. */
export function memberLogger(log: Logger): Logger {
  return { debug: log.debug.bind(log), info: () => undefined, warn: log.warn.bind(log), error: log.error.bind(log) }
}
