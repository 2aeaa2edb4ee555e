import { isRecord } from '../lib/plain.ts'
import type { SavedPart } from '../model/saved.ts'

/** What one step remembers over a restart. */
export interface StepMemory {
  /** What the step left in a run before, the first time that it is asked for; undefined: nothing. */
  take(): unknown
  /** From now on this gives what is to be left, as plain JSON. */
  keep(save: () => unknown): void
}

interface Live {
  readonly fingerprint: string
  readonly saves: Map<number, () => unknown>
}

interface Left {
  readonly fingerprint: string
  readonly steps: Readonly<Record<string, unknown>>
}

/** What the steps of all feeds remember: taken up by a feed that is defined as the one that left it. */
export class Memories implements SavedPart {
  readonly section = 'steps'
  readonly #live = new Map<string, Live>()
  readonly #left = new Map<string, Left>()

  /** That of a step, by its place, of a feed that is put to work. */
  open(feed: string, fingerprint: string, step: number): StepMemory {
    return {
      take: () => {
        const left = this.#left.get(feed)
        if (left?.fingerprint !== fingerprint || !Object.hasOwn(left.steps, step)) return undefined
        const { [step]: taken, ...steps } = left.steps
        this.#left.set(feed, { fingerprint, steps })
        return taken
      },
      keep: save => {
        const live = this.#live.get(feed)
        const saves = live?.fingerprint === fingerprint ? live.saves : new Map<number, () => unknown>()
        this.#live.set(feed, { fingerprint, saves: saves.set(step, save) })
      },
    }
  }

  /** There are no other feeds any more. */
  retain(feeds: ReadonlySet<string>): void {
    for (const name of [...this.#live.keys(), ...this.#left.keys()]) {
      if (feeds.has(name)) continue
      this.#live.delete(name)
      this.#left.delete(name)
    }
  }

  save(): Readonly<Record<string, Left>> {
    const live = [...this.#live].map(([feed, { fingerprint, saves }]) => {
      const steps = Object.fromEntries([...saves].map(([step, save]) => [String(step), save()]))
      return [feed, { fingerprint, steps }] as const
    })
    // A feed that has not begun yet leaves what it was left.
    const left = [...this.#left].filter(([feed]) => !this.#live.has(feed))
    return Object.fromEntries([...left, ...live])
  }

  /** What `save` gave in a run before; of anything else nothing is taken up. */
  restore(saved: unknown): void {
    if (!isRecord(saved)) return
    for (const [feed, left] of Object.entries(saved)) {
      if (!isRecord(left)) continue
      const { fingerprint, steps } = left
      if (typeof fingerprint === 'string' && isRecord(steps)) this.#left.set(feed, { fingerprint, steps })
    }
  }
}
