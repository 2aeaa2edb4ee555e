import { z } from 'zod'
import { isRecord, printPath, type Finding, type Path } from './finding.ts'
import { likelyWord } from './likely-word.ts'
import type { Judge } from './judge.ts'
import { readFault } from './variable.ts'

/** A schema of zod, which a config of TypeScript may have, as JSON Schema: what rows have to be before any default. @throws Error where it cannot be */
function schemaOf(written: unknown): unknown {
  const isZod = typeof written === 'object' && written !== null && '_zod' in written
  return isZod ? JSON.parse(JSON.stringify(z.toJSONSchema(written as unknown as z.core.$ZodType, { io: 'input' }))) : written
}

const types = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']

/** Where schemas stand in a schema: as a member, under names, or in a list. */
const [asMember, underNames, inList] = [
  ['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains'],
  ['properties', 'patternProperties', '$defs', 'definitions'],
  ['anyOf', 'allOf', 'oneOf', 'prefixItems'],
]

/** Each `type` that JSON Schema does not know, in a schema and those that stand in it. */
function* wrongTypes(schema: unknown, path: Path = []): Generator<{ readonly at: Path; readonly type: unknown }> {
  if (!isRecord(schema)) return
  const { type } = schema
  for (const [index, one] of (Array.isArray(type) ? type : type === undefined ? [] : [type]).entries())
    if (!types.includes(one as string)) yield { at: [...path, 'type', ...(Array.isArray(type) ? [index] : [])], type: one }
  for (const key of asMember) yield* wrongTypes(schema[key], [...path, key])
  for (const key of [...underNames, ...inList])
    if (Array.isArray(schema[key]) || isRecord(schema[key]))
      for (const [name, inner] of Object.entries(schema[key]))
        yield* wrongTypes(inner, [...path, key, Array.isArray(schema[key]) ? Number(name) : name])
}

function wrongType(path: Path, isOfFile: boolean, at: Path, type: unknown): Finding {
  const found = `${typeof type === 'string' ? type : JSON.stringify(type)}${isOfFile ? ` at ${printPath(at)}` : ''}`
  const expected = `a type of JSON Schema: ${types.join(', ')}`
  return { path: isOfFile ? path : [...path, ...at], at: 'value', expected, found, ...likelyWord(type, types) }
}

/**
 * The `shape` of a source with a JSON Schema in the place of a file's path or a schema of zod; nothing where it names none. Undefined where
 * something is wrong with it, which has been reported.
 */
export function shapeOf(judge: Judge, path: Path, written: unknown): { readonly shape?: unknown } | undefined {
  if (written === undefined || written === 'learn' || written === 'any') return {}
  try {
    const schema: unknown = typeof written === 'string' ? JSON.parse(judge.readFile(written)) : schemaOf(written)
    // What is no schema is refused with all else that is of the wrong type.
    if (!isRecord(schema)) return typeof written === 'string' ? { shape: [] } : {}
    const wrong = [...wrongTypes(schema)]
    for (const { at, type } of wrong) judge.report(wrongType(path, typeof written === 'string', at, type))
    if (wrong.length > 0) return undefined
    z.fromJSONSchema(schema)
    return { shape: schema }
  } catch (error) {
    const why = error instanceof SyntaxError ? 'it is not JSON' : readFault(error)
    const expected = 'learn, any, the path of a JSON Schema, or one'
    judge.report({ path, at: 'value', message: `the JSON Schema cannot be used: ${why}`, expected })
    return undefined
  }
}
