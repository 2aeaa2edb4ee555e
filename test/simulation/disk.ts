import { liveTables, standings } from '../../src/feed/kept.ts'
import type { Graph } from '../../src/feed/graph.ts'
import { cleanStopRecord, cleanStopSection } from '../../src/state/clean-stop.ts'
import { proofOf, tableParts, tableSection } from '../../src/state/saved-table.ts'
import type { Sections } from '../../src/state/sections.ts'
import { takeUp } from '../../src/state/take-up.ts'

/** What a server keeps over its restarts, in memory: the product's sections without the files. */
export class Disk implements Sections {
  readonly #sections = new Map<string, Buffer>()

  names(): readonly string[] {
    return [...this.#sections.keys()]
  }

  read<T>(name: string, decode: (payload: Buffer) => T): T | undefined {
    const payload = this.#sections.get(name)
    return payload === undefined ? undefined : decode(payload)
  }

  write(name: string, payload: readonly Buffer[]): Promise<void> {
    this.#put(name, payload)
    return Promise.resolve()
  }

  remove(name: string): void {
    this.#sections.delete(name)
  }

  /** What a server saves now and then. */
  save(graph: Graph): void {
    for (const live of liveTables(graph)) {
      const { source, fingerprint, count, sum } = live
      this.#put(tableSection(source), [...tableParts({ fingerprint, saved: { table: live.table(), count, sum, ...proofOf(live) } })])
    }
  }

  /** What it leaves when it stops in order; `isWhole`: its tables could be written too. */
  stop(graph: Graph, isWhole: boolean): void {
    if (isWhole) this.save(graph)
    this.#put(cleanStopSection, [cleanStopRecord(standings(graph))])
  }

  /** What the next one goes on from. */
  restore(graph: Graph): void {
    const sources = [...graph.sources()].map(({ definition }) => definition.name)
    const { tables, left } = takeUp(this, sources, feed => graph.feed(feed)?.options.fingerprint)
    graph.restore(tables, left)
  }

  #put(name: string, payload: readonly Buffer[]): void {
    this.#sections.set(name, Buffer.concat(payload))
  }
}
