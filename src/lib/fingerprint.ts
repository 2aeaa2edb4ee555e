import { createHash, randomUUID } from 'node:crypto'

/**
 * A short text that is equal for equal values, whatever the order of their members, and another one for others: 22 characters of
 * base64url, half a SHA-256. Takes what a config is made of: plain objects, lists, Maps, scalars, regular expressions, functions.
 */
export function fingerprint(value: unknown): string {
  return createHash('sha256').update(printed(value)).digest().subarray(0, 16).toString('base64url')
}

/** Every value in a form of its own; members in the order of their names. */
function printed(value: unknown): string {
  if (value instanceof Map) return `map${printed([...value])}`
  if (Array.isArray(value)) return `[${value.map(printed).join(',')}]`
  if (value instanceof RegExp) return `regexp${JSON.stringify(String(value))}`
  if (typeof value === 'function') return `function${JSON.stringify(printOf(value))}`
  if (typeof value !== 'object' || value === null) return `${typeof value}${JSON.stringify(value) ?? ''}`
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members
    .map(([name, member]) => `${JSON.stringify(name)}:${printed(member)}`)
    .sort()
    .join(',')}}`
}

const prints = new WeakMap<object, string>()

/** Functions that are told the same print count as equal: nobody can see what else a function takes its values from. */
export function tellPrint(of: object, print: string): void {
  prints.set(of, print)
}

/** What was told of a function, else one that no other has. */
function printOf(of: object): string {
  const print = prints.get(of) ?? randomUUID()
  prints.set(of, print)
  return print
}
