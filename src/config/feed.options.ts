import { z } from 'zod'
import { flag, oneOf, text } from '../lib/option.ts'

const input = text('the name of a source or feed')
const term = z
  .string({ error: 'expected a column, `-` before it for descending' })
  .regex(/^-?[^-]/, { error: 'expected a column, `-` before it for descending' })

/** The keys of a feed but `steps`, `sinks` and `export`, which are composed of the options of operators and sinks. */
export const feedKeys = {
  from: z
    .union([input, z.array(input).min(1)], { error: 'expected the name of a source or feed, or a list of them' })
    .meta({ description: 'The source or feed it is computed from, or several with equal columns, whose rows become one table.' }),
  order: z
    .union([term, z.array(term).min(1)], { error: 'expected a column, `-` before it for descending, or a list of them' })
    .optional()
    .meta({ description: 'One column or several; `-` before a name is descending. Default: what its last step gives, else the key.' }),
  demand: oneOf(['auto', 'readers', 'always']).optional().meta({
    description: 'When its sources are asked: auto (while a reader or a feed that must not sleep wants it), readers, always; default auto.',
  }),
  public: flag().optional().meta({ description: 'Whether readers may follow it; default true.' }),
  description: text().optional().meta({ description: 'One sentence for people.' }),
}
