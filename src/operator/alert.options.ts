import { z } from 'zod'
import { cap, defaultMaxGroups } from '../lib/cap.ts'
import { computation, isRowFunction, oneOf, orCode, text, time } from '../lib/option.ts'

/** The columns that each alert has of itself, in their order. */
export const alertColumns = ['key', 'state', 'since', 'activeAt', 'value', 'severity', 'text'] as const

/** `alert: {when: bikes < 50, for: 1m, resolve: bikes > 80}`: rows that need attention. */
export const alertOptions = z.strictObject({
  when: computation().meta({
    description: 'A CEL expression over the columns of a row: while it is true the row is pending, then firing.',
  }),
  for: time().optional().meta({ description: 'How long it is to be true before the row fires; default: at once.' }),
  resolve: computation()
    .optional()
    .meta({ description: 'A CEL expression: a row that fires goes on until it is true; default: until `when` is not.' }),
  keepFiringFor: time().optional().meta({ description: 'How long a row goes on firing after it would have been resolved.' }),
  onMissing: oneOf(['keep', 'resolve', 'fire']).optional().meta({
    description:
      'When the row is gone, or null where `when` needs a value: keep what is, with its times standing still; resolve; or fire; default keep.',
  }),
  severity: text().optional().meta({ description: 'A word for people and for what is told of it.' }),
  text: orCode(text(), value => (isRowFunction(value) ? value : undefined))
    .optional()
    .meta({ description: 'What is said of a row, with CEL expressions in it: "{{region}} has {{bikes}}".' }),
  maxGroups: cap('alerts held; further ones are left out', defaultMaxGroups),
})

export type AlertOptions = z.output<typeof alertOptions>
