import { compileConfig } from '../../src/compile.ts'
import type { Config } from '../../src/config/config.ts'
import { configOf } from '../../src/config/load.ts'
import type { SourceDefinition } from '../../src/feed/definition.ts'
import { Graph } from '../../src/feed/graph.ts'
import { Hub } from '../../src/hub/hub.ts'
import { fastForward } from '../../src/lib/fast-forward.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom, type Random } from '../../src/lib/random.ts'
import { VirtualClock } from '../../src/lib/virtual-clock.ts'
import { FaultyUpstream, kinds, type Kind } from './faulty-upstream.ts'
import { Reader, type Shown } from './reader.ts'

/** Conditional requests in a row, after which one has to find out a validator that stands still. */
const mostLies = 20
const startMs = 1_769_090_000_000
/** Back-off is never longer than this in a trial, in ms. */
const maxBackoffMs = 8000

/** A broken product, which the oracle must find out. */
export type Plant = (definition: SourceDefinition) => SourceDefinition

export interface Outcome {
  readonly seed: number
  /** What was wrong: sentences. */
  readonly wrong: readonly string[]
  readonly polls: number
  /** How often a reader was told that what it shows is fresh, at an instant that was looked at. */
  readonly fresh: number
  readonly looks: number
  readonly met: ReadonlyMap<Kind, number>
}

function configBy(random: Random): Config {
  const everyMs = [1000, 2000, 5000][Math.floor(random() * 3)] ?? 1000
  const every = random() < 0.3 ? { average: `${everyMs}ms` } : `${everyMs}ms`
  const loaded = configOf({
    sources: {
      s: {
        url: 'http://upstream.example/rows',
        every,
        key: 'id',
        timeout: '2s',
        maxBackoff: `${maxBackoffMs}ms`,
        ...(random() < 0.3 ? { removeAfter: 2 } : {}),
        ...(random() < 0.3 ? { staleAfter: `${2 * everyMs}ms` } : {}),
      },
    },
    feeds: { d: { from: 's', steps: [{ where: 'v >= 0' }] } },
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config
}

/** One source and a feed of it, read for some minutes of virtual time while the upstream goes through faults; after that it recovers. */
export async function runTrial(seed: number, plant: Plant = definition => definition): Promise<Outcome> {
  const random = seededRandom(seed)
  const config = configBy(random)
  const clock = new VirtualClock(startMs)
  const upstream = new FaultyUpstream(clock, random)
  const deps = { clock, random, log: silentLogger, limited: () => undefined }
  const { sources, feeds } = compileConfig(config, { ...deps, taps: { link: () => upstream.tap, origin: (_, origin) => origin } })
  const graph = new Graph({ ...deps, sources: sources.map(plant), feeds })
  const hub = new Hub({ graph, clock, random, log: silentLogger })
  const reader = new Reader()
  const outbox = hub.connect(reader)
  for (const feed of ['s', 'd']) hub.subscribe(outbox, { feed }, () => undefined)
  graph.start()
  const { staleAfterMs, everyMs } = config.sources[0] ?? { staleAfterMs: 0, everyMs: 0 }
  const oracle = new Oracle(clock, upstream, reader, staleAfterMs)
  const changing = (): void => {
    clock.after(random() * 8 * everyMs, () => {
      upstream.change()
      changing()
    })
  }
  changing()
  const run = async (ms: number): Promise<void> => {
    const endMs = clock.monotonic() + ms
    for (let left = ms; left > 0; left = endMs - clock.monotonic()) {
      await fastForward(clock, Math.min(clock.nextMs ?? left, left))
      oracle.look()
    }
  }
  for (let phase = 0; phase < 10; phase++) {
    upstream.become(kinds[Math.floor(random() * kinds.length)] ?? 'good')
    // The clock of this machine is set, as by an operator or NTP.
    if (random() < 0.15) clock.setWall(clock.now() + (random() - 0.5) * 86_400_000)
    await run(random() * random() * (upstream.kind === 'frozen' ? 60 : 16) * everyMs)
  }
  upstream.become('good')
  await run(3 * maxBackoffMs + 12 * everyMs)
  oracle.recovered()
  await graph.close()
  hub.close()
  const { wrong, fresh, looks } = oracle
  return { seed, wrong, fresh, looks, polls: [...upstream.met.values()].reduce((sum, count) => sum + count, 0), met: upstream.met }
}

/** Compares what a reader is told with what the upstream said. */
class Oracle {
  readonly wrong: string[] = []
  fresh = 0
  looks = 0
  readonly #clock: VirtualClock
  readonly #upstream: FaultyUpstream
  readonly #reader: Reader
  readonly #staleAfterMs: number

  constructor(clock: VirtualClock, upstream: FaultyUpstream, reader: Reader, staleAfterMs: number) {
    this.#clock = clock
    this.#upstream = upstream
    this.#reader = reader
    this.#staleAfterMs = staleAfterMs
  }

  look(): void {
    this.looks++
    for (const feed of ['s', 'd']) {
      const shown = this.#reader.of(feed)
      if (shown.status?.state !== 'fresh') continue
      this.fresh++
      const wrong = this.#falsehood(shown)
      if (wrong !== undefined) this.wrong.push(`${feed} at ${Math.round(this.#clock.monotonic())} ms (${this.#upstream.kind}): ${wrong}`)
    }
  }

  /** At the end, after a long time of good answers. */
  recovered(): void {
    for (const feed of ['s', 'd']) {
      const { status } = this.#reader.of(feed)
      if (status?.state !== 'fresh')
        this.wrong.push(`${feed} is ${status?.state} at the end, though its upstream answers again: ${status?.reason}`)
    }
  }

  /** Why it must not be called fresh; undefined: it may. */
  #falsehood({ rows, status }: Shown): string | undefined {
    const { said, lies, proofs } = this.#upstream
    if (said === undefined) return 'fresh, and nothing was ever said'
    const ageMs = this.#clock.monotonic() - said.mono
    if (ageMs > this.#staleAfterMs) return `fresh, and nothing was said for ${Math.round(ageMs)} ms`
    const wanted = JSON.stringify(said.rows)
    const found = JSON.stringify([...rows.values()].map(({ id, v }) => ({ id, v })).sort((a, b) => a.id - b.id))
    if (found !== wanted) return `fresh, and shows ${found.slice(0, 60)} where ${wanted.slice(0, 60)} was said`
    if (!proofs.has(status?.validatedAt ?? 0)) return `fresh, and proved at ${status?.validatedAt}, when nothing was said`
    if (lies > mostLies) return `fresh, and ${lies} confirmations of what is no more were believed in a row`
    return undefined
  }
}
