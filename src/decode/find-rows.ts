import type { Cell } from '../model/row.ts'
import { DecodeError, quotable } from './decode-error.ts'
import { isMembers } from './path.ts'
import { candidatesIn, countLeaves, type Candidate } from './row-candidates.ts'

function isPlausible(candidate: Candidate, leaves: number): boolean {
  if (candidate.path === '.') return true
  const isMost = candidate.items > 0 && candidate.leaves * 2 >= leaves
  if (candidate.of === 'scalars') return isMost && candidate.isWrapper
  return isMost || (candidate.isWrapper && !candidate.path.endsWith('*'))
}

/** Objects go before arrays before scalars, what is empty and what stands aside last, the larger before the smaller. */
function merit({ of, isAside, items }: Candidate): readonly number[] {
  return [items > 0 ? 1 : 0, isAside ? 0 : 1, { objects: 2, arrays: 1, scalars: 0 }[of], items]
}

function isBetter(a: Candidate, b: Candidate): boolean {
  const [first, second] = [merit(a), merit(b)]
  const at = first.findIndex((value, i) => value !== second[i])
  return at >= 0 && (first[at] ?? 0) > (second[at] ?? 0)
}

/** Where the rows stand, found by looking, and why there. */
export interface RowsGuess {
  readonly path: string
  /** There is an array of rows, though it may be empty; false: the document is one row. */
  readonly isArray: boolean
  /** Other arrays that could have been meant. */
  readonly others: readonly string[]
}

/**
 * Looks for the rows of a document: its largest array of objects, or object of objects that are alike, provided that it
 * holds most of what the document says or has one of the names APIs give to rows (a weather report with a list of two
 * alerts is one row).
 */
export function findRows(document: Cell): RowsGuess {
  const leaves = countLeaves(document)
  const all = [...candidatesIn(document)]
  // Several lists of scalars are columns rather than rows.
  const isColumns = all.filter(({ of }) => of === 'scalars').length > 1
  const plausible = all.filter(candidate => isPlausible(candidate, leaves) && !(isColumns && candidate.of === 'scalars'))
  let best: Candidate | undefined
  for (const candidate of plausible) if (best === undefined || isBetter(candidate, best)) best = candidate
  if (best === undefined) return { path: '.', isArray: Array.isArray(document), others: [] }
  const others = plausible.filter(other => other !== best && other.items > 0).map(other => other.path)
  return { path: best.path, isArray: true, others }
}

/** What a path that leads nowhere could have been. */
export function absentPath(document: Cell, path: string): DecodeError {
  if (document === null)
    return new DecodeError(
      'decode',
      'the answer is null: neither rows nor an empty list of them ([]); see whether the right thing is asked',
    )
  const arrays = [...candidatesIn(document)].filter(({ of }) => of !== 'scalars').map(candidate => candidate.path)
  if (arrays.length > 0)
    return new DecodeError('decode', `there is nothing at rows: ${quotable(path)}; arrays stand at ${quotable(arrays.join(', '), 90)}`)
  const has = isMembers(document) ? `the members ${quotable(Object.keys(document).join(', '), 90)}` : 'no members'
  return new DecodeError('decode', `there is nothing at rows: ${quotable(path)}; the document has ${has}`)
}
