import { keyOf } from '../model/key.ts'
import { cellOf, type Row } from '../model/row.ts'
import { rowName } from './column-profile.ts'
import type { Tone } from './freshness-view.ts'
import { numberOf, textOf } from './row-facts.ts'

/** An alert as it is listed. */
export interface AlertLine {
  readonly key: string
  readonly state: string
  readonly tone: Tone
  readonly severity: string
  /** What it says, else the key of its row. */
  readonly text: string
  /** Since when it is in this state, ms since 1970 by the server's clock; undefined: not told. */
  readonly since: number | undefined
}

const states = ['firing', 'pending', 'resolved']
const tones: Readonly<Record<string, Tone>> = { firing: 'down', pending: 'stale', resolved: 'fresh' }

/** The rows of a feed of kind alerts: firing first, each state as the feed orders it. */
export function alertLines(rows: readonly Row[]): readonly AlertLine[] {
  const lines = rows.map(row => {
    const state = textOf(row, 'state')
    const key = keyOf(cellOf(row, 'key')) ?? ''
    return {
      key,
      state,
      tone: tones[state] ?? 'waiting',
      severity: textOf(row, 'severity'),
      text: textOf(row, 'text') || rowName(key),
      since: numberOf(row, 'since'),
    }
  })
  const rank = ({ state }: AlertLine) => (states.indexOf(state) + states.length + 1) % (states.length + 1)
  return lines.toSorted((a, b) => rank(a) - rank(b))
}
