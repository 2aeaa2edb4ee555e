import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { learnAge, newAgeHazard, relativeHazard, type AgeHazard } from '../../../src/source/schedule/age-hazard.ts'
import { changesPerMs, hitShare, learnRate, newChangeRate } from '../../../src/source/schedule/change-rate.ts'
import { hourFactor, learnHour, newHourOfDay } from '../../../src/source/schedule/hour-of-day.ts'
import { idleStretch } from '../../../src/source/schedule/idle.ts'
import { densityAt, densityOf, waitFor } from '../../../src/source/schedule/poll-density.ts'
import { seededRandom } from '../../../src/lib/random.ts'

const averageMs = 10_000
const hourMs = 3_600_000

describe('the change rate', () => {
  test('of changes at any time is found from polls that see at most one of them', () => {
    const random = seededRandom(3)
    for (const meanMs of [5000, 20_000, 300_000]) {
      let rate = newChangeRate
      for (let i = 0; i < 4000; i++) {
        const windowMs = averageMs * (0.5 + random())
        rate = learnRate(rate, windowMs, random() < 1 - Math.exp(-windowMs / meanMs))
      }
      expect(changesPerMs(rate) * meanMs).toBeGreaterThan(0.7)
      expect(changesPerMs(rate) * meanMs).toBeLessThan(1.4)
    }
  })

  test('is nothing before a change, and finite where every poll sees one', () => {
    expect(changesPerMs(newChangeRate)).toBe(0)
    expect(hitShare(newChangeRate)).toBe(0)
    const always = learnRate(newChangeRate, averageMs, true)
    expect(changesPerMs(always)).toBeCloseTo(Math.log(3) / averageMs, 9)
  })
})

