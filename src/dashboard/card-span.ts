/** Cards of equal size in rows: how many stand side by side, and which rows are drawn. */
export interface CardSpan {
  readonly from: number
  readonly to: number
  /** Heights of what is left out above and below, in px. */
  readonly above: number
  readonly below: number
}

/** As in the style sheet, in px. */
const leastWidth = 300
const cardHeight = 232
const gap = 14
/** So many px above and below what is seen are drawn, too. */
const around = 400
/** Fewer than this are all drawn: the browser's own search finds them. */
const fewest = 60

export function cardsAbreast(width: number): number {
  return Math.max(1, Math.floor((width + gap) / (leastWidth + gap)))
}

/** Of `count` cards in a box that begins at `top` of a view of `viewHeight`, those to draw; `top` undefined: not known yet. */
export function cardSpan(count: number, abreast: number, top: number | undefined, viewHeight: number): CardSpan {
  if (count <= fewest) return { from: 0, to: count, above: 0, below: 0 }
  const lines = Math.ceil(count / abreast)
  const lineHeight = cardHeight + gap
  const first = Math.floor((-(top ?? 0) - around) / lineHeight)
  const last = Math.ceil((viewHeight - (top ?? 0) + around) / lineHeight)
  const [from, to] = [first, last].map(line => Math.min(Math.max(line, 0), lines)) as [number, number]
  return {
    from: from * abreast,
    to: Math.min(to * abreast, count),
    above: from * lineHeight,
    below: (lines - to) * lineHeight,
  }
}
