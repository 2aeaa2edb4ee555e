import { newAgeHazard, type AgeHazard } from './age-hazard.ts'
import { newCacheLifetime, type CacheLifetime } from './cache-lifetime.ts'
import { newChangeRate, type ChangeRate } from './change-rate.ts'
import type { ChangeWindow } from './change-window.ts'
import { newExploration, type Exploration } from './exploration.ts'
import { newHourOfDay, type HourOfDay } from './hour-of-day.ts'
import { newModified, type Modified } from './modified.ts'
import type { ServerClock } from './server-clock.ts'
import type { Tracker } from './tracking.ts'

/** When to look for a period, and for which. */
export interface SearchPlan {
  /** At so many changes. */
  readonly dueAt: number
  /** Searches that found none. */
  readonly tries: number
  /** The period followed before it was lost, ms; 0: none. */
  readonly knownMs: number
}

/**
 * All that a schedule has learned of one source: plain JSON under 4 kB, never changed in place. Instants are ms since
 * 1970; 0 stands for never.
 */
export interface ScheduleState {
  /** When the last poll was sent. */
  readonly sentAt: number
  /** The last good sample. */
  readonly sampledAt: number
  /** The last change: the middle of its window. */
  readonly changedAt: number
  /** Smoothed over about five polls, ms. */
  readonly roundTripMs: number
  /** In a row. */
  readonly failures: number
  /** Seen so far. */
  readonly changes: number
  /** The longest time between two changes, which shrinks slowly, ms. */
  readonly longestGapMs: number
  /** What the hour of day makes of the pace; its mean over a day is 1. */
  readonly pace: number
  /** The share of answers soon after another whose validator changed though the data did not: near 1 it means nothing. */
  readonly remadeShare: number
  readonly rate: ChangeRate
  readonly age: AgeHazard
  readonly hour: HourOfDay
  readonly serverClock: ServerClock
  readonly modified: Modified
  readonly lifetime: CacheLifetime
  readonly exploration: Exploration
  /** Of the latest changes, in order of time; whole ms. */
  readonly windows: readonly ChangeWindow[]
  readonly search: SearchPlan
  /** Null: no schedule is known or suspected. */
  readonly tracker: Tracker | null
  /** What the pace is said to follow; it changes only where the reason clearly does. */
  readonly mood: 'steady' | 'burst' | 'hour'
}

/** The first search comes with the fifth change. */
const firstSearchAt = 5

export function newState(roundTripMs: number): ScheduleState {
  return {
    sentAt: 0,
    sampledAt: 0,
    changedAt: 0,
    roundTripMs,
    failures: 0,
    changes: 0,
    longestGapMs: 0,
    pace: 1,
    remadeShare: 0,
    rate: newChangeRate,
    age: newAgeHazard,
    hour: newHourOfDay,
    serverClock: null,
    modified: newModified,
    lifetime: newCacheLifetime,
    exploration: newExploration,
    windows: [],
    search: { dueAt: firstSearchAt, tries: 0, knownMs: 0 },
    tracker: null,
    mood: 'steady',
  }
}
