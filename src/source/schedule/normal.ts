/** The density of the standard normal distribution. */
export function normalDensity(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
}

/** Its distribution function, to 7.5e-8. Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.17. */
export function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z))
  const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const beyond = normalDensity(z) * polynomial
  return z > 0 ? 1 - beyond : beyond
}

export interface TruncatedNormal {
  /** The chance of the interval. */
  readonly mass: number
  /** Of the distribution within it; both are meaningless where `mass` is below about 1e-4. */
  readonly mean: number
  readonly variance: number
}

/**
 * The standard normal distribution given that it fell between `from` and `to`: what is known of an instant that is only
 * known to lie in a window.
 *
 * Formula, with density f and mass Z: mean = (f(a) - f(b)) / Z, variance = 1 + (a f(a) - b f(b)) / Z - mean^2.
 * Source: Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1, section 13.10.1.
 */
export function truncatedNormal(from: number, to: number): TruncatedNormal {
  const [densityFrom, densityTo] = [normalDensity(from), normalDensity(to)]
  const mass = normalBelow(to) - normalBelow(from)
  const mean = (densityFrom - densityTo) / mass
  return { mass, mean, variance: 1 + (from * densityFrom - to * densityTo) / mass - mean * mean }
}
