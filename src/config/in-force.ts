import { fingerprint } from '../lib/fingerprint.ts'
import type { Config } from './config.ts'
import { isRecord } from './finding.ts'

/** What became of a config that was read while the server ran. */
export type ReloadOutcome = 'accepted' | 'refused' | 'unchanged'

/** Beside sources and feeds what is taken over while the server runs; every other key is in force from the next start on. */
const takenOver = [
  /^log\.level$/,
  /^auth\.tokens$/,
  /^server\.drain$/,
  /^boards$/,
  /^limits\.max(Connections|ConnectionsPerAddress|MessageDepth|FeedsPerConnection|ViewsPerConnection|ViewsPerFeed)$/,
  /^limits\.max(Address|Where|ExpressionNodes|ExpressionDepth|LoopDelay|Heap)$/,
  /^limits\.(messagesPerSecond|messageBurst|pingsPerSecond|pingBurst|sendWindow|ackAfter|checkEvery)$/,
]

/** What taking a config over has come to. */
export interface Taken {
  readonly outcome: 'accepted' | 'unchanged'
  /** Keys but `sources` and `feeds` that are other than before, and in force from now on. */
  readonly settings: readonly string[]
}

/** The config in force, and what became of those that were to take its place. */
export class ConfigInForce {
  readonly counts: Record<ReloadOutcome, number> = { accepted: 0, refused: 0, unchanged: 0 }
  readonly #atStart: Config
  #current: Config
  /** Of the current one. */
  #print: string
  #loadedAt: number
  #error: string | undefined

  /** `now`: ms since 1970. */
  constructor(config: Config, now: number) {
    this.#atStart = config
    this.#current = config
    this.#print = fingerprint(config)
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
    return differences(this.#atStart, this.#current).filter(key => !isTakenOver(key))
  }

  /** `now`: ms since 1970. */
  take(config: Config, now: number): Taken {
    const settings = differences(this.#current, config).filter(isTakenOver)
    const print = fingerprint(config)
    const outcome = print === this.#print ? 'unchanged' : 'accepted'
    this.counts[outcome]++
    this.#current = config
    this.#print = print
    this.#loadedAt = now
    this.#error = undefined
    return { outcome, settings }
  }

  /** `why` is shown to whoever may see the server's health. */
  refuse(why: string): void {
    this.counts.refused++
    this.#error = why
  }
}

function isTakenOver(key: string): boolean {
  return takenOver.some(pattern => pattern.test(key))
}

/** The keys, but sources and feeds, in which two configs differ, as a config has them. */
function differences(before: Config, after: Config): string[] {
  const keys = members(settingsOf(before), settingsOf(after)).flatMap(([section, one, other]) => {
    if (!isRecord(one) || !isRecord(other)) return isEqual(one, other) ? [] : [section]
    const others = members(one, other).filter(([, left, right]) => !isEqual(left, right))
    return others.map(([key]) => `${section}.${key.replace(/(Ms|Bytes|Part)$/, '')}`)
  })
  return keys.sort()
}

function settingsOf({ sources: _sources, feeds: _feeds, tests: _tests, ...settings }: Config): object {
  return settings
}

function isEqual(one: unknown, other: unknown): boolean {
  return fingerprint(one) === fingerprint(other)
}

function members(one: object, other: object): (readonly [string, unknown, unknown])[] {
  const [left, right] = [new Map<string, unknown>(Object.entries(one)), new Map<string, unknown>(Object.entries(other))]
  return [...new Set([...left.keys(), ...right.keys()])].map(key => [key, left.get(key), right.get(key)] as const)
}
