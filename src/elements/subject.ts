import type { Hints } from '../model/hint.ts'
import type { Row } from '../model/row.ts'
import { showNumber, type ColumnProfile } from './column-profile.ts'
import type { Format } from './format.ts'
import type { TableShape } from './measures.ts'
import type { ChartData } from './trail.ts'

/** As many lines as have a colour. */
export const mostLines = 6

/** A line of the chart with its value now. */
export interface SubjectLine {
  readonly id: string
  readonly label: string
  readonly text: string
}

/** A column to choose, by the name that people know it by. */
export interface SubjectColumn {
  readonly name: string
  readonly label: string
}

/** Where a subject finds its rows; `rows`: all of them by key, where they are at hand. */
export interface SubjectTable extends TableShape {
  readonly rows?: ReadonlyMap<string, Row>
}

/** `known`: whether the values are true now; `timeMs` by this machine's clock, `nowMs` by the server's. */
export interface SubjectMoment {
  readonly known: boolean
  readonly timeMs: number
  readonly nowMs: number
  readonly format: Format
  readonly hints?: Hints
}

/** What the chart of a feed shows: one column of it, in some lines over time. */
export abstract class Subject {
  abstract readonly trail: ChartData
  /** All of the trail is drawn, not the last minutes alone. */
  abstract readonly whole: boolean
  protected profile: ColumnProfile | undefined
  protected held: readonly SubjectLine[] = []

  /** The columns to choose from. */
  abstract readonly columns: readonly SubjectColumn[]
  abstract readonly column: string | undefined

  /** The same array until a line, or a value of one, is another. */
  get lines(): readonly SubjectLine[] {
    return this.held
  }

  /** A value of the chosen column as text, for an axis. */
  text(value: number, format: Format): string {
    if (this.profile === undefined || this.profile.kind === 'number') return format.compact(value)
    return showNumber(value, this.profile, format)
  }

  /** Takes effect when it next follows; a column that is not among those to choose from is not chosen. */
  abstract choose(column: string): void
  abstract follow(rows: readonly Row[], table: SubjectTable, at: SubjectMoment): void
}
