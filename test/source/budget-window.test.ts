import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Budget, type Release } from '../../src/source/budget.ts'
import { Budgets } from '../../src/source/budgets.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { failed, httpSource } from '../support/http-source.ts'
import { json, redirect, status, Upstream, type Behaviour } from '../support/upstream.ts'

const burst = 2

/** What happens to a server, one after the other. */
type Event =
  | { readonly what: 'ask' | 'ask first'; readonly more: number; readonly tookMs: number }
  | { readonly what: 'wait'; readonly ms: number }
  | { readonly what: 'restart'; readonly downMs: number }
  | { readonly what: 'reload'; readonly ratePerSecond: number | undefined }

const ms = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max })
const rate = fc.double({ min: 0.2, max: 20, noNaN: true })
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constantFrom('ask', 'ask first'), more: fc.integer({ min: 0, max: 4 }), tookMs: ms(300) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('wait' as const), ms: ms(5000) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('restart' as const), downMs: ms(1000) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('reload' as const), ratePerSecond: fc.option(rate, { nil: undefined }) }) },
)

/** Servers that follow each other on one machine, and the upstream that counts what all of them ask. */
class World {
  readonly clock = new ManualClock()
  /** When the upstream was asked, ms. */
  readonly asked: number[] = []
  /** From when on which rate held, per second. */
  readonly rates: { readonly from: number; readonly perSecond: number }[] = []
  #perSecond: number
  #life = 0
  #budgets: Budgets

  constructor(perSecond: number) {
    this.#perSecond = perSecond
    this.#budgets = this.#start()
  }

  apply(happens: Event): void {
    if (happens.what === 'wait') this.clock.advance(happens.ms)
    else if (happens.what === 'restart') {
      // Killed: whatever was under way or waited is gone with it.
      this.#life++
      this.clock.advance(happens.downMs)
      this.#budgets = this.#start()
    } else if (happens.what === 'reload') {
      this.#perSecond = happens.ratePerSecond ?? this.#perSecond
      this.#rule(this.#budgets)
    } else this.#ask(happens.what, happens.more, happens.tookMs)
  }

  #start(): Budgets {
    const budgets = new Budgets(undefined, { clock: this.clock, limited: () => undefined })
    this.#rule(budgets)
    return budgets
  }

  #rule(budgets: Budgets): void {
    budgets.rule(new Map([['slow', { ratePerSecond: this.#perSecond, maxConcurrent: 4 }]]))
    this.rates.push({ from: this.clock.monotonic(), perSecond: this.#perSecond })
  }

  /** A poll of `more` further requests, each once the one before was answered. */
  #ask(what: 'ask' | 'ask first', more: number, tookMs: number): void {
    const life = this.#life
    const budget: Budget = this.#budgets.named('slow')
    const isAlive = (): boolean => life === this.#life
    const request = (left: number, release: Release): void => {
      if (!isAlive()) return
      this.asked.push(this.clock.monotonic())
      this.clock.after(tookMs, () => {
        if (!isAlive()) return
        if (left === 0) release()
        else budget.admitMore(() => request(left - 1, release))
      })
    }
    const enter = (release: Release): void => request(more, release)
    if (what === 'ask') budget.admit(enter)
    else budget.admitFirst(enter)
  }

  /** Requests that the rate allows from one instant to another. */
  allowed(from: number, to: number): number {
    return this.rates.reduce((sum, each, i) => {
      const until = this.rates[i + 1]?.from ?? Number.POSITIVE_INFINITY
      return sum + (Math.max(0, Math.min(to, until) - Math.max(from, each.from)) * each.perSecond) / 1000
    }, 0)
  }
}

test('no window, counted at the upstream, holds more than the rate and a burst of two (L7): through restarts and reloads, whoever asks what when', () => {
  fc.assert(
    fc.property(rate, fc.array(event, { minLength: 1, maxLength: 60 }), (perSecond, events) => {
      const world = new World(perSecond)
      for (const happens of events) world.apply(happens)
      world.clock.advance(60_000)
      const { asked } = world
      for (const [i, from] of asked.entries())
        for (const [more, to] of asked.slice(i).entries()) expect(more + 1).toBeLessThanOrEqual(burst + world.allowed(from, to) + 1e-6)
    }),
    { numRuns: 200 },
  )
})

let upstream: Upstream
const clock = new ManualClock()

beforeEach(async () => {
  upstream = await Upstream.start()
})
afterEach(() => upstream.close())

/** A 304 that nobody asked for, by which the whole is asked for once more. */
const unaskedFor: Behaviour = status(304)
const rows = json([{ id: 1 }])

test.each<readonly [string, readonly Behaviour[]]>([
  ['redirects', [redirect('/b'), redirect('/c'), rows]],
  ['a redirect, and a 304 that confirms what nobody holds', [redirect('/b'), unaskedFor, rows]],
])('every request of a poll counts against the rate: %s', async (_, script) => {
  upstream.script(...script)
  const budget = new Budget(clock, { ratePerSecond: 1 })
  clock.advance(2000)
  const { ask } = httpSource({ url: upstream.url, key: 'id' }, clock, { admitMore: enter => budget.admitMore(enter) })
  const polled = new Promise<unknown>((resolve, reject) => {
    budget.admit(release => void ask.poll().then(resolve, reject).finally(release))
  })
  // Beside its deadline the one timer is that of its turn.
  while (clock.pending < 2) await new Promise(resolve => setImmediate(resolve))
  expect(upstream.count).toBe(2)
  await clock.advanceAsync(1000)
  await polled
  expect(upstream.count).toBeGreaterThan(2)
  await ask.close()
})

test('a poll whose budget lets it ask no further within its time says so', async () => {
  upstream.script(redirect('/b'), redirect('/c'), rows)
  const budget = new Budget(clock, { ratePerSecond: 0.01 })
  clock.advance(200_000)
  const { ask } = httpSource({ url: upstream.url, key: 'id', timeout: '5s' }, clock, { admitMore: enter => budget.admitMore(enter) })
  const polled = new Promise<Awaited<ReturnType<typeof ask.poll>>>((resolve, reject) => {
    budget.admit(release => void ask.poll().then(resolve, reject).finally(release))
  })
  while (clock.pending < 2) await new Promise(resolve => setImmediate(resolve))
  await clock.advanceAsync(5000)
  expect(failed(await polled).reason).toMatch(/^127\.0\.0\.1:\d+: its budget let it ask no further within 5s$/)
  await ask.close()
})
