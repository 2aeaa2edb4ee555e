import type { Cell } from '../model/row.ts'

export type Members = { readonly [member: string]: Cell }

export function isMembers(value: Cell | undefined): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The value at a dotted path of own members and places in arrays (`data.stations`, `value.1`); a member whose own name
 * has dots in it is found too. Undefined where the path does not lead anywhere.
 */
export function valueAt(value: Cell, path: string): Cell | undefined {
  if (isMembers(value) && Object.hasOwn(value, path)) return value[path]
  if (Array.isArray(value) && /^\d+$/.test(path)) return (value as readonly Cell[])[Number(path)]
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const inner = valueAt(value, path.slice(0, dot))
    const found = inner === undefined ? undefined : valueAt(inner, path.slice(dot + 1))
    if (found !== undefined) return found
  }
  return undefined
}
