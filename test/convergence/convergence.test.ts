import { expect, test } from 'vitest'
import { chaos } from './chaos.ts'

/** `SEED=7 npx vitest run test/convergence` takes the same decisions again. */
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000))

test.each([
  { name: 'over sockets of this machine', faultyNetwork: false },
  { name: 'over a network that splits, stalls, cuts and falls silent', faultyNetwork: true },
])(
  'L3, L4: whatever is cut, stalled, resumed, resynced or killed, every state shown was true and the last ones are equal: $name',
  async ({ faultyNetwork }) => {
    const { wrong, network, ...report } = await chaos({ seed, clients: 60, durationMs: 8000, lifeMs: 3500, faultyNetwork })
    expect({ seed, wrong }).toEqual({ seed, wrong: [] })
    expect(report.states).toBeGreaterThan(1000)
    expect(report.finals).toBeGreaterThan(30)
    const never = Object.entries({ ...report, ...network }).filter(
      ([what, count]) => count === 0 && what !== 'resumedBySum' && what !== 'halfOpens',
    )
    expect(never).toEqual([])
  },
  60_000,
)