describe('the hazard by age', () => {
  const relative = fc.array(fc.double({ min: 1 / 16, max: 16, noNaN: true }), { minLength: 14, maxLength: 14 })
  const watched = fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: 14, maxLength: 14 })

  test('the wait is as long as the integral of the density takes to reach the gap', () => {
    fc.assert(
      fc.property(
        relative,
        watched,
        fc.double({ min: 0.1, max: 5, noNaN: true }),
        fc.double({ min: 0, max: 3e6, noNaN: true }),
        fc.double({ min: 100, max: 80_000, noNaN: true }),
        (hazard, watchedMs, factor, ageMs, gapMs) => {
          const density = densityOf(hazard, watchedMs, factor)
          const waitMs = waitFor(density, ageMs, gapMs, averageMs)
          const steps = 20_000
          let integral = 0
          for (let i = 0; i < steps; i++) integral += densityAt(density, ageMs + ((i + 0.5) * waitMs) / steps, averageMs) * (waitMs / steps)
          expect(Math.abs(integral - gapMs)).toBeLessThan(0.002 * gapMs + 1)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('a flat hazard waits the gap itself, at any age', () => {
    const ones = Array.from({ length: 14 }, () => 1)
    const flat = densityOf(ones, ones, 1)
    for (const ageMs of [0, 1, 3000, 1e7]) expect(waitFor(flat, ageMs, averageMs, averageMs)).toBeCloseTo(averageMs, 6)
  })

  test('nothing is said of fewer than eight changes; then changes that follow soon show', () => {
    let hazard: AgeHazard = newAgeHazard
    for (let i = 0; i < 7; i++) hazard = learnAge(hazard, 0, 5000, true, 1e-5, averageMs)
    expect(relativeHazard(hazard)).toBeUndefined()
    for (let i = 0; i < 60; i++) {
      hazard = learnAge(hazard, 0, 5000, true, 1e-5, averageMs)
      for (let age = 5000; age < 600_000; age += averageMs) hazard = learnAge(hazard, age, age + averageMs, false, 1e-5, averageMs)
    }
    const found = relativeHazard(hazard) ?? []
    expect(found[0]).toBeGreaterThan(3)
    expect(found[12]).toBeLessThan(0.5)
  })

  test('the density is 1 on the mean of the time watched: a burst is paid for by the silence', () => {
    fc.assert(
      fc.property(relative, watched, (hazard, watchedMs) => {
        const { byBin } = densityOf(hazard, watchedMs, 1)
        const polls = byBin.reduce((sum, density, bin) => sum + density * (watchedMs[bin] ?? 0), 0)
        expect(polls / watchedMs.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(1, 9)
      }),
    )
  })

  test('the contrast is that of the ages at which time was spent', () => {
    const hazard = Array.from({ length: 14 }, (_, bin) => [4, 1, 1 / 16][Math.min(bin, 2)] ?? 0)
    expect(densityOf(hazard, [100, 100, ...Array.from({ length: 12 }, () => 0)], 1).contrast).toBe(2)
    expect(densityOf(hazard, [100, 100, 100, ...Array.from({ length: 11 }, () => 0)], 1).contrast).toBe(8)
  })

  test('of a source that has shown little falls with age; many changes at any time make it flat', () => {
    const random = seededRandom(7)
    const after = (changes: number): AgeHazard => {
      let hazard: AgeHazard = newAgeHazard
      for (let ageMs = 0, left = changes; left > 0;) {
        const isChange = random() < 1 / 16
        hazard = learnAge(hazard, ageMs, ageMs + averageMs, isChange, 1 / (16 * averageMs), averageMs)
        ageMs = isChange ? averageMs / 2 : ageMs + averageMs
        if (isChange) left--
      }
      return hazard
    }
    const few = relativeHazard(after(9)) ?? []
    expect(few[0]).toBeGreaterThan(1.5 * (few.at(-1) ?? 0))
    const many = after(2000)
    const found = relativeHazard(many) ?? []
    const known = found.filter((_, bin) => (many.exposureMs[bin] ?? 0) > 800 * averageMs)
    expect(known.length).toBeGreaterThan(5)
    for (const each of known) expect(Math.abs(each - 1)).toBeLessThan(0.25)
  })

  test('a change is spread over the bins of its window, and counts once', () => {
    const { changes } = learnAge(newAgeHazard, 0, 500_000, true, 1e-5, averageMs)
    expect(changes.reduce((sum, count) => sum + count, 0)).toBeCloseTo(1, 9)
  })
})

describe('the hour of day', () => {
  test('its factor is 1 on the mean of the day, and greater where more changes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 24, maxLength: 24 }), changes => {
        let hour = newHourOfDay
        for (let day = 0; day < 3; day++)
          for (const [i, count] of changes.entries())
            for (let poll = 0; poll < 30; poll++) hour = learnHour(hour, (day * 24 + i) * hourMs + poll * 120_000, 120_000, poll < count)
        const factors = changes.map((_, i) => hourFactor(hour, i * hourMs))
        expect(factors.reduce((sum, factor) => sum + factor, 0) / 24).toBeCloseTo(1, 9)
        const most = changes.indexOf(Math.max(...changes))
        expect(factors[most]).toBe(Math.max(...factors))
      }),
      { numRuns: 20 },
    )
  })

  test('says nothing in the first two days', () => {
    expect(hourFactor(learnHour(newHourOfDay, 0, 39 * hourMs, true), 0)).toBe(1)
  })
})

describe('idle', () => {
  const quiet = { changes: 10, longestGapMs: 0 }
  const stretch = (ageMs: number, more: Partial<Parameters<typeof idleStretch>[0]> = {}): number =>
    idleStretch({ ...quiet, ageMs, ...more }, averageMs)

  test('after 60 averages or 4 times the longest gap; at most 8 times the gap', () => {
    expect([stretch(600_000), stretch(2_400_000), stretch(1e12)]).toEqual([1, 2, 8])
    expect(stretch(2_400_000, { longestGapMs: 600_000 })).toBe(1)
  })

  test('before the fourth change only after four times as long', () => {
    expect([stretch(2_400_000, { changes: 3 }), stretch(9_600_000, { changes: 3 })]).toEqual([1, 2])
  })
})
