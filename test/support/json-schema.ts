type Schema = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value)

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isObject,
  array: value => Array.isArray(value),
  string: value => typeof value === 'string',
  number: value => typeof value === 'number',
  integer: value => Number.isInteger(value),
  boolean: value => typeof value === 'boolean',
}

/** How each keyword judges a value; what is not of its type it lets pass, as JSON Schema does. */
const keywords: Readonly<Record<string, (wanted: never, value: unknown, schema: Schema) => boolean>> = {
  type: (wanted: string | readonly string[], value) => [wanted].flat().some(type => types[type]?.(value)),
  const: (wanted: unknown, value) => value === wanted,
  enum: (wanted: readonly unknown[], value) => wanted.includes(value),
  pattern: (wanted: string, value) => typeof value !== 'string' || new RegExp(wanted, 'u').test(value),
  minLength: (wanted: number, value) => typeof value !== 'string' || value.length >= wanted,
  minimum: (wanted: number, value) => typeof value !== 'number' || value >= wanted,
  maximum: (wanted: number, value) => typeof value !== 'number' || value <= wanted,
  minItems: (wanted: number, value) => !Array.isArray(value) || value.length >= wanted,
  maxItems: (wanted: number, value) => !Array.isArray(value) || value.length <= wanted,
  items: (wanted: Schema, value) => !Array.isArray(value) || value.every(item => isValid(wanted, item)),
  minProperties: (wanted: number, value) => !isObject(value) || Object.keys(value).length >= wanted,
  maxProperties: (wanted: number, value) => !isObject(value) || Object.keys(value).length <= wanted,
  required: (wanted: readonly string[], value) => !isObject(value) || wanted.every(name => Object.hasOwn(value, name)),
  propertyNames: (wanted: Schema, value) => !isObject(value) || Object.keys(value).every(name => isValid(wanted, name)),
  properties: (wanted: Readonly<Record<string, Schema>>, value) =>
    !isObject(value) || Object.entries(wanted).every(([name, schema]) => !Object.hasOwn(value, name) || isValid(schema, value[name])),
  additionalProperties: (wanted: Schema | boolean, value, schema) => {
    const known = Object.keys(schema['properties'] ?? {})
    const others = isObject(value) ? Object.entries(value).filter(([name]) => !known.includes(name)) : []
    return others.every(([, member]) => (typeof wanted === 'boolean' ? wanted : isValid(wanted, member)))
  },
  anyOf: (wanted: readonly Schema[], value) => wanted.some(one => isValid(one, value)),
}

const annotations = new Set(['$schema', 'title', 'description', 'default', 'examples', 'format'])

/** Whether a value is of a JSON Schema, for the keywords that ours uses; throws at any other. */
export function isValid(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, wanted]) => {
    if (annotations.has(keyword)) return true
    const judge = keywords[keyword]
    if (judge === undefined) throw new Error(`the keyword ${keyword} is not known here`)
    return judge(wanted as never, value, schema)
  })
}
