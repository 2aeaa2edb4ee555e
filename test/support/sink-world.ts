import { compileConfig } from '../../src/compile.ts'
import { configOf } from '../../src/config/load.ts'
import type { Config } from '../../src/config/config.ts'
import { Graph } from '../../src/feed/graph.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { WaysOut } from '../../src/sink/ways-out.ts'
import { RecordedLog } from './http-source.ts'
import { ManualClock } from './manual-clock.ts'
import { ScriptedSource } from './scripted-source.ts'

export const startMs = 1_769_090_400_000

/** Feeds of a config and their ways out, over the sources `s` and `t`, whose polls the test makes, on virtual time. */
export class SinkWorld {
  readonly clock = new ManualClock(startMs)
  readonly log = new RecordedLog()
  readonly s = new ScriptedSource('s', this.clock)
  readonly t = new ScriptedSource('t', this.clock)
  readonly graph: Graph
  readonly waysOut: WaysOut
  readonly #random = seededRandom(1)

  constructor(feeds: object) {
    const config = this.#config(feeds)
    this.graph = new Graph({ ...this.#definitions(config), clock: this.clock, random: this.#random, log: this.log.logger })
    this.waysOut = new WaysOut(this.graph, { clock: this.clock, random: this.#random, log: this.log.logger }).replace(config.feeds)
    this.graph.start()
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
    const deps = { clock: this.clock, random: this.#random, log: this.log.logger, limited: () => undefined }
    return { sources: [this.s.definition, this.t.definition], feeds: compileConfig(config, deps).feeds }
  }
}
