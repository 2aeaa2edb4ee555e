/** The one source of chance: a number in [0, 1). */
export type Random = () => number

export const systemRandom: Random = () => Math.random()

/**
 * A repeatable sequence from a seed (an integer).
 * Source: sfc32, Chris Doty-Humphrey's PractRand.
 */
export function seededRandom(seed: number): Random {
  let a = 0x9e3779b9 | 0
  let b = seed | 0
  let c = 0x243f6a88 | 0
  let counter = 1
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return (sum >>> 0) / 2 ** 32
  }
  for (let warmUp = 0; warmUp < 15; warmUp++) next()
  return next
}

/** `length` characters of [0-9a-z]. */
export function randomText(random: Random, length: number): string {
  let text = ''
  while (text.length < length) text += Math.floor(random() * 36).toString(36)
  return text
}
