import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { authOf } from '../../src/source/auth/auth-of.ts'
import { SharedAuth } from '../../src/source/auth/shared-auth.ts'
import { sourceAuthOptions, sourceAuthSchema } from '../../src/source/auth/source-auth.options.ts'
import { Proxies } from '../../src/source/proxy.ts'
import { answeringTap } from '../support/answering-tap.ts'
import { httpSource } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'

const rules = { everyMs: 1000, maxBackoffMs: 16_000, timeoutMs: 10_000 }
/** The least step, and the longest, ms: a little less than a poll waits that failed once, and as often as it likes. */
const [leastStepMs, longestStepMs] = [400, 6400]
const rounds = 16

/** What becomes of a request with a token, and how long it takes, in turns of other promises. */
interface Fate {
  readonly isRefused: boolean
  readonly turns: number
}

/** When each of those who ask does so within a second, ms, and what becomes of all that is asked, in turn and over again. */
interface Pattern {
  readonly phases: readonly number[]
  readonly fates: readonly Fate[]
  /** Of logins. */
  readonly failures: readonly boolean[]
}

/** Seldom, often or always, for a while each. */
const fates = fc
  .array(
    fc.tuple(
      fc.constantFrom(0, 0.3, 0.9, 1),
      fc.array(fc.record({ chance: fc.double({ noNaN: true, max: 1, min: 0 }), turns: fc.nat(20) })),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map(spells => spells.flatMap(([share, requests]) => requests.map(({ chance, turns }): Fate => ({ isRefused: chance < share, turns }))))
  .filter(({ length }) => length > 0)

const patterns: fc.Arbitrary<Pattern> = fc.record({
  phases: fc.array(fc.constantFrom(0, 0, 0, 100, 450, 900), { minLength: 1, maxLength: 8 }),
  fates,
  failures: fc.array(fc.boolean(), { maxLength: 3 }).map(failures => [...failures, false]),
})

/** A login began, or somebody was let in. */
type Happening = { readonly kind: 'login' | 'let in'; readonly at: number }

async function play({ phases, fates: all, failures }: Pattern): Promise<Happening[]> {
  const clock = new ManualClock()
  const happened: Happening[] = []
  const note = (kind: Happening['kind']): void => void happened.push({ kind, at: clock.monotonic() })
  let [asked, logins] = [0, 0]
  const identity = answeringTap(() => {
    note('login')
    const isFailing = failures[logins++ % failures.length] === true
    return isFailing ? { status: 503 } : { status: 200, body: { token: `t${logins}` }, turns: 3 }
  })
  const upstream = answeringTap(() => {
    const { isRefused, turns } = all[asked++ % all.length] ?? { isRefused: false, turns: 0 }
    if (!isRefused) note('let in')
    return isRefused ? { status: 401, turns } : { status: 200, body: [], turns }
  })
  const options = sourceAuthOptions(sourceAuthSchema.parse({ login: { request: { url: 'http://identity.example/' }, token: 'token' } }))
  const shared = new SharedAuth(() => authOf(options, rules, { clock, proxies: new Proxies({}), tap: identity }))
  const askers = phases.map(() => httpSource({ url: 'http://upstream.example/' }, clock, { auth: shared.open(), tap: upstream }).ask)
  for (let round = 0; round < rounds; round++) {
    let passedMs = 0
    for (const phase of [...new Set(phases)].toSorted((a, b) => a - b)) {
      clock.advance(phase - passedMs)
      passedMs = phase
      await Promise.all(askers.filter((_, i) => phases[i] === phase).map(ask => ask.poll()))
    }
    clock.advance(1000 - passedMs)
  }
  await Promise.all(askers.map(ask => ask.close()))
  return happened
}

/** The gaps between logins that are less than the step that was due, ms; each login that let nobody in doubles it. */
function tooSoon(happened: readonly Happening[]): { readonly gapMs: number; readonly stepMs: number }[] {
  const found = []
  let last = Number.NEGATIVE_INFINITY
  let inVain = 0
  for (const { kind, at } of happened) {
    if (kind === 'login') {
      const stepMs = Math.min(leastStepMs * 2 ** Math.max(0, inVain - 1), longestStepMs)
      if (at - last < stepMs) found.push({ gapMs: at - last, stepMs })
      last = at
    }
    inVain = kind === 'login' ? inVain + 1 : 0
  }
  return found
}

test('a login is asked for once a step at most, whoever is refused when; and as long as it helps nobody the steps double', async () => {
  await fc.assert(
    fc.asyncProperty(patterns, async pattern => {
      const happened = await play(pattern)
      expect(happened.some(({ kind }) => kind === 'login')).toBe(true)
      expect(tooSoon(happened)).toEqual([])
    }),
    { numRuns: 25 },
  )
})
