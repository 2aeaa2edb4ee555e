import { expect, test } from 'vitest'
import { chaos } from './chaos.ts'

/** `SEED=7 npx vitest run test/convergence` takes the same decisions again. */
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000))

interface Surroundings {
  readonly name: string
  readonly faultyNetwork?: boolean
  readonly withState?: boolean
  /** How long a server lives, on average. */
  readonly lifeMs: number
  /** How many are to be seen at least; default 1000. */
  readonly states?: number
}

test.each<Surroundings>([
  { name: 'over sockets of this machine', lifeMs: 3500 },
  { name: 'over a network that splits, stalls, cuts and falls silent', faultyNetwork: true, lifeMs: 3500 },
  // Most of the time the server is down or begins.
  { name: 'with a server that keeps state, and every other time stops in order', withState: true, lifeMs: 2000, states: 100 },
])(
  'L3, L4: whatever is cut, stalled, resumed, resynced or killed, every state shown was true and the last ones are equal: $name',
  async ({ lifeMs, faultyNetwork = false, withState = false, states = 1000 }) => {
    const { wrong, network, ...report } = await chaos({
      seed,
      clients: 60,
      durationMs: 8000,
      lifeMs,
      faultyNetwork,
      withState,
    })
    expect({ seed, wrong }).toEqual({ seed, wrong: [] })
    expect(report.states).toBeGreaterThan(states)
    expect(report.finals).toBeGreaterThan(30)
    const byLuck = ['resumedBySum', 'resumedOverStop', 'kills', 'halfOpens']
    // Where the server is down half of the time, most of what clients do comes to nothing.
    const isLuck = (what: string): boolean => byLuck.includes(what) || (withState && what !== 'restarts' && what !== 'snapshots')
    const never = Object.entries({ ...report, ...network }).filter(([what, count]) => count === 0 && !isLuck(what))
    expect(never).toEqual([])
  },
  60_000,
)
