/** Columns that are taken for there at one place of a config: `feeds.empty.steps[0].where`. */
export interface NamedColumns {
  readonly place: string
  readonly columns: readonly string[]
}
