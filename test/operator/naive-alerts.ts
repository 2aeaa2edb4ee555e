import type { Row } from '../../src/model/row.ts'
import type { Table } from '../../src/model/table.ts'
import { alertRow, alertShape, findingOf, type Alert } from '../../src/operator/alert.ts'
import type { PastTable } from '../../src/operator/past-table.ts'

const stepMs = 1000

interface Told {
  state: 'pending' | 'firing' | 'resolved'
  row: Row
  since: number
  activeAt: number
  /** How long the alert has been on its way to its next state, where it is. */
  waited: number | undefined
  stands: boolean
}

/** The alert of one row, lived through second by second. */
class Life {
  told: Told | undefined
  readonly #alert: Alert
  #last: Row | undefined

  constructor(alert: Alert) {
    this.#alert = alert
  }

  pass(now: number): void {
    const { told } = this
    if (told?.waited === undefined || told.stands) return
    told.waited += stepMs
    if (told.state === 'pending' && told.waited >= this.#alert.forMs) {
      Object.assign(told, { state: 'firing', since: now, waited: undefined })
    } else if (told.state === 'firing' && told.waited >= this.#alert.keepFiringForMs) {
      Object.assign(told, { state: 'resolved', since: now, waited: undefined })
    }
  }

  see(row: Row | undefined, key: string, now: number): void {
    this.#last = row ?? this.#last
    if (this.#last === undefined) return
    const finding = findingOf(this.#alert, row, key)
    const { told } = this
    if (told !== undefined) told.row = this.#last
    if (told === undefined || told.state === 'resolved') {
      if (finding !== 'alarming') return
      const fires = this.#alert.forMs === 0
      this.told = {
        state: fires ? 'firing' : 'pending',
        row: this.#last,
        since: now,
        activeAt: now,
        waited: fires ? undefined : 0,
        stands: false,
      }
      return
    }
    told.stands = finding === 'missing'
    if (told.stands) return
    if (told.state === 'pending') {
      if (finding !== 'alarming') this.told = undefined
    } else if (finding !== 'calm') told.waited = undefined
    else if (this.#alert.keepFiringForMs === 0) Object.assign(told, { state: 'resolved', since: now, waited: undefined })
    else told.waited ??= 0
  }
}

/** The definition of `alert` without its cap, for times that are whole seconds and less than 15 min (L10). */
export function naiveAlerts(inputs: readonly PastTable[], now: number, alert: Alert): Table {
  const [first] = inputs
  const last = inputs.at(-1)
  if (first === undefined || last === undefined) throw new RangeError('there is no sample')
  const rows = new Map<string, Row>()
  for (const key of new Set(inputs.flatMap(({ table }) => [...table.rows.keys()]))) {
    const life = new Life(alert)
    for (let time = first.time; time <= now; time += stepMs) {
      if (time > first.time) life.pass(time)
      for (const input of inputs) if (input.time === time) life.see(input.table.rows.get(key), key, time)
    }
    const { told } = life
    if (told !== undefined) rows.set(key, alertRow(alert, told, key, told))
  }
  return { ...alertShape(last.table), rows }
}
