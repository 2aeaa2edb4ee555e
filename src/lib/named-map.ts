import { z } from 'zod'

/** What a map of names in a config becomes: in the order written, and safe for a name such as `__proto__`. */
export type NamedMap<Value> = ReadonlyMap<string, Value>

function entriesOf(input: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (input instanceof Map) return [...input].map(([name, value]) => [String(name), value])
  return typeof input === 'object' && input !== null && !Array.isArray(input) ? Object.entries(input) : undefined
}

/**
 * A map of names to values, one or more. Instead of zod's `record`, which drops a member called `__proto__` silently.
 * Takes an object or a Map, gives a Map; each issue carries the name in its path.
 */
export function namedMap<Value extends z.ZodType>(value: Value, expected: string): z.ZodType<NamedMap<z.output<Value>>> {
  const parse = (input: unknown, context: z.RefinementCtx): NamedMap<z.output<Value>> => {
    const entries = entriesOf(input)
    const output = new Map<string, z.output<Value>>()
    if (entries === undefined || entries.length === 0) {
      context.addIssue({ code: 'custom', message: `expected ${expected}`, input })
      return z.NEVER
    }
    for (const [name, member] of entries) {
      const parsed = value.safeParse(member)
      if (parsed.success) output.set(name, parsed.data)
      else for (const issue of parsed.error.issues) context.addIssue({ ...issue, path: [name, ...issue.path] })
    }
    return output
  }
  const additionalProperties = z.toJSONSchema(value, { io: 'input', unrepresentable: 'any' })
  delete additionalProperties.$schema
  return z.unknown().meta({ type: 'object', minProperties: 1, additionalProperties }).transform(parse)
}
