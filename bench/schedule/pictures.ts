import { drawSchedule, type PlottedPoll } from '../../src/cli/schedule-plot.ts'
import { newAgeHazard, relativeHazard } from '../../src/source/schedule/age-hazard.ts'
import { densityOf } from '../../src/source/schedule/poll-density.ts'
import { deviationOf } from '../../src/source/schedule/period-filter.ts'
import type { ScheduleState } from '../../src/source/schedule/state.ts'
import { leaderOf } from '../../src/source/schedule/tracking.ts'
import { adaptivePolicy, adaptive } from './adaptive.ts'
import { mean, type Result } from './result.ts'
import { simulate } from './simulation.ts'
import { hourMs, makeSources, startAt, type FamilyName, type FamilyOptions } from './source.ts'

const seed = 'pictures'
const none = { hint: 'none' } as const
const [width, margin] = [720, 48]
const colours = ['#2a6fb0', '#1b7f4d', '#b3261e', '#8a5a00'] as const

/** Three hours of a source that changes every minute, by one request per 20 s: how it was asked in the last minutes of them. */
export function minutePicture(): string {
  const horizonMs = 3 * hourMs
  const sources = makeSources('periodic', 1, seed, horizonMs, { ...none, ratio: 3, periodSeconds: 60 })
  const polls: PlottedPoll[] = []
  let state: ScheduleState | undefined
  let [why, next] = ['', 0]
  const policy = adaptivePolicy(each => (state = each))
  simulate(sources, policy, {
    horizonMs,
    seed,
    onPoll: (_, at, { isChange, roundTripMs }, decision) => {
      polls.push({ at: startAt + at + roundTripMs, change: isChange ? 'changed' : 'unchanged' })
      next = startAt + at + roundTripMs + decision.delayMs
      why = decision.says ?? ''
    },
  })
  const leader = state?.tracker ? leaderOf(state.tracker) : undefined
  const period =
    leader === undefined ? undefined : { periodMs: leader.periodMs, expectedAt: leader.nextAt, deviationMs: deviationOf(leader) }
  return drawSchedule({ source: 'every minute, average: 20s', why, polls: polls.slice(-24), next, period })
}

