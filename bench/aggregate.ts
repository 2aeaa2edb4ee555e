import { Subject } from 'rxjs'
import type { Clock } from '../src/lib/clock.ts'
import { seededRandom, type Random } from '../src/lib/random.ts'
import { parseOrderTerm } from '../src/model/order.ts'
import type { Cell, Row } from '../src/model/row.ts'
import type { Sample } from '../src/model/table.ts'
import type { Aggregate } from '../src/operator/aggregate.ts'
import { alert } from '../src/operator/alert.ts'
import { change } from '../src/operator/change.ts'
import { derive } from '../src/operator/derive.ts'
import { distinct } from '../src/operator/distinct.ts'
import { events } from '../src/operator/events.ts'
import { fill } from '../src/operator/fill.ts'
import { group } from '../src/operator/group.ts'
import { keep } from '../src/operator/keep.ts'
import { rate } from '../src/operator/rate.ts'
import { series } from '../src/operator/series.ts'
import type { Operator } from '../src/operator/stage.ts'
import { top } from '../src/operator/top.ts'
import { where } from '../src/operator/where.ts'
import { window } from '../src/operator/window.ts'
import { head, row, type Bench } from './harness/bench.ts'
import { cpuMs } from './harness/cpu.ts'
import { derivedFeedTicks } from './harness/derived-feeds.ts'
import { PlainPast, plainDerive, plainGroup, plainTop, plainWhere } from './harness/plain-loops.ts'
import { spreadOf } from './harness/spread.ts'

const sizes = [1000, 10_000, 100_000]
const parts = [0.01, 0.1, 1]
/** How far samples lie apart, and how far windows and rates look back, in ms. */
const everyMs = 10_000
const overMs = 60_000
/** How many groups the rows make. */
const regions = 100

/** Time that only the bench moves; no operator here waits for anything before that. */
class SteppedClock implements Clock {
  ms = 1_769_090_400_000

  now(): number {
    return this.ms
  }
  monotonic(): number {
    return this.ms
  }
  after(): () => void {
    return () => undefined
  }
}

/** As a config of TypeScript has them. */
const cells: Readonly<Record<string, (of: Row) => Cell>> = {
  n: of => of['n'] ?? null,
  price: of => of['price'] ?? null,
  sum: of => of['sum'] ?? null,
}
const cell = (column: string): ((of: Row) => Cell) => cells[column] ?? (() => null)

const grouped = new Map<string, Aggregate>([
  ['count', { name: 'count' }],
  ['sum', { name: 'sum', value: cell('n') }],
  ['price', { name: 'avg', value: cell('price') }],
  ['most', { name: 'max', value: cell('n') }],
])
const windowed = (column: string): ReadonlyMap<string, Aggregate> =>
  new Map([
    ['avg', { name: 'avg', value: cell(column) }],
    ['most', { name: 'max', value: cell(column) }],
  ])

/** What is measured, and the same from scratch. */
interface Measurable {
  readonly name: string
  create(clock: Clock): Operator
  /** Recomputes the table from all rows, and all it looks back on. */
  plain?(): (rows: ReadonlyMap<string, Row>, time: number) => unknown
}

const byRegion = { by: ['region'], columns: grouped, maxGroups: 100_000 }
const sliding = (column: string) => ({ sizeMs: overMs, slideMs: everyMs, columns: windowed(column), latenessMs: 0, maxGroups: 1e6 })
const best = (column: string) => top({ by: [parseOrderTerm(`-${column}`)], limit: 20 })

function past(of: (kept: PlainPast) => unknown): (rows: ReadonlyMap<string, Row>, time: number) => unknown {
  const kept = new PlainPast(overMs)
  return (rows, time) => {
    // Tables are updated in place: whoever looks back on them keeps copies.
    kept.add(new Map(rows), time)
    return of(kept)
  }
}

