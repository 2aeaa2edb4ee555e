import { expect, test } from 'vitest'
import { drawSchedule } from '../../src/cli/schedule-plot.ts'

const minute = 60_000
const at = Date.UTC(2026, 0, 1, 12)
const polls = Array.from({ length: 30 }, (_, i) => ({ at: at + i * 20_000, change: i % 3 === 0 ? 'changed' : 'unchanged' }))
const period = { periodMs: minute, expectedAt: at + 10 * minute, deviationMs: 1000 }

test('a mark for each poll, a band for each change that is expected, and the next poll', () => {
  const svg = drawSchedule({ source: 'stations', why: 'schedule: changes every 60.0 s', polls, next: at + 601_000, period })
  const count = (what: RegExp): number => svg.match(what)?.length ?? 0
  // One more of each stands in the legend.
  expect([count(/class="changed"/g), count(/class="unchanged"/g), count(/class="expected"/g), count(/class="next"/g)]).toEqual([
    11, 21, 12, 2,
  ])
  expect(svg).toContain('a change expected 12:10:00.0 ± 1.0 s')
  const places = [...svg.matchAll(/cx="([\d.]+)" cy="84"/g)].map(([, x]) => Number(x))
  expect(places).toEqual([...places].sort((a, b) => a - b))
  expect(Math.max(...places)).toBeLessThanOrEqual(936)
})

test('what an upstream wrote is text, and a source that was never asked is no picture', () => {
  const svg = drawSchedule({ source: 'a', why: 'x <script> & "y"', polls: [{ at, change: 'failed' }], next: undefined, period: undefined })
  expect(svg).toContain('x &#60;script&#62; &#38; &#34;y&#34;')
  expect(svg).toContain('class="failed"')
  expect(() => drawSchedule({ source: 'a', why: '', polls: [], next: undefined, period: undefined })).toThrow("'a' was not asked yet")
})

test('a short period over a long time is drawn up to a limit', () => {
  const svg = drawSchedule({
    source: 'a',
    why: '',
    polls: [{ at: at - 86_400_000, change: 'changed' }],
    next: at,
    period: { ...period, periodMs: 1000 },
  })
  expect(svg.match(/class="expected"/g)?.length).toBe(201)
})
