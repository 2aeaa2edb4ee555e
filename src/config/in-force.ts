import { fingerprint } from '../lib/fingerprint.ts'
import type { Config } from './config.ts'
import { isRecord } from './finding.ts'

/** What became of a config that was read while the server ran. */
export type ReloadOutcome = 'accepted' | 'refused' | 'unchanged'

/** Taken over while the server runs; every other key is in force from the next start on. */
const takenOver = [
  /^(sources|feeds)$/,
  /^log\.level$/,
  /^auth\.tokens$/,
  /^server\.drain$/,
  /^limits\.max(Connections|ConnectionsPerAddress|MessageDepth|FeedsPerConnection|ViewsPerConnection|ViewsPerFeed)$/,
  /^limits\.max(Address|Where|ExpressionNodes|ExpressionDepth|LoopDelay|Heap)$/,
  /^limits\.(messagesPerSecond|messageBurst|pingsPerSecond|pingBurst|sendWindow|ackAfter|checkEvery)$/,
]

/** The config in force, and what became of those that were to take its place. */
export class ConfigInForce {
  readonly counts: Record<ReloadOutcome, number> = { accepted: 0, refused: 0, unchanged: 0 }
  readonly #atStart: Config
  #current: Config
  #loadedAt: number
  #error: string | undefined

  /** `now`: ms since 1970. */
  constructor(config: Config, now: number) {
    this.#atStart = config
    this.#current = config
    this.#loadedAt = now
  }

  get current(): Config {
    return this.#current
  }
  /** When it was last read and found good, ms since 1970; also where nothing in it had changed. */
  get loadedAt(): number {
    return this.#loadedAt
  }
  /** Why the last one that was read is not in force; undefined: it is. */
  get error(): string | undefined {
    return this.#error
  }
  /** The keys that are other than at the start and are not taken over before the next: `server.port`. */
  get needsRestart(): readonly string[] {
    return differences(this.#atStart, this.#current)
      .filter(key => !takenOver.some(pattern => pattern.test(key)))
      .sort()
  }

  isSame(config: Config): boolean {
    return fingerprint(config) === fingerprint(this.#current)
  }

  take(config: Config, now: number): void {
    this.counts[this.isSame(config) ? 'unchanged' : 'accepted']++
    this.#current = config
    this.#loadedAt = now
    this.#error = undefined
  }

  /** `why` is shown to whoever may see the server's health. */
  refuse(why: string): void {
    this.counts.refused++
    this.#error = why
  }
}

/** The keys of the sections in which two configs differ, as a config has them. */
function differences(before: Config, after: Config): string[] {
  const pairs: readonly (readonly [string, unknown, unknown])[] = members(before, after)
  return pairs.flatMap(([section, one, other]) => {
    if (fingerprint(one) === fingerprint(other)) return []
    if (!isRecord(one) || !isRecord(other)) return [section]
    const keys = members(one, other).filter(([, left, right]) => fingerprint(left) !== fingerprint(right))
    return keys.map(([key]) => `${section}.${key.replace(/(Ms|Bytes|Part)$/, '')}`)
  })
}

function members(one: object, other: object): (readonly [string, unknown, unknown])[] {
  const [left, right] = [new Map<string, unknown>(Object.entries(one)), new Map<string, unknown>(Object.entries(other))]
  return [...new Set([...left.keys(), ...right.keys()])].map(key => [key, left.get(key), right.get(key)] as const)
}
