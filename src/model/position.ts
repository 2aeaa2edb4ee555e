import { randomText, type Random } from '../lib/random.ts'

/**
 * Where a reader stands in a feed. The epoch prevents one disaster: a server that lost its history and counts
 * again from 1 would otherwise hand deltas to a reader whose version 7 was another table.
 */
export interface Position {
  /** 12 characters of [0-9a-z]; new when continuity is lost. A feed's epochs sort by age as strings. */
  readonly epoch: string
  /** 1 .. 2^53-1; 0 = no data yet. */
  readonly version: number
}

/** A position with the checksum of the table held there: what a client offers on reconnect. */
export interface Since extends Position {
  readonly count?: number
  readonly sum?: string
}

/** 9 characters of time in ms (base 36, until the year 5188) and 3 of chance. Never sorts before `after`. */
export function newEpoch(nowMs: number, random: Random, after = ''): string {
  const time = (ms: number) => Math.max(0, Math.floor(ms)).toString(36).padStart(9, '0').slice(-9)
  const epoch = time(nowMs) + randomText(random, 3)
  // The wall clock may have been set back since the last epoch: go on from that one's instant instead.
  return epoch > after ? epoch : time(Number.parseInt(after.slice(0, 9), 36) + 1) + randomText(random, 3)
}
