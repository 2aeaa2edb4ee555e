import { z } from 'zod'
import { isRecord, type Path } from './finding.ts'
import type { Judge } from './judge.ts'
import { readFault } from './variable.ts'

/** A schema of zod, which a config of TypeScript may have, as JSON Schema: what rows have to be before any default. @throws Error where it cannot be */
function schemaOf(written: unknown): unknown {
  const isZod = typeof written === 'object' && written !== null && '_zod' in written
  return isZod ? JSON.parse(JSON.stringify(z.toJSONSchema(written as unknown as z.core.$ZodType, { io: 'input' }))) : written
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
    z.fromJSONSchema(schema)
    return { shape: schema }
  } catch (error) {
    const why = error instanceof SyntaxError ? 'it is not JSON' : readFault(error)
    const expected = 'learn, any, the path of a JSON Schema, or one'
    judge.report({ path, at: 'value', message: `the JSON Schema cannot be used: ${why}`, expected })
    return undefined
  }
}
