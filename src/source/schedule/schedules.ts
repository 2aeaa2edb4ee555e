import type { SavedPart } from '../../model/saved.ts'
import { AdaptivePolicy, type AdaptivePolicyOptions } from './adaptive-policy.ts'
import { restoreSchedule, saveSchedule, type SavedSchedule } from './saved.ts'

/** Sources that are gone and may come back; 4 kB each. */
const mostClosed = 1000

/** The schedules that learn, by the name of their source: what they know can be saved, and taken up again. */
export class Schedules implements SavedPart {
  readonly section = 'schedules'
  readonly #learning = new Map<string, { readonly identity: string; readonly policy: AdaptivePolicy }>()
  /** Of sources that are not open, in the form of `save`. */
  #saved = new Map<string, unknown>()

  /** What was saved by `save`, for sources that are open and for those that are opened from now on. Of anything else nothing is taken up. */
  restore(saved: unknown): void {
    this.#saved = new Map(typeof saved === 'object' && saved !== null ? Object.entries(saved) : [])
    for (const [name, { identity, policy }] of this.#learning) {
      const resumed = restoreSchedule(identity, this.#saved.get(name))
      if (resumed !== undefined) policy.takeUp(resumed)
    }
  }

  /** All that was learned, by source; plain JSON, at most 4 kB each. */
  save(): Readonly<Record<string, SavedSchedule>> {
    const entries: (readonly [string, SavedSchedule])[] = []
    for (const [name, { identity, policy }] of this.#learning)
      if (policy.resumable !== undefined) entries.push([name, saveSchedule(identity, policy.resumable)])
    return Object.fromEntries(entries)
  }

  /** The policy of a source, which goes on where one of the same name, URL and interval ended, or was saved. */
  open(name: string, asked: string, options: Omit<AdaptivePolicyOptions, 'resumed' | 'closed'>): AdaptivePolicy {
    const identity = `${asked} every ${options.config.averageMs}`
    const before = this.#learning.get(name)
    const resumed = before?.identity === identity ? before.policy.resumable : restoreSchedule(identity, this.#saved.get(name))
    const closed = (): void => {
      if (this.#learning.get(name)?.policy !== policy) return
      this.#learning.delete(name)
      this.#keep(name, identity, policy)
    }
    const policy: AdaptivePolicy = new AdaptivePolicy({ ...options, closed, ...(resumed === undefined ? {} : { resumed }) })
    this.#learning.set(name, { identity, policy })
    return policy
  }

  /** For a source that comes back, as one that is defined anew in the same way. */
  #keep(name: string, identity: string, { resumable }: AdaptivePolicy): void {
    this.#saved.delete(name)
    if (resumable !== undefined) this.#saved.set(name, saveSchedule(identity, resumable))
    const [oldest] = this.#saved.keys()
    if (this.#saved.size > mostClosed && oldest !== undefined) this.#saved.delete(oldest)
  }
}
