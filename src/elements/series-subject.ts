import { noHints, type Hints } from '../model/hint.ts'
import type { Row } from '../model/row.ts'
import { profileColumn, showValue } from './column-profile.ts'
import { seriesColumns, seriesLines, type SeriesLine } from './series-lines.ts'
import { mostLines, Subject, type SubjectColumn, type SubjectMoment, type SubjectTable } from './subject.ts'
import type { ChartData } from './trail.ts'

/** Lines that have each their own times, on one axis: null where a line has no point. */
class MergedLines implements ChartData {
  readonly times: readonly number[]
  readonly #lines: ReadonlyMap<string, readonly (number | null)[]>
  readonly #none: readonly null[]

  constructor(lines: readonly SeriesLine[]) {
    this.times = [...new Set(lines.flatMap(({ times }) => times))].toSorted((a, b) => a - b)
    this.#none = this.times.map(() => null)
    const at = new Map(this.times.map((time, i) => [time, i]))
    this.#lines = new Map(
      lines.map(({ id, times, values }) => {
        const merged: (number | null)[] = this.times.map(() => null)
        times.forEach((time, i) => (merged[at.get(time) ?? 0] = values[i] ?? null))
        return [id, merged]
      }),
    )
  }

  line(id: string): readonly (number | null)[] {
    return this.#lines.get(id) ?? this.#none
  }
}

/** What the chart of a feed of kind `series` shows: one column, drawn from the rows themselves, which hold the past. */
export class SeriesSubject extends Subject {
  readonly whole = true
  readonly #asked: string
  #trail: ChartData = new MergedLines([])
  #columns: readonly SubjectColumn[] = []
  #column: string | undefined
  #rows: readonly Row[] | undefined
  #hints: Hints = noHints

  /** `asked`: what somebody asked for by name, though it be hidden; empty: nothing. */
  constructor(asked = '') {
    super()
    this.#asked = asked
  }

  get trail(): ChartData {
    return this.#trail
  }
  get columns(): readonly SubjectColumn[] {
    return this.#columns
  }
  get column(): string | undefined {
    return this.#column
  }

  choose(column: string): void {
    if (!this.#columns.some(({ name }) => name === column)) return
    this.#column = column
    this.#rows = undefined
  }

  follow(rows: readonly Row[], { columns }: SubjectTable, { nowMs, format, hints = noHints }: SubjectMoment): void {
    if (rows === this.#rows && hints === this.#hints) return
    this.#rows = rows
    this.#hints = hints
    const names = seriesColumns(rows, columns, hints, this.#asked)
    this.#columns = names.map(name => ({ name, label: hints.get(name)?.label ?? name }))
    if (!names.includes(this.#column ?? '')) this.#column = names.includes(this.#asked) ? this.#asked : names[0]
    const column = this.#column
    if (column === undefined) {
      this.held = []
      return
    }
    const profile = profileColumn(column, rows, undefined, hints.get(column))
    this.profile = profile
    const lines = seriesLines(rows, column, mostLines, profile.label)
    this.#trail = new MergedLines(lines)
    this.held = lines.map(({ id, label, values }) => ({ id, label, text: showValue(values.at(-1) ?? null, profile, nowMs, format) }))
  }
}
