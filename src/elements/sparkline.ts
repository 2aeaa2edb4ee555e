/** The points of a polyline in a box, one text per unbroken piece; the newest value is at the right edge. */
export function sparkPieces(
  times: readonly number[],
  values: readonly (number | null)[],
  box: {
    readonly width: number
    readonly height: number
    readonly fromMs: number
    readonly toMs: number
    /** What several lines share; default: that of this one. */
    readonly range?: { readonly least: number; readonly most: number }
  },
): readonly string[] {
  const seen = values.filter((value, i) => value !== null && (times[i] ?? 0) >= box.fromMs) as number[]
  if (seen.length < 2) return []
  const { least, most } = box.range ?? { least: Math.min(...seen), most: Math.max(...seen) }
  const spread = most - least
  const x = (time: number) => ((time - box.fromMs) / (box.toMs - box.fromMs)) * box.width
  const y = (value: number) => (spread === 0 ? box.height / 2 : box.height - ((value - least) / spread) * box.height)
  const pieces: string[][] = [[]]
  times.forEach((time, i) => {
    const value = values[i] ?? null
    if (value === null) pieces.push([])
    else if (time >= box.fromMs) pieces.at(-1)?.push(`${x(time).toFixed(1)},${y(value).toFixed(1)}`)
  })
  return pieces.filter(piece => piece.length > 1).map(piece => piece.join(' '))
}
