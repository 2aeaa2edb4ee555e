import type { Cell } from '../model/row.ts'

export type Members = { readonly [member: string]: Cell }

export function isMembers(value: Cell | undefined): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Longer ones are names of members, never led along: what a lookup costs must not be for an upstream to choose. */
const longestPath = 256

function memberOf(value: Cell, name: string): Cell | undefined {
  if (isMembers(value)) return Object.hasOwn(value, name) ? value[name] : undefined
  return Array.isArray(value) && /^\d+$/.test(name) ? (value as readonly Cell[])[Number(name)] : undefined
}

/**
 * The value at a dotted path of own members and places in arrays (`data.stations`, `value.1`); a member whose own name
 * has dots in it is found too. Undefined where the path does not lead anywhere. Each step goes to a member that is
 * there, so that a lookup visits no value twice.
 */
export function valueAt(value: Cell, path: string): Cell | undefined {
  const whole = memberOf(value, path)
  if (whole !== undefined || typeof value !== 'object' || value === null || path.length > longestPath) return whole
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const inner = memberOf(value, path.slice(0, dot))
    const found = inner === undefined ? undefined : valueAt(inner, path.slice(dot + 1))
    if (found !== undefined) return found
  }
  return undefined
}
