import { z } from 'zod'
import type { Path } from './finding.ts'

type Schema = z.core.$ZodType

/** The schemas that a schema stands for: without its wrappers, and each member of a union. */
function inside(schema: Schema): readonly Schema[] {
  if (entryOf(schema) !== undefined) return [schema]
  const { def } = (schema as z.core.$ZodTypes)._zod
  if ('innerType' in def) return inside(def.innerType)
  if (def.type === 'pipe') return inside(def.in)
  return def.type === 'union' ? def.options.flatMap(inside) : [schema]
}

/** The schema of each entry of a map of names, where it is one. */
function entryOf(schema: Schema): Schema | undefined {
  const entry = z.globalRegistry.get(schema)?.['mapOf']
  return entry instanceof z.ZodType ? entry : undefined
}

function member(schema: Schema, name: string | number): readonly Schema[] {
  const entry = entryOf(schema)
  if (entry !== undefined) return [entry]
  const { def } = (schema as z.core.$ZodTypes)._zod
  if (def.type === 'array') return [def.element]
  if (def.type !== 'object' || !Object.hasOwn(def.shape, name)) return []
  const found = def.shape[name]
  return found === undefined ? [] : [found]
}

/** The keys that a schema knows at a path of its input. */
export function knownKeys(schema: Schema, path: Path): string[] {
  const reached = path.reduce<readonly Schema[]>(
    (schemas, name) => schemas.flatMap(one => member(one, name)).flatMap(inside),
    inside(schema),
  )
  return reached.flatMap(one => {
    const { def } = (one as z.core.$ZodTypes)._zod
    return def.type === 'object' ? Object.keys(def.shape) : []
  })
}
