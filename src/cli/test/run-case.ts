import { compileConfig } from '../../compile.ts'
import type { Config } from '../../config/config.ts'
import type { TestConfig, TestStep } from '../../config/test.options.ts'
import { Graph } from '../../feed/graph.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { VirtualClock } from '../../lib/virtual-clock.ts'
import { CannedSource } from './canned-source.ts'
import { changesDifference, rowsDifference } from './difference.ts'

/** A step that did not hold. */
export interface Failure {
  /** From 1. */
  readonly step: number
  /** `expect low` */
  readonly what: string
  readonly lines: readonly string[]
}

/** Runs a case over the feeds of a config, on a clock of its own; the steps that did not hold, all of them. */
export async function runCase(config: Config, { startMs, steps }: TestConfig): Promise<readonly Failure[]> {
  const run = new Run(config, startMs)
  try {
    return steps.flatMap((step, i) => run.take(step, steps.slice(i + 1)).map(({ what, lines }) => ({ step: i + 1, what, lines })))
  } finally {
    await run.close()
  }
}

class Run {
  readonly #clock: VirtualClock
  readonly #sources: ReadonlyMap<string, CannedSource>
  readonly #graph: Graph
  /** Versions up to which the changes of feeds were looked at. */
  readonly #seen = new Map<string, number>()

  constructor(config: Config, startMs: number) {
    const clock = new VirtualClock(startMs)
    const deps = { clock, random: seededRandom(1), log: silentLogger, limited: () => undefined }
    const { sources, feeds } = compileConfig(config, deps)
    const canned = config.sources.flatMap(source => {
      const definition = sources.find(({ name }) => name === source.name)
      return source.kind === 'http' && definition !== undefined ? [new CannedSource(source, definition, clock)] : []
    })
    this.#clock = clock
    this.#sources = new Map(canned.map(source => [source.definition.name, source]))
    this.#graph = new Graph({ ...deps, feeds, sources: sources.map(source => this.#sources.get(source.name)?.definition ?? source) })
    // As if somebody read all of them: nothing sleeps.
    for (const feed of this.#graph.feeds()) this.#graph.want(feed.name)
  }

  close(): Promise<void> {
    return this.#graph.close()
  }

  /** @param rest what follows it */
  take({ answer, fail, wait, expect, changes, state }: TestStep, rest: readonly TestStep[]): Omit<Failure, 'step'>[] {
    const answers = [...(answer ?? [])].map(([name, body]) => ({ what: `answer ${name}`, lines: this.#answer(name, body, rest) }))
    for (const name of fail === undefined ? [] : [fail].flat()) this.#source(name).fail()
    // What is to be done at once is done before anybody looks.
    this.#clock.advance(wait ?? 0)
    const failures = [
      ...answers,
      ...[...(expect ?? [])].map(([name, rows]) => ({ what: `expect ${name}`, lines: rowsDifference(this.#store(name), rows) })),
      ...[...(changes ?? [])].map(([name, wanted]) => ({ what: `changes ${name}`, lines: this.#changes(name, wanted) })),
      ...[...(state ?? [])].map(([name, wanted]) => ({ what: `state ${name}`, lines: this.#state(name, wanted) })),
    ]
    return failures.filter(({ lines }) => lines.length > 0)
  }

  /** A poll that fails is looked at by the next `state`, or nobody would see it: what was there before stays. */
  #answer(name: string, body: unknown, rest: readonly TestStep[]): string[] {
    const reason = this.#source(name).answer(typeof body === 'string' ? body : JSON.stringify(body))
    const isLookedAt = rest.find(({ wait }) => wait === undefined)?.state !== undefined
    return reason === undefined || isLookedAt ? [] : [`+ the poll fails: ${reason}`, 'if it is to fail, say `state` next']
  }

  /** @throws Error where the source asks this machine and no URL. */
  #source(name: string): CannedSource {
    const source = this.#sources.get(name)
    if (source === undefined) throw new Error(`source '${name}' has no \`url\`: a test cannot say what it answers`)
    return source
  }

  #store(name: string) {
    const feed = this.#graph.feed(name)
    if (feed === undefined) throw new Error(`no feed '${name}'`)
    return feed.store
  }

  #changes(name: string, wanted: Parameters<typeof changesDifference>[2]): string[] {
    const store = this.#store(name)
    const lines = changesDifference(store, this.#seen.get(name) ?? 0, wanted)
    this.#seen.set(name, store.version)
    return lines
  }

  #state(name: string, wanted: string): string[] {
    const { state = '', reason } = this.#graph.feed(name)?.freshness ?? {}
    return state === wanted ? [] : [`- ${wanted}`, `+ ${state}${reason === undefined ? '' : ` (${reason})`}`]
  }
}
