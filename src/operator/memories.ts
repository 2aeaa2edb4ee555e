import { isRecord } from '../lib/plain.ts'
import { Lasting, Late, LateList } from '../model/late.ts'
import type { SavedPart } from '../model/saved.ts'

/** Makes a list of what is left, some items at a time: in turns of the loop or, where the step is about to change, at once. */
export type InTurns = (parts: Iterable<readonly unknown[]>) => LateList

/** What one step remembers over a restart. */
export interface StepMemory {
  /** What the step left in a run before, the first time that it is asked for; undefined: nothing. */
  take(): unknown
  /** From now on this gives what is to be left, as plain JSON. `isTimed`: it becomes other also while the step does not change. */
  keep(save: (inTurns: InTurns) => unknown, isTimed?: boolean): void
  /** The step is about to change. */
  change(): void
}

/** A step that is at work. */
class LiveStep {
  readonly #save: (inTurns: InTurns) => unknown
  readonly #isTimed: boolean
  #lists: LateList[] = []
  /** What it left last, as it has not changed since. */
  #saved: Lasting | undefined

  constructor(save: (inTurns: InTurns) => unknown, isTimed: boolean) {
    this.#save = save
    this.#isTimed = isTimed
  }

  /** Undefined: it leaves nothing. */
  saved(): Lasting | undefined {
    if (this.#isTimed) this.change()
    if (this.#saved !== undefined) return this.#saved
    const value = this.#save(parts => {
      const list = new LateList(parts)
      this.#lists.push(list)
      return list
    })
    return (this.#saved = value === undefined ? undefined : new Lasting(value))
  }

  change(): void {
    for (const list of this.#lists) list.finish()
    this.#lists = []
    this.#saved = undefined
  }
}

interface Live {
  readonly fingerprint: string
  readonly steps: Map<number, LiveStep>
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
    let own: LiveStep | undefined
    return {
      take: () => {
        const left = this.#left.get(feed)
        if (left?.fingerprint !== fingerprint || !Object.hasOwn(left.steps, step)) return undefined
        const { [step]: taken, ...steps } = left.steps
        this.#left.set(feed, { fingerprint, steps })
        return taken
      },
      keep: (save, isTimed = false) => {
        own = new LiveStep(save, isTimed)
        const live = this.#live.get(feed)
        const steps = live?.fingerprint === fingerprint ? live.steps : new Map<number, LiveStep>()
        this.#live.set(feed, { fingerprint, steps: steps.set(step, own) })
      },
      change: () => own?.change(),
    }
  }

  /** There are no other feeds any more, nor are these defined otherwise: by name the fingerprint of each. */
  retain(feeds: ReadonlyMap<string, string>): void {
    for (const all of [this.#live, this.#left])
      for (const [name, { fingerprint }] of all) if (feeds.get(name) !== fingerprint) all.delete(name)
  }

  /** The steps of a feed are looked at together, so that they are those of one sample. */
  save(): Readonly<Record<string, unknown>> {
    const live = [...this.#live].map(([feed, { fingerprint, steps }]) => {
      const saved = (): unknown => ({
        fingerprint,
        steps: Object.fromEntries([...steps].map(([step, own]) => [String(step), own.saved()])),
      })
      return [feed, new Late(saved)] as const
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
