import { DueHeap } from './due-heap.ts'
import { newPool } from '../../src/source/schedule/price.ts'
import { Draws } from './draws.ts'
import { HostGate, ServerLimit } from './limits.ts'
import type { Decide, Decision, Policy, Purse, Purses, SimulatedPoll } from './policy.ts'
import { Tally, type Result } from './result.ts'
import { startAt, type Source } from './source.ts'
import { Upstream } from './upstream.ts'

export interface Simulation {
  readonly horizonMs: number
  readonly seed: string
  /** All sources share one pool; default: each has its own. */
  readonly sharesPool?: boolean
  /** Requests per minute that an operator allows one host, and the least time between two. */
  readonly hosts?: ReadonlyMap<string, { readonly perMinute: number; readonly spacingMs: number }>
  /** Requests per minute beyond which a host answers 429. */
  readonly serverLimits?: ReadonlyMap<string, number>
  /** From when until when nothing answers, ms since the start. */
  readonly outages?: readonly (readonly [number, number])[]
  /** `at`: when it was sent, ms since the start. */
  readonly onPoll?: (source: Source, at: number, poll: SimulatedPoll, decision: Decision) => void
}

/** One poll in so many gets no answer, after `timeoutMs`. */
const failureRate = 0.002
const timeoutMs = 3000

interface Running {
  readonly source: Source
  readonly draws: Draws
  readonly upstream: Upstream
  readonly tally: Tally
  readonly decide: Decide
  dueAt: number
  lastSentAt: number
  tick: number
  changes: number
}

/** Runs sources against a policy, on virtual time: every poll, its latency and its answer, until the horizon. */
export function simulate(sources: readonly Source[], policy: Policy, options: Simulation): Result[] {
  const { horizonMs } = options
  const gates = new Map([...(options.hosts ?? [])].map(([host, rule]) => [host, new HostGate(rule.perMinute, rule.spacingMs)]))
  const limits = new Map([...(options.serverLimits ?? [])].map(([host, perMinute]) => [host, new ServerLimit(perMinute)]))
  const running = start(sources, policy, options)
  const heap = new DueHeap<Running>()
  for (const one of running) heap.push(one)
  for (let one = heap.pop(); one !== undefined; one = heap.pop()) {
    if (one.dueAt >= horizonMs) continue
    const waitMs = gates.get(one.source.host)?.wait(one.dueAt) ?? 0
    one.dueAt += waitMs > 0 ? waitMs : poll(one, limits.get(one.source.host), options)
    heap.push(one)
  }
  return running.map(({ tally }) => tally.result(horizonMs))
}

function start(sources: readonly Source[], policy: Policy, options: Simulation): Running[] {
  const shared = purseOf(sources, 1)
  const hosts = new Map<string, Purse>()
  for (const host of [...(options.hosts?.keys() ?? []), ...(options.serverLimits?.keys() ?? [])]) {
    const there = sources.filter(source => source.host === host)
    const nominal = there.reduce((sum, { intervalMs }) => sum + 60_000 / intervalMs, 0)
    hosts.set(host, purseOf(there, Math.min(1, (options.hosts?.get(host)?.perMinute ?? Number.POSITIVE_INFINITY) / nominal)))
  }
  return sources.map(source => {
    const draws = new Draws(`${options.seed}/run/${source.id}`)
    const dueAt = draws.uniform() * source.intervalMs
    const upstream = new Upstream(source, draws)
    const host = hosts.get(source.host)
    const purses: Purses = { own: options.sharesPool === true ? shared : purseOf([source], 1), ...(host === undefined ? {} : { host }) }
    const decide = policy.start(source, purses)
    const tally = new Tally(source, upstream.changedAt)
    return { source, draws, upstream, tally, decide, dueAt, lastSentAt: Number.NEGATIVE_INFINITY, tick: -1, changes: -1 }
  })
}

function purseOf(sources: readonly Source[], share: number): Purse {
  return { pool: newPool(sources.length, share), perMs: sources.reduce((sum, { intervalMs }) => sum + share / intervalMs, 0) }
}

/** One poll; returns how long after its sending the next one goes out. */
function poll(one: Running, limit: ServerLimit | undefined, { outages = [], onPoll }: Simulation): number {
  const { source, draws, tally } = one
  const sentAt = one.dueAt
  if (sentAt - one.lastSentAt < source.minMs - 1) tally.tooSoon++
  one.lastSentAt = sentAt
  tally.polls++
  const latencyMs = source.roundTripMs * Math.exp(0.25 * draws.normal())
  const isLost = draws.happens(failureRate) || outages.some(([from, to]) => sentAt >= from && sentAt < to)
  const retryAfterMs = limit?.refuse(sentAt)
  if (retryAfterMs !== undefined) tally.tooMany++
  const roundTripMs = isLost ? timeoutMs : latencyMs
  const common = { sentAt: startAt + sentAt, roundTripMs, random: draws.uniform }
  const seen: SimulatedPoll =
    isLost || retryAfterMs !== undefined
      ? {
          ...common,
          status: isLost ? 0 : 429,
          isChange: false,
          isRemade: false,
          hints: {},
          ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        }
      : { ...common, ...ask(one, sentAt, roundTripMs) }
  const decision = one.decide(seen)
  if (!(decision.delayMs >= 0)) throw new Error(`a delay of ${decision.delayMs} for ${source.id}`)
  onPoll?.(source, sentAt, seen, decision)
  return Math.max(1, roundTripMs + decision.delayMs)
}

function ask(one: Running, sentAt: number, roundTripMs: number): Pick<SimulatedPoll, 'status' | 'isChange' | 'isRemade' | 'hints'> {
  const { source, upstream, tally } = one
  const sample = sentAt + roundTripMs / 2
  const { tick, changes, hints } = upstream.answer(sample)
  const isFirst = one.tick < 0
  const isChange = isFirst || source.isGauge || changes !== one.changes
  const isRemade = isChange || (source.hints.showsTicks === true && tick !== one.tick)
  one.tick = tick
  one.changes = changes
  tally.sample(sample, sentAt + roundTripMs, changes)
  return { status: isRemade ? 200 : 304, isChange, isRemade, hints }
}
