/** Edits (insert, delete, replace, swap of neighbours) from `a` to `b`; optimal string alignment distance. */
export function editDistance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, (before[j - 2] ?? 0) + 1)
      row.push(least)
    }
    before = last
    last = row
  }
  return last[b.length] ?? 0
}

/** The candidate that was probably meant, if one is close enough: at most a third of the letters differ. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  if (word.length > 64) return undefined
  let least = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    // Each letter more is an edit: what is far longer, as a name made up by an upstream may be, need not be looked at.
    if (Math.abs(candidate.length - word.length) >= least) continue
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

/** `; did you mean 'every'?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const best = suggest(word, candidates)
  return best === undefined ? '' : `; did you mean '${best}'?`
}

const mostColumnsShown = 12

/** That a table has no column of a name, with the one that was probably meant or, where they are few, those that there are. */
export function noColumn(column: string, columns: readonly string[]): string {
  const all = columns.length === 0 || columns.length > mostColumnsShown ? '' : `; there are: ${columns.join(', ')}`
  return `there is no column '${column}'${didYouMean(column, columns) || all}`
}