const steps: readonly Measurable[] = [
  { name: 'where', create: () => where(of => Number(of['n']) > 100), plain: () => plainWhere },
  {
    name: 'derive',
    create: () => derive(new Map([['turnover', (of: Row) => Number(of['n']) * Number(of['price'])]])),
    plain: () => plainDerive,
  },
  { name: 'group', create: () => group(byRegion), plain: () => plainGroup },
  { name: 'top', create: () => best('n'), plain: () => rows => plainTop(rows, 'n', 20) },
  { name: 'distinct', create: () => distinct(['region']) },
  {
    name: 'rate',
    create: clock => rate({ overMs, columns: new Map([['rate', cell('n')]]), maxPoints: 1e7 }, clock),
    plain: () => past(kept => kept.rate('n')),
  },
  {
    name: 'change',
    create: clock => change({ columns: new Map([['moved', cell('n')]]), maxPoints: 1e7 }, clock),
    plain: () => past(kept => kept.change('n')),
  },
  { name: 'window', create: clock => window(sliding('n'), clock), plain: () => past(kept => kept.window('id', 'n')) },
  { name: 'fill', create: clock => fill({ columns: new Map([['n', 'last']]) }, clock) },
  { name: 'keep', create: clock => keep({ extent: { kind: 'time', ms: overMs } }, clock) },
  { name: 'events', create: clock => events({ keep: { kind: 'count', count: 500 }, maxPoints: 1e6 }, clock) },
  {
    name: 'series',
    create: clock => series({ columns: new Map([['n', cell('n')]]), keep: { kind: 'count', count: 5 }, maxPoints: 1e6 }, clock),
  },
  {
    name: 'alert',
    create: clock =>
      alert({ when: of => Number(of['n']) > 9900, forMs: 30_000, keepFiringForMs: 0, onMissing: 'keep', maxGroups: 1e6 }, clock),
  },
]

export const pipeline: Measurable = {
  name: 'where, group, window, top',
  create: clock => samples =>
    samples.pipe(
      where(of => Number(of['n']) > 100),
      group(byRegion),
      window(sliding('sum'), clock),
      best('avg'),
    ),
  plain: () => {
    const kept = new PlainPast(overMs)
    return (rows, time) => {
      kept.add(plainGroup(plainWhere(rows)), time)
      return plainTop(kept.window('region', 'sum'), 'avg', 20)
    }
  },
}

const regionNames = Array.from({ length: regions }, (_, id) => `region-${id}`)

function rowOf(key: string, id: number, random: Random): Row {
  const region = regionNames[id % regions] ?? ''
  return { id: key, region, n: Math.floor(random() * 10_000), price: random() * 100, name: `a row called ${id}` }
}

/** A source of so many rows, a part of which changes with each sample. */
class Upstream {
  readonly rows = new Map<string, Row>()
  /** One text for each key, so that none is hashed again. */
  readonly #keys: readonly string[]
  readonly #random = seededRandom(1)
  readonly #size: number
  readonly #part: number
  #tick = 0

  constructor(size: number, part: number) {
    this.#size = size
    this.#part = part
    this.#keys = Array.from({ length: size }, (_, id) => `row-${id}`)
    for (let id = 0; id < size; id++) this.#put(id)
  }

