/**
 * When to look for one expected update whose instant is known but for an error: too early costs a request for nothing,
 * too late is delay. Instants z are in scales of the error, a logistic one, from the prediction; a request is worth
 * `cost` scales of delay.
 *
 * Law: the looks are close to those that make mean delay + cost x mean number of looks least, which dynamic programming
 * finds and a test compares. Sources: Barlow, Hunter and Proschan, Optimum checking procedures, J. SIAM 11(4), 1963;
 * Keller, Optimum checking schedules for systems subject to random failure, Management Science 21(3), 1974.
 */

/** A normal error of standard deviation s is taken for a logistic one of the scale s x this: its tails are closer to life. */
export const scalePerDeviation = Math.sqrt(3) / Math.PI

/** From here on, in scales, the update is overdue: late beyond what its error explains. */
const overdueFrom = 3

/** The chance that the update has come by z. */
export function arrivedBy(z: number): number {
  return 1 / (1 + Math.exp(-z))
}

/** Where to look first. Fitted to the optimum: off by less than 0.1 scales for costs from 0.01 to 100. */
export function firstLook(cost: number): number {
  return Math.log(cost) + 0.48 / (1 + cost / 4)
}

/** Where to look next, after "not yet" at z. */
export function nextLook(z: number, cost: number): number {
  const gap = Math.min(constantHazardGap(cost) / arrivedBy(z), densityGap(z, cost))
  // It may be late for another reason: look ever less often, as for a hazard that falls with the time overdue.
  return z > overdueFrom ? z + Math.max(gap, Math.sqrt(2 * cost * z)) : z + gap
}

/** The best gap where the hazard is 1 for good: the root of l = ln(1 + l + cost). */
function constantHazardGap(cost: number): number {
  let gap = 1
  for (let i = 0; i < 12; i++) gap = Math.log(1 + gap + cost)
  return gap
}

/** The gap over which the best density of looks, sqrt(hazard / (2 cost)), integrates to one; the logistic hazard has it in closed form. */
function densityGap(z: number, cost: number): number {
  const half = 2 * Math.asinh(Math.exp(z / 2)) + Math.sqrt(2 * cost)
  // Where sinh would overflow it is half of e^x.
  return (half > 60 ? half : 2 * Math.log(Math.sinh(half / 2))) - z
}
