import { z } from 'zod'
import { count, oneOf, text } from '../lib/option.ts'

const term = z
  .string({ error: 'expected a column, `-` before it for descending' })
  .regex(/^-?[^-]/, { error: 'expected a column, `-` before it for descending' })
const column = text('a column')

/** The keys of a tile. */
export const tileSchema = z.strictObject({
  show: oneOf(['table', 'chart', 'figure', 'alerts', 'heartbeat', 'map']).meta({
    description: 'What it shows: a table, a chart, a figure, a list of alerts, the heartbeat of a source, or a map.',
  }),
  feed: text('the name of a source or feed').meta({ description: 'The feed it shows; of a heartbeat the source.' }),
  title: text().optional().meta({ description: 'What stands above it; default: the name of the feed.' }),
  where: text('an expression').optional().meta({ description: 'Only the rows for which this CEL expression holds.' }),
  order: z
    .union([term, z.array(term).min(1)], { error: 'expected a column, `-` before it for descending, or a list of them' })
    .optional()
    .meta({ description: 'One column or several; `-` before a name is descending; default: as the feed comes.' }),
  limit: count().optional().meta({ description: 'At most so many rows.' }),
  columns: z
    .array(column, { error: 'expected a list of columns' })
    .min(1)
    .optional()
    .meta({ description: 'Of a table: which columns, in this order.' }),
  column: column.optional().meta({ description: 'Of a chart, figure or map: the column it shows; default: the one that tells most.' }),
  key: text('the key of a row').optional().meta({ description: 'Of a figure: the key of its row; default: the first.' }),
  width: count({ most: 4 }).optional().meta({ description: 'In columns of the grid, which has 4; default: as its kind needs.' }),
  height: count({ most: 6 }).optional().meta({ description: 'In rows of the grid; default: as its kind needs.' }),
})

function listOf<T extends z.ZodType>(tile: T): z.ZodArray<T> {
  return z
    .array(tile, { error: 'expected a list of tiles, `- {show: table, feed: name}`' })
    .min(1, { error: 'expected at least one tile, `- {show: table, feed: name}`' })
    .max(48, { error: 'expected at most 48 tiles' })
}

/** The keys of a board. */
export const boardSchema = z.strictObject({
  title: text().optional().meta({ description: 'What it is called; default: its name.' }),
  tiles: listOf(tileSchema).meta({ description: 'Its tiles, in the order of reading.' }),
})

/** A board but for what is in its tiles, each of which is judged by itself. */
export const outerBoardSchema = boardSchema.extend({ tiles: listOf(z.unknown()) })
