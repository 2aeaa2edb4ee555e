import { AdaptivePolicy, type AdaptivePolicyOptions } from './adaptive-policy.ts'
import { restoreSchedule, saveSchedule, type SavedSchedule } from './saved.ts'

/** The schedules that learn, by the name of their source: what they know can be saved, and taken up again. */
export class Schedules {
  readonly #learning = new Map<string, { readonly identity: string; readonly policy: AdaptivePolicy }>()
  #saved: ReadonlyMap<string, unknown> = new Map()

  /** What was saved by `save`, for the sources that are opened from now on. Of anything else nothing is taken up. */
  restore(saved: unknown): void {
    this.#saved = new Map(typeof saved === 'object' && saved !== null ? Object.entries(saved) : [])
  }

  /** All that was learned, by source; plain JSON, at most 4 kB each. */
  save(): Readonly<Record<string, SavedSchedule>> {
    const entries: (readonly [string, SavedSchedule])[] = []
    for (const [name, { identity, policy }] of this.#learning)
      if (policy.resumable !== undefined) entries.push([name, saveSchedule(identity, policy.resumable)])
    return Object.fromEntries(entries)
  }

  /** The policy of a source, which goes on where one of the same name, URL and interval ended, or was saved. */
  open(name: string, asked: string, options: Omit<AdaptivePolicyOptions, 'resumed'>): AdaptivePolicy {
    const identity = `${asked} every ${options.config.averageMs}`
    const before = this.#learning.get(name)
    const resumed = before?.identity === identity ? before.policy.resumable : restoreSchedule(identity, this.#saved.get(name))
    const policy = new AdaptivePolicy({ ...options, ...(resumed === undefined ? {} : { resumed }) })
    this.#learning.set(name, { identity, policy })
    return policy
  }
}
