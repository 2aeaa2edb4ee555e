import { isListOf, isRecord } from '../lib/plain.ts'
import type { Row } from '../model/row.ts'
import type { Message } from './message.ts'
import type { Outage } from './outage.ts'

/** Of further alerts of a feed a receiver is told again after a restart. */
const mostSaved = 10_000

/** What a receiver has heard, as it is kept over a restart, plain JSON. */
export interface SavedHeard {
  /** Of each feed the rows of which it was told that they fire. */
  readonly firing: readonly {
    readonly feed: string
    readonly fingerprint: string
    readonly rows: readonly (readonly [key: string, row: Row])[]
  }[]
  readonly down: readonly Outage[]
}

/** What a receiver knows to go on: of which alerts it heard that they fire, and of what that it is down. */
export class Heard {
  readonly #firing = new Map<string, Map<string, Row>>()
  readonly #down = new Map<string, Outage>()

  /** It took the message, or never will. */
  add({ feed, status, rows, outage }: Message): void {
    if (outage !== undefined) {
      if (status === 'down') this.#down.set(outage.subject, outage)
      else this.#down.delete(outage.subject)
      return
    }
    const firing = this.#firing.get(feed) ?? new Map<string, Row>()
    for (const { key, change, row } of rows) {
      if (change === 'firing') firing.set(key, row)
      else firing.delete(key)
    }
    this.forget(feed)
    if (firing.size > 0) this.#firing.set(feed, firing)
  }

  /** It is told of a feed no more. */
  forget(feed: string): void {
    this.#firing.delete(feed)
  }

  /** `fingerprintOf`: of a feed's definition. */
  save(fingerprintOf: (feed: string) => string | undefined): SavedHeard {
    const firing = [...this.#firing].flatMap(([feed, rows]) => {
      const fingerprint = fingerprintOf(feed)
      return fingerprint === undefined ? [] : [{ feed, fingerprint, rows: [...rows].slice(0, mostSaved) }]
    })
    return { firing, down: [...this.#down.values()] }
  }

  /**
   * Takes up what `save` gave in a run before, of the feeds that are still defined in the same way; of anything else nothing.
   * @returns the rows of each feed, and what is down
   */
  restore(
    saved: unknown,
    fingerprintOf: (feed: string) => string | undefined,
  ): { readonly firing: ReadonlyMap<string, ReadonlyMap<string, Row>>; readonly down: ReadonlyMap<string, Outage> } {
    if (isHeard(saved)) {
      for (const { feed, fingerprint, rows } of saved.firing) if (fingerprintOf(feed) === fingerprint) this.#firing.set(feed, new Map(rows))
      for (const outage of saved.down) this.#down.set(outage.subject, outage)
    }
    return { firing: this.#firing, down: this.#down }
  }
}

function isHeard(saved: unknown): saved is SavedHeard {
  if (!isRecord(saved)) return false
  const isEntry = (entry: unknown): entry is readonly [string, Row] =>
    Array.isArray(entry) && typeof entry[0] === 'string' && isRecord(entry[1])
  const isFiring = (of: unknown): of is SavedHeard['firing'][number] =>
    isRecord(of) && typeof of['feed'] === 'string' && typeof of['fingerprint'] === 'string' && isListOf(of['rows'], isEntry)
  const isName = (name: unknown): name is string => typeof name === 'string'
  const isOutage = (of: unknown): of is Outage =>
    isRecord(of) && isName(of['subject']) && Number.isFinite(of['since']) && isListOf(of['feeds'], isName)
  return isListOf(saved['firing'], isFiring) && isListOf(saved['down'], isOutage)
}
