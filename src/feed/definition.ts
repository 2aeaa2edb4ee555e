import type { Observable } from 'rxjs'
import type { Hints } from '../model/hint.ts'
import type { OrderTerm } from '../model/order.ts'
import type { SavedTable } from '../model/saved.ts'
import type { Sample } from '../model/table.ts'
import type { HandOver } from '../operator/hand-over.ts'
import type { Lineage } from '../operator/lineage.ts'
import type { Poll } from '../source/ask.ts'
import type { Learned } from '../source/schedule/policy.ts'
import type { StepProbe } from './step-probe.ts'

/** What the graph needs of whatever polls a source; `source/poller.ts` is it. */
export interface SourcePoller {
  /** It answered so long ago, in a run before, with this table. Absent: it knows of no run before. */
  resume?(saved: SavedTable, ageMs: number): void
  /** It is wanted from now on: asks at once where there is no recent data. */
  start(): void
  /** Nobody wants it: no further poll; one under way is still delivered. */
  stop(): void
  /** Asks before it is due, as far as back-off and budget allow. */
  nudge(): void
  close(): Promise<void>
  /** When it asks next, ms since 1970; undefined while it is not wanted. */
  readonly nextAt: number | undefined
  /** One sentence: why then. */
  readonly why: string
  /** What it has learned of when the source changes; undefined: nothing. */
  readonly learned?: Learned | undefined
}

/** When a source is polled: while it is wanted, only for readers, or always (design.md section 1, Demand). */
export type DemandRule = 'auto' | 'readers' | 'always'

interface Described {
  readonly name: string
  readonly description?: string
  /** How its columns are shown to people; default: as they are found to be. */
  readonly hints?: Hints
  /** Not listed and not found by readers when false. */
  readonly public: boolean
  readonly demand: DemandRule
  /**
   * Equal as long as it is defined in the same way, and so is all that it is computed from: its table may then go on where a
   * table of its name ended.
   */
  readonly fingerprint: string
  /** Overrides the order that the pipeline gives. */
  readonly order?: readonly OrderTerm[]
}

/** What a group of sources may ask together, and what is left of it; `source/budget.ts` knows. */
export interface BudgetFigures {
  /** As configured, or the origin. */
  readonly name: string
  /** Undefined: as many as wanted. */
  readonly ratePerSecond: number | undefined
  /** How long until the next one may ask, in ms; 0: at once. */
  readonly waitMs: number
  /** Requests that are on their way. */
  readonly underWay: number
}

export interface SourceDefinition extends Described {
  readonly everyMs: number
  readonly staleAfterMs: number
  readonly downAfterMs: number
  /** Rows that were not proved for so long are gone; default: never. */
  readonly expireMs?: number
  /** How long polling goes on after the last reader leaves. */
  readonly lingerMs: number
  /** What is asked, for people; without secrets. */
  readonly origin: string
  /** What it shares with other sources, as it is at the moment; absent: nothing. */
  readonly budget?: BudgetFigures
  createPoller(onPoll: (poll: Poll) => void): SourcePoller
}

export interface FeedDefinition extends Described {
  /** Names of the feeds it is computed from. */
  readonly inputs: readonly string[]
  /** Those of them whose rows are its own, before any step; default: all. */
  readonly from?: readonly string[]
  /** Its pipeline looks back in time (window, rate, keep, alert ..), so it must not sleep unless told to. */
  readonly holdsPast: boolean
  /** Something but its readers is told of it (a sink, an export), so it must not sleep unless told to; default false. */
  readonly hasWaysOut?: boolean
  /** Those who watch the steps of its pipeline, in their order; default: nobody does. */
  readonly steps?: readonly StepProbe[]
  /**
   * Must emit synchronously what a sample leads to, of several inputs once they all are handed over; what it emits later starts a tick
   * of its own. Its steps tell the lineage how their rows go back.
   */
  pipeline(inputs: readonly Observable<Sample>[], handOver: HandOver, lineage: Lineage): Observable<Sample>
}
