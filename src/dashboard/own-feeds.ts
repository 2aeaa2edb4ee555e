import { freshnessStates, type Cause, type Freshness, type FreshnessState } from '../model/freshness.ts'
import { rowOf, type Row } from '../model/row.ts'
import type { FeedDescriptor } from '../protocol/messages.ts'
import { numberOf, textOf } from '../elements/row-facts.ts'

/** A row of `$feeds`. Times are ms since 1970 UTC by the server's clock. */
export interface FeedFacts {
  readonly feed: string
  readonly kind: string
  readonly freshness: Freshness
  readonly rows: number
  readonly version: number
  readonly readers: number
  readonly changesPerSecond: number
  readonly bytesSent: number
  /** Against each reader polling by itself. */
  readonly bytesSaved: number
  /** Of a feed of alerts: how many fire. */
  readonly firing: number
  /** A column that is named of it and no row has; empty: there is none. */
  readonly warning: string
  readonly description: string
  /** Whether the figures are known, or only the name, state and description. */
  readonly hasFigures: boolean
}

/** What a schedule has learned. Durations in ms. */
export interface LearnedFacts {
  /** Of a source that changes on a schedule. */
  readonly periodMs: number | undefined
  readonly expectedAt: number | undefined
  readonly deviationMs: number | undefined
  /** What a request costs: 1 on budget, more where too many were made. */
  readonly price: number
}

/** What the sources of a group may ask together. */
export interface BudgetFacts {
  readonly name: string
  readonly perMinute: number | undefined
  readonly waitMs: number
  readonly underWay: number
}

/** A row of `$sources`; what is not known is undefined. Durations in ms. */
export interface SourceFacts {
  readonly source: string
  readonly freshness: Freshness
  /** What is asked, without secrets. */
  readonly origin: string
  readonly everyMs: number | undefined
  /** Who wants it; empty: nobody does. */
  readonly wanted: string
  readonly learned: LearnedFacts | undefined
  /** Changes that say nothing new, such as those of a time of making. */
  readonly spurious: number
  /** What could be done about them, in a sentence; empty: nothing is known. */
  readonly suggestion: string
  readonly budget: BudgetFacts | undefined
  readonly nextAt: number | undefined
  readonly why: string | undefined
  readonly polls: number
  readonly changed: number
  readonly unchanged: number
  readonly failed: number
  readonly lastStatus: number | undefined
  readonly lastDurationMs: number | undefined
  readonly lastBytes: number | undefined
}

function stateOf(row: Row): FreshnessState {
  const text = textOf(row, 'state')
  return freshnessStates.find(state => state === text) ?? 'waiting'
}

/** Only the members that are known, as `exactOptionalPropertyTypes` wants them. */
function defined<T extends object>(members: { readonly [M in keyof T]: T[M] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T
}

function freshnessOf(row: Row): Freshness {
  return defined<Freshness>({
    state: stateOf(row),
    // A cause this page does not know yet is shown by its own word.
    cause: (textOf(row, 'cause') || undefined) as Cause | undefined,
    reason: textOf(row, 'reason') || undefined,
    since: numberOf(row, 'since') ?? 0,
    validatedAt: numberOf(row, 'validatedAt'),
    asOf: numberOf(row, 'asOf'),
    every: numberOf(row, 'every'),
    staleAfter: numberOf(row, 'staleAfter'),
    next: numberOf(row, 'next'),
  })
}

export function feedFacts(row: Row): FeedFacts {
  return {
    feed: textOf(row, 'feed'),
    kind: textOf(row, 'kind') || 'table',
    freshness: freshnessOf(row),
    rows: numberOf(row, 'rows') ?? 0,
    version: numberOf(row, 'version') ?? 0,
    readers: numberOf(row, 'readers') ?? 0,
    changesPerSecond: numberOf(row, 'changesPerSecond') ?? 0,
    bytesSent: numberOf(row, 'bytesSent') ?? 0,
    bytesSaved: numberOf(row, 'bytesSaved') ?? 0,
    firing: numberOf(row, 'firing') ?? 0,
    warning: textOf(row, 'warning'),
    description: textOf(row, 'description'),
    hasFigures: true,
  }
}

/** One whose params have no defaults has a table for those alone who fill them in. */
export function hasOwnTable({ params = {} }: FeedDescriptor): boolean {
  return Object.values(params).every(param => typeof param === 'object' && param !== null && 'default' in param)
}

/** What a list of feeds tells, where `$feeds` is not there for who asks. */
export function listedFacts({ feed, kind, state, description }: FeedDescriptor): FeedFacts {
  return { ...feedFacts(rowOf(Object.entries({ feed, kind, state, description: description ?? null }))), hasFigures: false }
}

function learnedFacts(row: Row): LearnedFacts | undefined {
  const price = numberOf(row, 'price')
  if (price === undefined) return undefined
  return {
    price,
    periodMs: numberOf(row, 'period'),
    expectedAt: numberOf(row, 'expected'),
    deviationMs: numberOf(row, 'deviation'),
  }
}

function budgetFacts(row: Row): BudgetFacts | undefined {
  const name = textOf(row, 'budget')
  if (name === '') return undefined
  return {
    name,
    perMinute: numberOf(row, 'budgetRate'),
    waitMs: numberOf(row, 'budgetWait') ?? 0,
    underWay: numberOf(row, 'budgetUnderWay') ?? 0,
  }
}

export function sourceFacts(row: Row): SourceFacts {
  const counts = {
    changed: numberOf(row, 'changed') ?? 0,
    unchanged: numberOf(row, 'unchanged') ?? 0,
    failed: numberOf(row, 'failed') ?? 0,
  }
  return {
    source: textOf(row, 'source'),
    freshness: freshnessOf(row),
    origin: textOf(row, 'origin'),
    everyMs: numberOf(row, 'every'),
    wanted: textOf(row, 'wanted'),
    learned: learnedFacts(row),
    spurious: numberOf(row, 'spurious') ?? 0,
    suggestion: textOf(row, 'suggestion'),
    budget: budgetFacts(row),
    nextAt: numberOf(row, 'next'),
    why: textOf(row, 'why') || undefined,
    polls: counts.changed + counts.unchanged + counts.failed,
    ...counts,
    lastStatus: numberOf(row, 'lastStatus'),
    lastDurationMs: numberOf(row, 'lastDuration'),
    lastBytes: numberOf(row, 'lastBytes'),
  }
}
