import { TimeUp, withinTime } from '../lib/time-limit.ts'
import { formatDuration } from '../lib/unit.ts'
import { rowOf, type Row } from '../model/row.ts'
import { DecodeError, exceeded } from './decode-error.ts'

/** The pattern comes from the config, which is trusted; the text does not: what they do together has an end. */
export const patternLimitMs = 250

/**
 * Each match of a pattern in a text is a row; its named groups are the columns, a group that took no part is null.
 * @param pattern with the flag `g`
 * @throws DecodeError
 */
export function matchRows(text: string, pattern: RegExp, maxRows: number): readonly Row[] {
  const rows: Row[] = []
  const collect = (): void => {
    for (const { groups } of text.matchAll(pattern)) {
      if (rows.length >= maxRows) throw exceeded('maxRows', String(maxRows))
      rows.push(rowOf(Object.entries(groups ?? {}).map(([name, found]) => [name, (found as string | undefined) ?? null])))
    }
  }
  try {
    withinTime(patternLimitMs, collect)
  } catch (error) {
    if (!(error instanceof TimeUp)) throw error
    throw new DecodeError('too_large', `pattern: no end after ${formatDuration(patternLimitMs)}; does it repeat what itself repeats?`)
  }
  return rows
}
