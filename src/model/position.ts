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

/**
 * 9 characters of time in ms (base 36, until the year 5188) and 3 of chance. Always sorts behind `after`.
 * @param random a number in [0, 1)
 */
export function newEpoch(nowMs: number, random: () => number, after = ''): string {
  const digits = (value: number, length: number) => Math.floor(value).toString(36).padStart(length, '0')
  const at = (ms: number) => digits(Math.max(0, ms), 9) + digits(random() * 36 ** 3, 3)
  const epoch = at(nowMs)
  // The wall clock may have been set back since the last epoch: go on from that one's instant instead.
  return epoch > after ? epoch : at(Number.parseInt(after.slice(0, 9), 36) + 1)
}
