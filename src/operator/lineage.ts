/** Where a row of a step comes from. */
export interface Traced {
  /** The rows before the step that it is made of, by their keys. */
  readonly keys: Iterable<string>
  /** Rows of another feed that took part. */
  readonly other?: { readonly feed: string; readonly keys: Iterable<string> }
  /** From when to when the step looks, ms since 1970 UTC. */
  readonly window?: Span
}

export interface Span {
  readonly from: number
  readonly to: number
}

/** Tells of a row that a step has, by its key. */
export type Trace = (key: string) => Traced

/** Steps tell by it, once they are at work, how their rows go back to those before; one that does not keeps the keys as they are. */
export type Traces = (trace: Trace) => void

/** Where a row comes from, through all steps of a pipeline. */
export interface Origin {
  /** Of the tables that the pipeline is of. */
  readonly keys: ReadonlySet<string>
  /** Of tables that were joined, by their feed. */
  readonly others: ReadonlyMap<string, ReadonlySet<string>>
  readonly windows: readonly Span[]
  /** There are more rows than are told of. */
  readonly isCut: boolean
}

/** Of each table. */
const mostKeys = 100

/** The steps of one pipeline, and how their rows go back. */
export class Lineage {
  readonly #traces = new Map<number, Trace>()

  /** How the step of this place in the pipeline tells. */
  at(step: number): Traces {
    return trace => void this.#traces.set(step, trace)
  }

  /** Costs no more than what is told, whatever the tables. */
  of(key: string): Origin {
    let keys: ReadonlySet<string> = new Set([key])
    const others = new Map<string, Set<string>>()
    const windows: Span[] = []
    let isCut = false
    for (const [, trace] of [...this.#traces].sort(([a], [b]) => b - a)) {
      const before = new Set<string>()
      for (const one of keys) {
        const { keys: from, other, window } = trace(one)
        isCut = gather(from, before) || isCut
        if (window !== undefined && windows.every(({ from: begun, to }) => begun !== window.from || to !== window.to)) windows.push(window)
        if (other === undefined) continue
        const joined = others.get(other.feed) ?? new Set<string>()
        others.set(other.feed, joined)
        isCut = gather(other.keys, joined) || isCut
      }
      keys = before
    }
    return { keys, others, windows, isCut }
  }
}

/** @returns whether there was no room for all. */
function gather(from: Iterable<string>, into: Set<string>): boolean {
  for (const key of from) {
    if (into.size >= mostKeys && !into.has(key)) return true
    into.add(key)
  }
  return false
}
