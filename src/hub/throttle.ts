/** The classes of `throttle`: least ms between two deltas of an address. */
export const throttleGrid = [0, 100, 250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000] as const

export type Throttle = (typeof throttleGrid)[number]

/** The class of a wish: rounded up, so that nobody is sent more often than they asked for; above the grid its last. */
export function throttleOf(wishedMs: number): Throttle {
  return throttleGrid.find(throttle => throttle >= wishedMs) ?? 60_000
}

/** The next instant of a class after `mono`, ms (monotonic): the same for all addresses and connections. */
export function nextInstant(throttle: Throttle, mono: number): number {
  return (Math.floor(mono / throttle) + 1) * throttle
}