  next(time: number): Sample {
    const changes = new Map<string, Row | undefined>()
    // In the order of the table, as a poll brings them; others each time, and of all groups.
    const step = Math.round(1 / this.#part)
    const first = Math.floor(this.#random() * step)
    for (let i = 0; this.#tick > 0 && i * step < this.#size; i++) {
      const id = i * step + ((first + i) % step)
      const key = this.#keys[id] ?? ''
      changes.set(key, this.rows.get(key))
      this.#put(id)
    }
    this.#tick++
    const table = { key: 'id', columns: ['id', 'region', 'n', 'price', 'name'], rows: this.rows, order: [], kind: 'table' as const }
    return { table, changes: this.#tick === 1 ? 'all' : changes, tick: this.#tick, time }
  }

  #put(id: number): void {
    this.rows.set(this.#keys[id] ?? '', rowOf(this.#keys[id] ?? '', id, this.#random))
  }
}

interface Measured {
  /** ms a tick. */
  readonly own: number
  readonly longest: number
  readonly plain: number | undefined
}

/** Ticks that do not count: windows fill, and code gets warm, which takes so many rows. */
function warmUpOf(size: number, part: number): number {
  return Math.ceil(Math.max(25, Math.min(1500, 300_000 / (size * part))))
}

/** ms of each tick of what `start` begins, on samples of its own: beside the other it would pay for the garbage that one leaves. */
function msOfTicks(
  start: (clock: Clock) => (sample: Sample) => unknown,
  upstream: Upstream,
  warmUp: number,
  ticks: number,
): readonly number[] {
  const clock = new SteppedClock()
  const next = start(clock)
  const all = Array.from({ length: warmUp + ticks }, () => {
    clock.ms += everyMs
    const sample = upstream.next(clock.ms)
    return cpuMs(() => next(sample))
  })
  return all.slice(warmUp)
}

function measure(what: Measurable, size: number, part: number, ticks: number): Measured {
  const started = (clock: Clock) => {
    const input = new Subject<Sample>()
    input.pipe(what.create(clock)).subscribe()
    return (sample: Sample): void => input.next(sample)
  }
  const own = msOfTicks(started, new Upstream(size, part), warmUpOf(size, part), ticks)
  const recompute = what.plain?.()
  const recomputed =
    () =>
    ({ table, time }: Sample): unknown =>
      recompute?.(table.rows, time)
  const other = recompute === undefined ? [] : msOfTicks(recomputed, new Upstream(size, part), warmUpOf(size, 1), ticks)
  return { own: spreadOf(own).median, longest: Math.max(...own), plain: other.length === 0 ? undefined : spreadOf(other).median }
}

function millions(rows: number, ms: number): string {
  return (rows / ms / 1000).toFixed(1)
}

/** Arguments: `[ticks]`, measured after the warm-up. */
export const aggregate: Bench = {
  title: 'Steps, against recomputing',
  about:
    'Samples of a table of which a part changes: what a step does with them, against plain loops that build the same tables from all rows, and windows and rates from all tables they look back on (6). 100 groups; rows change in the order of the table. Expressions are functions on both sides; ms are of CPU time, garbage included.',
  async run([ticks = '15'], say) {
    const count = Number(ticks)
    say(head('steps', 'rows', 'changed', 'ms a tick', 'longest', 'plain loops, ms', 'of plain loops'))
    for (const size of sizes) {
      for (const part of parts) {
        const { own, longest, plain = Number.NaN } = measure(pipeline, size, part, count)
        const ratio = (own / plain).toFixed(2)
        say(row(pipeline.name, size, `${part * 100} %`, own.toFixed(2), longest.toFixed(1), plain.toFixed(2), ratio))
        await Promise.resolve()
      }
    }
    const size = 10_000
    say('')
    say(`Of ${size} rows, million rows of the table a second (and the part of plain loops' time):`)
    say('')
    say(head('step', ...parts.map(part => `${part * 100} % changed`)))
    for (const what of steps) {
      const cells = parts.map(part => {
        const { own, plain } = measure(what, size, part, Math.ceil(count / 2))
        return `${millions(size, own)}${plain === undefined ? '' : ` (${(own / plain).toFixed(2)})`}`
      })
      say(row(what.name, ...cells))
    }
    say('')
    const derived = await derivedFeedTicks(200, 20 * count)
    const { median } = spreadOf(derived)
    say(
      `A tick of 100 feeds of many kinds over a source of 1000 rows, 1 % changed: ${median.toFixed(2)} ms (longest ${Math.max(...derived).toFixed(1)}).`,
    )
  },
}
