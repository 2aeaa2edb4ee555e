import { z } from 'zod'
import { computation, mapOf, oneOf, text } from '../lib/option.ts'

/** The name by which expressions of a join read the row of the other table. */
export const rightName = 'right'

/** `join: {with: titles, on: title_id, columns: {title: right.title}}`: columns of another feed, beside all others. */
export const joinOptions = z.strictObject({
  with: text('the name of a source or feed').meta({ description: 'The source or feed whose rows are looked up, as they were last.' }),
  on: computation().optional().meta({ description: 'A CEL expression over the row that gives the key of the other; default: its key.' }),
  key: computation()
    .optional()
    .meta({ description: 'A CEL expression over the row of the other: what `on` is to equal; default: its key.' }),
  kind: oneOf(['inner', 'left']).optional().meta({
    description: 'inner: only rows that have another; left: all, with null where there is none; default inner.',
  }),
  columns: mapOf(computation(), 'columns by name: {name: right.name}').meta({
    description: 'Columns by name, each a CEL expression over the row, and over the other one by `right.`: these beside all others.',
  }),
})

export type JoinOptions = z.output<typeof joinOptions>
