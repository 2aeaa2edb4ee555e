import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PlantedFaults, type Edit } from '../simulation/planted.ts'
import { kinds } from './faulty-upstream.ts'
import type * as Run from './run.ts'
import { runTrials } from './run.ts'

test('nothing is called fresh that is not, whatever becomes of the upstream, and all recovers by itself', async () => {
  const { totals, failures } = await runTrials(20, 1)
  expect(failures).toEqual([])
  expect(Object.keys(totals.met).toSorted()).toEqual(kinds.toSorted())
  expect(totals.polls).toBeGreaterThan(800)
  expect(totals.fresh).toBeGreaterThan(1000)
})

describe('the oracle finds out', () => {
  let planted: PlantedFaults
  beforeAll(() => {
    planted = new PlantedFaults()
  })
  afterAll(() => planted.close())

  test.each<readonly [string, Edit & { readonly seed?: number }]>([
    [
      'a failure taken for a proof',
      {
        file: 'feed/live-source.ts',
        search: 'this.#facts = { ...this.#facts, failure: { sinceMono, cause, reason } }',
        replace: 'this.#facts = { ...this.#facts, validatedAt: this.#clock.now(), provenMono: this.#clock.monotonic() }',
      },
    ],
    [
      'data that goes stale late',
      {
        file: 'feed/freshness.ts',
        search: 'mono >= provenMono + rules.staleAfterMs',
        replace: 'mono >= provenMono + rules.staleAfterMs * 1.1',
      },
    ],
    [
      'an age that is only looked at when something happens',
      { file: 'feed/live-source.ts', search: 'this.#judgement.set(nextJudgement(facts, this.#rules, mono))', replace: '' },
    ],
    [
      'ages by the wall clock',
      {
        file: 'feed/live-source.ts',
        search: 'provenMono: isHeld ? unproved : this.#clock.monotonic()',
        replace: 'provenMono: isHeld ? unproved : this.#clock.now() - 1_769_090_000_000',
      },
    ],
    [
      'a validator that is trusted for ever',
      { file: 'source/held-body.ts', search: 'const unconditionalEvery = 20', replace: 'const unconditionalEvery = 1e9' },
    ],
    [
      'a 304 that is believed whatever it confirms',
      { file: 'source/held-body.ts', search: 'opaque(etag) !== opaque(heldTag)', replace: 'opaque(etag) === heldTag + etag' },
    ],
    [
      'a reader who is not told that the state is another',
      {
        file: 'hub/hub.ts',
        search: 'if (!told && mono - view.saidAt < least) continue',
        replace: 'if (told || mono - view.saidAt < least) continue',
      },
    ],
    [
      'an empty answer that is kept back without a word',
      { file: 'feed/freshness.ts', search: 'if (facts.degraded !== undefined) return', replace: 'if (facts.degraded === null) return' },
    ],
    [
      'an upstream that is believed again after it confirmed what it was not asked',
      // The seed is one of few in which it answers so for long enough.
      { file: 'source/fetch.ts', search: 'if (answer.statusCode === 304) held.doubt()', replace: '', seed: 2000 },
    ],
  ])('%s', async (_, { seed = 1, ...edit }) => {
    const broken = await planted.load<typeof Run>([edit], new URL('run.ts', import.meta.url).pathname)
    const { failures } = await broken.runTrials(150, seed)
    expect(failures.flatMap(({ wrong }) => wrong)).not.toEqual([])
  })
})
