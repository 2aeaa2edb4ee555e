import { Alarm } from '../lib/alarm.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { LeftOff, SavedTable } from '../model/saved.ts'
import type { Row } from '../model/row.ts'
import type { Changes, Sample, Table } from '../model/table.ts'
import type { Poll, PollAnswered, PollFailed } from '../source/ask.ts'
import type { Spurious } from '../source/spurious-changes.ts'
import type { Learned } from '../source/schedule/policy.ts'
import type { SourceDefinition, SourcePoller } from './definition.ts'
import { Expiry } from './expiry.ts'
import { judgeSource, nextJudgement, type FreshnessRules, type Judgement, type SourceFacts } from './freshness.ts'
import { OutcomeLog } from './outcome-log.ts'
import { RecentPolls } from './recent-polls.ts'

export interface LiveSourceEvents {
  /** A good poll; `isNews`: rows, or what is kept back, changed. */
  answered(sample: Sample, isNews: boolean): void
  /** The source has to be judged again: a poll failed, or time passed. */
  judged(): void
}

/** When data was proven that a run before has left, which may have gone further. */
const unproved = Number.NEGATIVE_INFINITY

/** Counted since the start of the process. */
export interface PollCounts {
  changed: number
  unchanged: number
  failed: number
}

/** Every row of a table as a change, with what was there before it. */
function allOf({ rows }: Table, before: (row: Row) => Row | undefined): Changes {
  return new Map([...rows].map(([key, row]) => [key, before(row)]))
}

/** A source at work: its poller, what its polls told, and how far that can be believed. */
export class LiveSource implements SourcePoller {
  readonly definition: SourceDefinition
  readonly counts: PollCounts = { changed: 0, unchanged: 0, failed: 0 }
  readonly polls = new RecentPolls()
  readonly #clock: Clock
  readonly #log: Logger
  readonly #outcomes: OutcomeLog
  readonly #events: LiveSourceEvents
  readonly #poller: SourcePoller
  readonly #rules: FreshnessRules
  #facts: Omit<SourceFacts, 'wanted' | 'isExpired' | 'next'> = {}
  #lastPoll: Poll | undefined
  #spurious: Spurious | undefined
  /** When time alone changes how far its data can be believed. */
  readonly #judgement: Alarm
  readonly #expiry: Expiry
  /** Of the last good poll. */
  #table: Table | undefined

  constructor(definition: SourceDefinition, clock: Clock, log: Logger, events: LiveSourceEvents) {
    this.definition = definition
    this.#clock = clock
    this.#log = log
    this.#outcomes = new OutcomeLog(definition.name, clock, log)
    this.#events = events
    this.#rules = definition
    this.#judgement = new Alarm(clock, () => events.judged())
    this.#expiry = new Expiry(definition.expireMs, clock, () => this.#expire())
    this.#poller = definition.createPoller(poll => this.#take(poll))
  }

  get nextAt(): number | undefined {
    return this.#poller.nextAt
  }
  get why(): string {
    return this.#poller.why
  }
  /** Its table is from a run before, which may have gone further, and no poll has proved it since. */
  get isBehind(): boolean {
    return this.#facts.provenMono === unproved
  }
  get learned(): Learned | undefined {
    return this.#poller.learned
  }
  /** Changes that said nothing new, since the start. */
  get spurious(): Spurious | undefined {
    return this.#spurious
  }
  get lastPoll(): Poll | undefined {
    return this.#lastPoll
  }