interface Line {
  readonly label: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

interface Chart {
  readonly title: string
  readonly lines: readonly Line[]
  readonly bars?: readonly (readonly [x: number, y: number])[]
  readonly mostX: number
  readonly mostY: number
  readonly ticksX: readonly (readonly [x: number, text: string])[]
  readonly ticksY: readonly (readonly [y: number, text: string])[]
}

/** A chart as SVG that reads in light and dark. */
function drawChart({ title, lines, bars = [], mostX, mostY, ticksX, ticksY }: Chart): string {
  const height = 260
  const [top, bottom] = [44, height - 40]
  const x = (value: number): string => (margin + (value / mostX) * (width - 2 * margin)).toFixed(1)
  const y = (value: number): string => (bottom - (Math.min(value, mostY) / mostY) * (bottom - top)).toFixed(1)
  const colour = (i: number): string => colours[i % colours.length] ?? colours[0]
  const drawn = [
    ...ticksY.map(
      ([at, text]) =>
        `<line class="grid" x1="${margin}" x2="${width - margin}" y1="${y(at)}" y2="${y(at)}"/><text x="${margin - 6}" y="${y(at)}" text-anchor="end" dy="4">${text}</text>`,
    ),
    ...ticksX.map(([at, text]) => `<text x="${x(at)}" y="${bottom + 16}" text-anchor="middle">${text}</text>`),
    ...bars.map(([at, value]) => {
      const [left, right] = [Number(x(at)) + 2, Number(x(at + 1)) - 2]
      return `<rect class="bar" x="${left}" width="${(right - left).toFixed(1)}" y="${y(value)}" height="${(bottom - Number(y(value))).toFixed(1)}"/>`
    }),
    ...lines.map(({ points }, i) => {
      const path = points.map(([px, py], k) => `${k === 0 ? 'M' : 'L'}${x(px)} ${y(py)}`).join('')
      return `<path d="${path}" fill="none" stroke="${colour(i)}" stroke-width="2"/>`
    }),
    ...lines.map(({ label }, i) => `<text x="${margin + i * 180}" y="${height - 6}" style="fill:${colour(i)}">${label}</text>`),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="12">
<title>${title}</title>
<style>
  text { fill: #333 } .grid { stroke: #999; opacity: .4 } .bar { fill: #2a6fb0; opacity: .25 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } }
</style>
<text x="${margin}" y="20" font-weight="600">${title}</text>
${drawn.join('\n')}
</svg>
`
}

const binMs = hourMs / 4
const watchedMs = 8 * hourMs

/** Mean delay in average intervals by time since the source was first asked. */
function curve(results: readonly Result[]): (readonly [number, number])[] {
  return Array.from({ length: watchedMs / binMs }, (_, bin) => {
    const inBin = results.map(({ source, delays }) =>
      delays.filter(({ at }) => Math.floor(at / binMs) === bin).map(({ ms }) => ms / source.intervalMs),
    )
    return [((bin + 0.5) * binMs) / hourMs, mean(inBin.flat())] as const
  }).filter(([, delay]) => Number.isFinite(delay))
}

/** How soon what is learned shows. */
export function learningPicture(): string {
  const kinds: readonly (readonly [string, FamilyName, FamilyOptions])[] = [
    ['every 6 T', 'periodic', { ...none, ratio: 6 }],
    ['sleep loop, 10 T', 'looping', { ...none, ratio: 10 }],
    ['on and off', 'bursty', { kind: 'on/off' }],
    ['at any time', 'random', { gap: 3 }],
  ]
  const lines = kinds.map(([label, family, options]): Line => {
    const sources = makeSources(family, 24, seed, watchedMs, options).filter(({ intervalMs }) => intervalMs <= 30_000)
    return { label, points: curve(simulate(sources, adaptive, { horizonMs: watchedMs, seed })) }
  })
  return drawChart({
    title: 'How late changes are seen, in average intervals T, by hours since the first poll',
    lines,
    mostX: watchedMs / hourMs,
    mostY: 0.8,
    ticksX: [0, 1, 2, 3, 4, 5, 6, 7, 8].map(hour => [hour, `${hour} h`]),
    ticksY: [0, 0.25, 0.5, 0.75].map(delay => [delay, String(delay)]),
  })
}

/** What is learned of a source whose changes bring others, and how densely it is asked for it. */
export function agePicture(): string {
  const horizonMs = 48 * hourMs
  const sources = makeSources('bursty', 1, seed, horizonMs, { kind: 'self-exciting' })
  let state: ScheduleState | undefined
  const policy = adaptivePolicy(each => (state = each))
  simulate(sources, policy, { horizonMs, seed })
  const age = state?.age ?? newAgeHazard
  const relative = relativeHazard(age)
  if (relative === undefined) throw new Error('too few changes to draw')
  const { byBin } = densityOf(relative, age.watchedMs, 1)
  return drawChart({
    title: 'How likely a change is by the age of the last one, where each brings others',
    bars: relative.map((hazard, bin) => [bin, hazard]),
    lines: [
      { label: 'polls, against the average', points: byBin.map((density, bin) => [bin + 0.5, density]) },
      {
        label: 'an even pace',
        points: [
          [0, 1],
          [relative.length, 1],
        ],
      },
    ],
    mostX: relative.length,
    mostY: Math.max(2, Math.ceil(Math.max(...relative))),
    ticksX: [0, 2, 4, 6, 8, 10, 12].map(bin => [bin + 1, `${(2 ** ((bin - 3) / 2)).toPrecision(2)} T`]),
    ticksY: Array.from({ length: Math.max(2, Math.ceil(Math.max(...relative))) + 1 }, (_, value) => [value, String(value)]),
  })
}
