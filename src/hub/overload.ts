import type { Logger } from '../lib/log.ts'
import { formatDuration } from '../lib/unit.ts'
import { MillraceError } from '../model/errors.ts'

/** What the server does less of while it is overloaded; each level does what the ones before it do. */
export const sheddingLevels = ['none', 'longer throttles', 'no new views', 'no new connections'] as const

export type Shedding = (typeof sheddingLevels)[number]

export interface OverloadLimits {
  /** Of the event loop, ms; undefined: any. */
  readonly maxLoopDelayMs: number | undefined
  /** From 0 to 1; undefined: any. */
  readonly maxHeapPart: number | undefined
}

/** What was measured since the last time. */
export interface Load {
  /** 99th percentile, ms; undefined: the loop was idle. */
  readonly loopDelayMs: number | undefined
  /** How full the heap is, from 0 to 1. */
  readonly heapPart: number
}

/** The loop is well again at this part of its limit; the heap, of which garbage is a part, nearer to it. */
const calmLoop = 0.5
const calmHeap = 0.9

/** A limit that is passed: its key, its value, and a sentence. */
interface Passed {
  readonly limit: 'maxLoopDelay' | 'maxHeap'
  readonly value: number
  readonly why: string
}

/** Decides how much load is shed: one level more each time a limit is passed, one less each time all is calm. */
export class Overload {
  readonly #limits: OverloadLimits
  readonly #log: Logger
  #level = 0
  /** Why load is shed. */
  #passed: Passed | undefined

  constructor(limits: OverloadLimits, log: Logger) {
    this.#limits = limits
    this.#log = log
  }

  get shedding(): Shedding {
    return sheddingLevels[this.#level] ?? 'none'
  }

  /** Whether this is shed at the moment. */
  sheds(what: Exclude<Shedding, 'none'>): boolean {
    return this.#level >= sheddingLevels.indexOf(what)
  }

  /** What somebody is told who is refused. */
  refusal(): MillraceError {
    const { limit = 'maxLoopDelay', value = 0 } = this.#passed ?? {}
    return new MillraceError('too_many', `the server is overloaded: ${this.shedding}`, [{ limit, value }])
  }

  /** The key of the limit that is passed. */
  get limit(): string {
    return this.#passed?.limit ?? 'maxLoopDelay'
  }

  judge(load: Load): Shedding {
    const before = this.#level
    const passed = this.#passing(load)
    if (passed !== undefined) this.#level = Math.min(before + 1, sheddingLevels.length - 1)
    else if (this.#isCalm(load)) this.#level = Math.max(before - 1, 0)
    this.#passed = passed ?? this.#passed
    if (this.#level !== before) this.#tell(load, passed)
    return this.shedding
  }

  #passing({ loopDelayMs = 0, heapPart }: Load): Passed | undefined {
    const { maxLoopDelayMs = Infinity, maxHeapPart = Infinity } = this.#limits
    if (loopDelayMs > maxLoopDelayMs) {
      const why = `the event loop runs ${formatDuration(Math.round(loopDelayMs))} late, over ${formatDuration(maxLoopDelayMs)}`
      return { limit: 'maxLoopDelay', value: maxLoopDelayMs, why }
    }
    if (heapPart <= maxHeapPart) return undefined
    return { limit: 'maxHeap', value: maxHeapPart, why: `the heap is ${percent(heapPart)} full, over ${percent(maxHeapPart)}` }
  }

  #isCalm({ loopDelayMs = 0, heapPart }: Load): boolean {
    const { maxLoopDelayMs = Infinity, maxHeapPart = Infinity } = this.#limits
    return loopDelayMs <= maxLoopDelayMs * calmLoop && heapPart <= maxHeapPart * calmHeap
  }

  #tell({ loopDelayMs = 0, heapPart }: Load, passed: Passed | undefined): void {
    const { shedding } = this
    const facts = { shedding, loopDelayMs: Math.round(loopDelayMs), heapPart }
    if (passed !== undefined) this.#log.warn(facts, `${passed.limit}: ${passed.why}: ${shedding}`)
    else this.#log.info(facts, shedding === 'none' ? 'the load is low again: nothing is shed any more' : `the load is lower: ${shedding}`)
  }
}

function percent(part: number): string {
  return `${Math.round(part * 100)}%`
}
