import { z } from 'zod'
import { count, flag, mapOf, oneOf, text } from '../lib/option.ts'

const number = z.number({ error: 'expected a number' })

const columnHint = z.strictObject({
  label: text().optional().meta({ description: 'What stands in the place of its name.' }),
  unit: text().optional().meta({
    description: 'What stands after a value, such as km; of a duration what one of it is: ms, s, min, h or d; default s.',
  }),
  decimals: count({ least: 0, most: 12 }).optional().meta({ description: 'Digits after the point; default: as many as its values have.' }),
  as: oneOf(['time', 'duration', 'bytes', 'percent', 'link', 'status'])
    .optional()
    .meta({ description: 'What it is shown as: time, duration, bytes, percent, link or status; default: found by name and values.' }),
  thresholds: z.strictObject({ warning: number.optional(), critical: number.optional() }).optional().meta({
    description: 'From which value on it is marked; where critical is below warning, low values are: {warning: 80, critical: 95}.',
  }),
  hidden: flag().optional().meta({ description: 'Not shown where nobody asks for it by name.' }),
})

/** The keys of a source or feed that say how it is shown. */
export const hintKeys = {
  columns: mapOf(columnHint, 'columns by name: {price: {unit: EUR, decimals: 2}}').optional().meta({
    description: 'How columns are shown to people: label, unit, decimals, as, thresholds, hidden. Feeds computed from it inherit it.',
  }),
}

const hinted = z.object(hintKeys)

/** The written hints as the config has them; nothing where there are none. */
export function hintOptions({ columns }: z.output<typeof hinted>): { readonly columns?: z.output<typeof hinted>['columns'] & object } {
  return columns === undefined || columns.size === 0 ? {} : { columns }
}
