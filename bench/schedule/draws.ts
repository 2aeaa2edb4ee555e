/** Numbers by chance, repeatable from a seed. */
export class Draws {
  /** From 0 to 1. */
  readonly uniform: () => number

  constructor(seed: string) {
    this.uniform = sfc32(seed)
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.uniform()
  }

  /** Evenly over the orders of magnitude. */
  logBetween(least: number, most: number): number {
    return least * Math.exp(this.uniform() * Math.log(most / least))
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[Math.floor(this.uniform() * items.length)] ?? items[0]
  }

  happens(chance: number): boolean {
    return this.uniform() < chance
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.uniform())
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform())
  }

  /** Of shape 2: always late, seldom by much. Its standard deviation is the mean / sqrt(2). */
  gamma(mean: number): number {
    return -0.5 * mean * (Math.log(1 - this.uniform()) + Math.log(1 - this.uniform()))
  }

  pareto(least: number, exponent: number): number {
    return least * (1 - this.uniform()) ** (-1 / exponent)
  }
}

/** sfc32 of PractRand, seeded by the xmur3 hash of a text. */
function sfc32(seed: string): () => number {
  let hash = 1779033703 ^ seed.length
  for (let i = 0; i < seed.length; i++) {
    hash = Math.imul(hash ^ seed.charCodeAt(i), 3432918353)
    hash = (hash << 13) | (hash >>> 19)
  }
  const mix = (): number => {
    hash = Math.imul(hash ^ (hash >>> 16), 2246822507)
    hash = Math.imul(hash ^ (hash >>> 13), 3266489909)
    hash ^= hash >>> 16
    return hash >>> 0
  }
  let [a, b, c, counter] = [mix(), mix(), mix(), mix()]
  const next = (): number => {
    const sum = ((((a | 0) + (b | 0)) | 0) + (counter | 0)) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let warmUp = 0; warmUp < 12; warmUp++) next()
  return next
}
