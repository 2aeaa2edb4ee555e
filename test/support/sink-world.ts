import { compileConfig } from '../../src/compile.ts'
import { configOf } from '../../src/config/load.ts'
import type { Config } from '../../src/config/config.ts'
import { Graph } from '../../src/feed/graph.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { Memories } from '../../src/operator/memories.ts'
import { WaysOut } from '../../src/sink/ways-out.ts'
import { RecordedLog } from './http-source.ts'
import { ManualClock } from './manual-clock.ts'
import { ScriptedSource } from './scripted-source.ts'

export const startMs = 1_769_090_400_000

/** Feeds of a config and their ways out, over the sources `s` and `t`, whose polls the test makes, on virtual time. */
export class SinkWorld {
  readonly clock: ManualClock
  readonly log = new RecordedLog()
  readonly s: ScriptedSource
  readonly t: ScriptedSource
  readonly graph: Graph
  readonly waysOut: WaysOut
  readonly #random = seededRandom(1)
  readonly #memories = new Memories()

  /** `left`: what another one had left when it ended, at `atMs`. */
  constructor(feeds: object, left: Readonly<Record<string, unknown>> = {}, atMs = startMs) {
    this.clock = new ManualClock(atMs)
    this.s = new ScriptedSource('s', this.clock)
    this.t = new ScriptedSource('t', this.clock)
    this.#memories.restore(left[this.#memories.section])
    const config = this.#config(feeds)
    this.graph = new Graph({ ...this.#definitions(config), clock: this.clock, random: this.#random, log: this.log.logger })
    this.waysOut = new WaysOut(this.graph, { clock: this.clock, random: this.#random, log: this.log.logger }).replace(config.feeds)
    for (const part of this.waysOut.sinks.parts) if (part.section in left) part.restore(left[part.section])
    this.graph.start()
  }

  /** What a state folder would have now. */
  left(): Readonly<Record<string, unknown>> {
    const parts = [this.#memories, ...this.waysOut.sinks.parts]
    return JSON.parse(JSON.stringify(Object.fromEntries(parts.map(part => [part.section, part.save()])))) as Record<string, unknown>
  }

  /** As a reload does. */
  replace(feeds: object): void {
    const config = this.#config(feeds)
    this.graph.replace(this.#definitions(config))
    this.waysOut.replace(config.feeds)
  }

  async close(): Promise<void> {
    const closing = this.waysOut.sinks.close(1000)
    await this.clock.advanceAsync(20_000)
    await closing
    await this.graph.close()
  }

  #config(feeds: object): Config {
    const result = configOf({ sources: { s: 'http://x', t: 'http://y' }, feeds })
    if (!result.ok) throw new Error(result.problems.map(problem => problem.message).join('; '))
    return result.config
  }

  #definitions(config: Config) {
    const deps = { clock: this.clock, random: this.#random, log: this.log.logger, limited: () => undefined, memories: this.#memories }
    return { sources: [this.s.definition, this.t.definition], feeds: compileConfig(config, deps).feeds }
  }
}
