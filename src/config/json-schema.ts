import { z } from 'zod'
import { budgetSchema } from '../source/budget.options.ts'
import { authSchema } from './auth.options.ts'
import { boardSchema } from './board.options.ts'
import { feedSchema } from './feed-section.ts'
import { limitsSchema } from './limits.options.ts'
import { logSchema } from './log.options.ts'
import { namePattern } from './name.ts'
import { serverSchema } from './server.options.ts'
import { defaultsSchema, sourceSchemas } from './source-section.ts'
import { sinkSchemas } from './sink-section.ts'
import { stepSchemas } from './step.ts'
import { testSchema } from './test.options.ts'

type JsonSchema = Readonly<Record<string, unknown>>

/** JSON Schema of a zod schema's input; a map of names (`mapOf`) says what its entries are, a limit that can be off (`orOff`) what it is else, where TypeScript may have functions (`orCode`) what stands there in a file. */
function schemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      const { mapOf, orOff, orCode } = jsonSchema
      delete jsonSchema['mapOf']
      delete jsonSchema['orCode']
      delete jsonSchema['orOff']
      if (orOff instanceof z.ZodType) jsonSchema.anyOf = [schemaOf(orOff), { const: 'off' }]
      if (orCode instanceof z.ZodType) Object.assign(jsonSchema, { ...schemaOf(orCode), ...jsonSchema })
      if (mapOf instanceof z.ZodType) jsonSchema.additionalProperties = schemaOf(mapOf)
    },
  })
  return json
}

function namedEntries(entry: JsonSchema, description: string): JsonSchema {
  return { type: 'object', description, propertyNames: { pattern: namePattern.source }, additionalProperties: entry }
}

/** A step or a sink is a map with one name; `short`: what may stand there in place of its options. */
function oneOf(schemas: Readonly<Record<string, z.ZodType>>, short?: JsonSchema): JsonSchema {
  const options = (schema: z.ZodType): JsonSchema => (short === undefined ? schemaOf(schema) : { anyOf: [short, schemaOf(schema)] })
  return {
    type: 'object',
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: false,
    properties: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, options(schema)])),
  }
}

function feed(): JsonSchema {
  const { properties, ...rest } = schemaOf(feedSchema)
  const steps = { type: 'array', description: 'From table to table, in order.', items: oneOf(stepSchemas) }
  const url = { type: 'string', description: 'A URL is enough to begin.' }
  const sinks = { type: 'array', description: 'Who is told of it.', items: { anyOf: [{ const: 'log' }, oneOf(sinkSchemas, url)] } }
  return { ...rest, properties: { ...(properties as JsonSchema), steps, sinks } }
}

function source(): JsonSchema {
  const text = { type: 'string', description: 'A URL is enough to begin: rows and key are found by looking.' }
  return { anyOf: [text, ...Object.values(sourceSchemas).map(schemaOf)] }
}

let made: JsonSchema | undefined

/** What an editor needs to complete and check a config while it is written: JSON Schema 2020-12. */
export function jsonSchema(): JsonSchema {
  made ??= wholeSchema()
  return made
}

function wholeSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Millrace config',
    type: 'object',
    additionalProperties: false,
    required: ['sources'],
    properties: {
      server: { ...schemaOf(serverSchema), description: 'Where and how the server listens.' },
      auth: {
        description: 'Who may read what; none says aloud that whoever reaches the server may read everything.',
        anyOf: [{ const: 'none' }, schemaOf(authSchema)],
      },
      limits: { ...schemaOf(limitsSchema), description: 'What readers may ask of the server.' },
      log: { ...schemaOf(logSchema), description: 'What is written to stderr.' },
      budgets: namedEntries(schemaOf(budgetSchema), 'What sources may ask together; a source names one by `budget`.'),
      state: {
        type: 'string',
        minLength: 1,
        description: 'The folder of what survives a restart, from where the config is; default: nothing does.',
      },
      defaults: {
        ...schemaOf(defaultsSchema),
        description: 'Any key of a source but what it asks: in force for each source that does not have it.',
      },
      sources: namedEntries(source(), 'What is polled. Each source is a feed of its own name.'),
      feeds: namedEntries(feed(), 'Live tables computed from sources and other feeds.'),
      tests: { type: 'object', description: 'Cases for `millrace test`, by name.', additionalProperties: schemaOf(testSchema) },
      boards: namedEntries(schemaOf(boardSchema), 'Tiles of feeds on one page.'),
    },
  }
}
