import type { Hints } from '../model/hint.ts'
import type { Row } from '../model/row.ts'
import type { SubjectLine } from './chart-subject.ts'
import { profileColumns, showNumber, showValue, type ColumnProfile } from './column-profile.ts'
import type { Format } from './format.ts'
import { seriesColumns, seriesLines, type SeriesLine } from './series-lines.ts'
import type { ChartData } from './trail.ts'

const mostLines = 6

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
export class SeriesSubject {
  #trail: ChartData = new MergedLines([])
  #columns: readonly string[] = []
  #column: string | undefined
  #profile: ColumnProfile | undefined
  #lines: readonly SubjectLine[] = []
  #rows: readonly Row[] | undefined

  get trail(): ChartData {
    return this.#trail
  }
  get columns(): readonly string[] {
    return this.#columns
  }
  get column(): string | undefined {
    return this.#column
  }
  get lines(): readonly SubjectLine[] {
    return this.#lines
  }

  text(value: number, format: Format): string {
    if (this.#profile === undefined || this.#profile.kind === 'number') return format.compact(value)
    return showNumber(value, this.#profile, format)
  }

  choose(column: string): void {
    if (!this.#columns.includes(column)) return
    this.#column = column
    this.#rows = undefined
  }

  follow(
    rows: readonly Row[],
    columns: readonly string[],
    { nowMs, format, hints }: { readonly nowMs: number; readonly format: Format; readonly hints?: Hints },
  ): void {
    if (rows === this.#rows) return
    this.#rows = rows
    this.#columns = seriesColumns(rows, columns)
    if (!this.#columns.includes(this.#column ?? '')) this.#column = this.#columns[0]
    const column = this.#column
    if (column === undefined) return
    const [profile] = profileColumns([column], rows, [], hints)
    this.#profile = profile
    const lines = seriesLines(rows, column, mostLines)
    this.#trail = new MergedLines(lines)
    this.#lines = lines.map(({ id, label, values }) => ({
      id,
      label,
      text: profile === undefined ? '' : showValue(values.at(-1) ?? null, profile, nowMs, format),
    }))
  }
}
