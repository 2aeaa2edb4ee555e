import { cellOf, copyOf, equalCells, equalRows, setCell, type Cell, type Row } from '../model/row.ts'

/** Which changes of a row are none. */
export interface ChangeRules {
  /** Columns, or paths into them (`*` goes over items), whose change alone is none; default: none. */
  readonly ignore?: readonly string[]
  /** By column: a change of a number that is smaller is none; default: any change is one. */
  readonly deadband?: ReadonlyMap<string, number>
}

/** What becomes of a row that was there before: where it did not change it stays the object that it was. */
export type Settle = (before: Row, row: Row) => Row

export function rowSettler(columns: readonly string[], { ignore = [], deadband = new Map() }: ChangeRules): Settle {
  const equal = comparer(columns, ignore)
  if (deadband.size === 0) return (before, row) => (equal(before, row) ? before : row)
  return (before, row) => {
    const kept = keepSmall(before, row, deadband)
    return equal(before, kept) ? before : kept
  }
}

/** Undefined: their members differ in name or order, so that it takes a closer look. */
function equalMembers(a: Row, b: Row): boolean | undefined {
  const names = Object.keys(a)
  const others = Object.keys(b)
  if (names.length !== others.length) return undefined
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? ''
    if (name !== others[i]) return undefined
    if (a[name] !== b[name] && !equalCells(a[name] ?? null, b[name] ?? null)) return false
  }
  return true
}

function comparer(columns: readonly string[], ignore: readonly string[]): (a: Row, b: Row) => boolean {
  if (ignore.length === 0) return (a, b) => equalMembers(a, b) ?? equalRows(a, b, columns)
  const compared = columns.filter(column => !ignore.includes(column))
  // A path leads into the column that its beginning names.
  const within = compared.flatMap(column => {
    const paths = innerPaths(ignore, column)
    return paths.length === 0 ? [] : [{ column, paths }]
  })
  const whole = compared.filter(column => !within.some(({ column: other }) => other === column))
  return (a, b) => equalRows(a, b, whole) && within.every(({ column, paths }) => equalBut(cellOf(a, column), cellOf(b, column), paths))
}

/** What paths that begin with a name go on with. */
function innerPaths(paths: readonly string[], name: string): readonly string[] {
  return paths.flatMap(path => (path.startsWith(`${name}.`) ? [path.slice(name.length + 1)] : path.startsWith('*.') ? [path.slice(2)] : []))
}

/** Equal but for what stands at the paths. */
function equalBut(a: Cell, b: Cell, paths: readonly string[]): boolean {
  if (a === b || paths.length === 0) return equalCells(a, b)
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [a as Readonly<Record<string, Cell>>, b as Readonly<Record<string, Cell>>]
  const names = new Set([...Object.keys(left), ...Object.keys(right)])
  return [...names].every(name => {
    if (paths.includes(name) || paths.includes('*')) return true
    const has = Object.hasOwn(left, name) === Object.hasOwn(right, name)
    return has && equalBut(left[name] ?? null, right[name] ?? null, innerPaths(paths, name))
  })
}

/** The row with the numbers it had before where they moved by less than their deadband. */
function keepSmall(before: Row, row: Row, deadband: ReadonlyMap<string, number>): Row {
  let kept: Record<string, Cell> | undefined
  for (const [column, width] of deadband) {
    const [was, is] = [cellOf(before, column), cellOf(row, column)]
    if (typeof was !== 'number' || typeof is !== 'number' || was === is || Math.abs(is - was) >= width) continue
    kept ??= copyOf(row)
    setCell(kept, column, was)
  }
  return kept ?? row
}