  /**
   * Takes up the table of a run before. Where that run left off in order with this very table it is as old as its proof;
   * else the run may have gone further, and the table proves nothing.
   * @returns its first sample
   */
  restore(saved: SavedTable, left: LeftOff | undefined): Sample {
    const { table, count, sum, validatedAt, asOf, degraded } = saved
    const isLast = left !== undefined && left.count === count && left.sum === sum
    const elapsedMs = this.#clock.now() - validatedAt
    // A wall clock that was set back since does not tell the age.
    const ageMs = elapsedMs >= 0 ? elapsedMs : Number.POSITIVE_INFINITY
    const more = degraded === undefined ? {} : { degraded }
    this.#facts = {
      validatedAt,
      provenMono: isLast ? this.#clock.monotonic() - ageMs : unproved,
      ...(asOf === undefined ? {} : { asOf }),
      ...more,
    }
    this.#table = table
    this.#expiry.prove(ageMs)
    this.#poller.resume?.(saved, ageMs)
    return { table, changes: 'all', tick: 0, time: validatedAt, ...more }
  }

  start(): void {
    const { failure } = this.#facts
    // It has failed for as long as it was asked: the pause does not count.
    if (failure !== undefined) this.#facts = { ...this.#facts, failure: { ...failure, sinceMono: this.#clock.monotonic() } }
    this.#poller.start()
  }

  stop(): void {
    this.#poller.stop()
  }

  nudge(): void {
    this.#poller.nudge()
  }

  async close(): Promise<void> {
    this.#judgement.set(undefined)
    this.#expiry.close()
    await this.#poller.close()
  }

  /** How far its data can be believed now; sees to it that it is judged again when time alone changes that. */
  judge(wanted: boolean): Judgement {
    const mono = this.#clock.monotonic()
    const next = this.#poller.nextAt
    const facts: SourceFacts = { wanted, isExpired: this.#expiry.isOver, ...this.#facts, ...(next === undefined ? {} : { next }) }
    this.#judgement.set(nextJudgement(facts, this.#rules, mono))
    return judgeSource(facts, this.#rules, mono)
  }

  #take(poll: Poll): void {
    this.counts[poll.kind]++
    this.#lastPoll = poll
    this.polls.note(poll)
    if (poll.kind === 'failed') this.#fail(poll)
    else this.#answer(poll)
  }

  #answer(poll: PollAnswered): void {
    this.#outcomes.answered()
    this.#spurious = poll.spurious ?? this.#spurious
    const before = this.#facts.degraded
    // What a guard keeps back leaves the old table unproved.
    const isHeld = this.isBehind && (poll.degraded?.cause === 'rows' || poll.degraded?.cause === 'shape')
    this.#facts = {
      validatedAt: isHeld ? (this.#facts.validatedAt ?? 0) : poll.at,
      provenMono: isHeld ? unproved : this.#clock.monotonic(),
      ...(poll.asOf === undefined ? {} : { asOf: poll.asOf }),
      ...(poll.degraded === undefined ? {} : { degraded: poll.degraded }),
    }
    this.#sayDegraded(before)
    const isBack = this.#expiry.isOver
    if (!isHeld) this.#expiry.prove()
    const { table } = poll
    // What has expired comes back as a whole, whatever the poll says is other.
    const changes = isBack && poll.changes !== 'all' ? allOf(table, () => undefined) : poll.changes
    this.#table = table
    const degraded = poll.degraded === undefined ? {} : { degraded: poll.degraded }
    const isNews = isBack || poll.kind === 'changed' || before?.cause !== poll.degraded?.cause
    this.#events.answered({ table, changes, tick: 0, time: poll.at, ...degraded }, isNews)
  }

  #expire(): void {
    const { name } = this.definition
    const table = this.#table
    this.#log.warn({ source: name }, `source '${name}': its rows were not proved for too long and are gone`)
    if (table === undefined) return
    const time = this.#facts.validatedAt ?? this.#clock.now()
    this.#events.answered({ table: { ...table, rows: new Map() }, changes: allOf(table, row => row), tick: 0, time }, true)
  }

  #sayDegraded(before: SourceFacts['degraded']): void {
    const { name } = this.definition
    const { degraded } = this.#facts
    if (degraded !== undefined && before?.cause !== degraded.cause)
      this.#log.warn({ source: name, cause: degraded.cause }, `source '${name}' is degraded: ${degraded.reason}`)
    if (degraded === undefined && before !== undefined) this.#log.info({ source: name }, `source '${name}' is whole again`)
  }

  #fail({ cause, reason }: PollFailed): void {
    this.#outcomes.failed(cause, reason)
    const sinceMono = this.#facts.failure?.sinceMono ?? this.#clock.monotonic()
    this.#facts = { ...this.#facts, failure: { sinceMono, cause, reason } }
    this.#events.judged()
  }
}
