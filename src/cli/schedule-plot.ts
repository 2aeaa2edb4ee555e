/** A poll, as `$polls` tells of it: when it ended, ms since 1970, and what it led to. */
export interface PlottedPoll {
  readonly at: number
  readonly change: string
}

/** What is drawn; instants ms since 1970, durations ms. */
export interface SchedulePlot {
  readonly source: string
  /** Why it is asked next when it is. */
  readonly why: string
  readonly polls: readonly PlottedPoll[]
  readonly next: number | undefined
  /** Where a schedule was learned: the changes it expects. */
  readonly period: { readonly periodMs: number; readonly expectedAt: number; readonly deviationMs: number } | undefined
}

const [width, height, margin] = [960, 170, 24]
const [laneY, axisY] = [84, 126]
/** More marks than this of one kind say nothing. */
const mostBands = 200

/** A timeline as SVG: the polls, whether each brought a change, when changes are expected, and the next poll. */
export function drawSchedule({ source, why, polls, next, period }: SchedulePlot): string {
  const instants = [
    ...polls.map(({ at }) => at),
    ...(next === undefined ? [] : [next]),
    ...(period === undefined ? [] : [period.expectedAt]),
  ]
  if (instants.length === 0) throw new Error(`'${source}' was not asked yet: there is nothing to draw`)
  const [from, to] = [Math.min(...instants), Math.max(...instants)]
  const spanMs = Math.max(to - from, 1000)
  const x = (at: number): string => (margin + ((at - from) / spanMs) * (width - 2 * margin)).toFixed(1)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="12">
<title>When ${escaped(source)} was asked, and what came of it</title>
<style>
  text { fill: #333 } .axis { stroke: #999 } .expected { fill: #2a6fb0; opacity: .25 } .changed { fill: #1b7f4d }
  .unchanged { fill: none; stroke: #777 } .failed { stroke: #b3261e; stroke-width: 2 } .next { stroke: #2a6fb0; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } .unchanged { stroke: #aaa } .changed { fill: #4cc38a } .expected { fill: #6cb2f0 } }
</style>
<text x="${margin}" y="20" font-weight="600">${escaped(source)}</text>
<text x="${margin}" y="38">${escaped(why)}</text>
${period === undefined ? '' : bands(period, { from, to: from + spanMs, x })}
<line class="axis" x1="${margin}" y1="${axisY}" x2="${width - margin}" y2="${axisY}"/>
${ticks(from, spanMs, x)}
${polls.map(poll => mark(poll, x)).join('\n')}
${next === undefined ? '' : `<line class="next" x1="${x(next)}" y1="${laneY - 24}" x2="${x(next)}" y2="${axisY}"><title>next, ${clock(next)}</title></line>`}
${legend(period !== undefined)}
</svg>
`
}

interface Axis {
  readonly from: number
  readonly to: number
  readonly x: (at: number) => string
}

/** Where changes are expected, and were: each as wide as two deviations, and at least to be seen. */
function bands({ periodMs, expectedAt, deviationMs }: NonNullable<SchedulePlot['period']>, { from, to, x }: Axis): string {
  const drawn: string[] = []
  const first = expectedAt - Math.floor((expectedAt - from) / periodMs) * periodMs
  for (let at = first; at <= to && drawn.length < mostBands; at += periodMs) {
    const left = Number(x(at - deviationMs))
    const wide = Math.max(2, Number(x(at + deviationMs)) - left)
    const title = `a change expected ${clock(at)} ± ${(deviationMs / 1000).toFixed(1)} s`
    drawn.push(
      `<rect class="expected" x="${left.toFixed(1)}" y="${laneY - 24}" width="${wide.toFixed(1)}" height="${axisY - laneY + 24}"><title>${title}</title></rect>`,
    )
  }
  return drawn.join('\n')
}

function mark({ at, change }: PlottedPoll, x: (at: number) => string): string {
  const title = `<title>${escaped(change)}, ${clock(at)}</title>`
  if (change === 'failed') {
    const middle = Number(x(at))
    return `<path class="failed" d="M${middle - 4} ${laneY - 4}l8 8m0 -8l-8 8">${title}</path>`
  }
  return `<circle class="${change === 'changed' ? 'changed' : 'unchanged'}" cx="${x(at)}" cy="${laneY}" r="${change === 'changed' ? 5 : 3}">${title}</circle>`
}

function ticks(from: number, spanMs: number, x: (at: number) => string): string {
  return Array.from({ length: 6 }, (_, i) => from + (spanMs * i) / 5)
    .map(
      (at, i) =>
        `<text x="${x(at)}" y="${axisY + 16}" text-anchor="${['start', 'end'][i === 0 ? 0 : i === 5 ? 1 : 2] ?? 'middle'}">${clock(at)}</text>`,
    )
    .join('\n')
}

function legend(hasPeriod: boolean): string {
  const y = height - 8
  return `<circle class="changed" cx="${margin + 5}" cy="${y - 4}" r="5"/><text x="${margin + 16}" y="${y}">changed</text>
<circle class="unchanged" cx="${margin + 85}" cy="${y - 4}" r="3"/><text x="${margin + 94}" y="${y}">unchanged</text>
<path class="failed" d="M${margin + 172} ${y - 8}l8 8m0 -8l-8 8"/><text x="${margin + 186}" y="${y}">failed</text>
<line class="next" x1="${margin + 240}" y1="${y - 10}" x2="${margin + 240}" y2="${y + 2}"/><text x="${margin + 248}" y="${y}">next</text>${
    hasPeriod
      ? `\n<rect class="expected" x="${margin + 296}" y="${y - 10}" width="10" height="12"/><text x="${margin + 312}" y="${y}">a change expected</text>`
      : ''
  }`
}

/** `12:04:03.2`, UTC. */
function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 21)
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)
}
