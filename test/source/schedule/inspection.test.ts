import { expect, test } from 'vitest'
import { arrivedBy, firstLook, nextLook } from '../../../src/source/schedule/inspection.ts'

const from = -9
const step = 0.02
const points = Array.from({ length: 900 }, (_, i) => from + i * step)
const overdue = points.at(-1) ?? 0

/** What looks at these instants cost: mean delay and mean number of looks, each worth `cost`; the update comes within the grid. */
function costOf(looks: readonly number[], cost: number): number {
  let total = 0
  let last = from
  for (const look of looks) {
    total += cost * (1 - arrivedBy(last)) + delayBetween(last, look)
    last = look
  }
  return total
}

/** Mean delay of updates that came between two looks: the integral of the chance to have come by then. */
function delayBetween(a: number, b: number): number {
  const softplus = (z: number): number => Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0)
  return softplus(b) - softplus(a) - (b - a) * arrivedBy(a)
}

/** The least cost of any looks on the grid, by dynamic programming from its end. */
function optimum(cost: number): number {
  const best = new Float64Array(points.length)
  for (let i = points.length - 2; i >= 0; i--) {
    const at = points[i] ?? 0
    let least = Number.POSITIVE_INFINITY
    for (let j = i + 1; j < points.length; j++) {
      const delay = delayBetween(at, points[j] ?? 0)
      if (delay > least) break
      least = Math.min(least, delay + (best[j] ?? 0))
    }
    best[i] = least + cost * (1 - arrivedBy(at))
  }
  return best[0] ?? 0
}

function looksFor(cost: number): number[] {
  const looks: number[] = []
  for (let z = firstLook(cost); z < overdue; z = nextLook(z, cost)) looks.push(z)
  return [...looks, overdue]
}

test.each([0.03, 0.1, 0.3, 1, 3, 10])('looks cost hardly more than the best there are, at a request worth %d scales', cost => {
  expect(costOf(looksFor(cost), cost)).toBeLessThan(1.04 * optimum(cost))
})

test('looks go on for ever, each later than the one before, and ever less often once it is overdue', () => {
  for (const cost of [0.001, 0.1, 1, 10, 1000]) {
    let z = firstLook(cost)
    let gap = 0
    for (let i = 0; i < 60; i++) {
      const next = nextLook(z, cost)
      expect(next).toBeGreaterThan(z)
      expect(next - z).toBeGreaterThan(z > 10 ? 0.99 * gap : 0)
      gap = next - z
      z = next
    }
  }
})
