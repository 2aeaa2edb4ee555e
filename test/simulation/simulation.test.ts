import { afterAll, describe, expect, test } from 'vitest'
import { PlantedFaults } from './planted.ts'
import { World } from './world.ts'

/** Built into one file, without a fault: the test runner's own modules look each import up anew at every use. */
const built = new PlantedFaults()
afterAll(() => built.close())

describe('server, clients and the network between them, on virtual time', () => {
  test('L3, L4: over a million events every state shown was true, none older than one before, and the last ones are equal', async () => {
    const { simulate } = await built.load([])
    const { failure, steps, states, kills } = await simulate(1_000_000)
    expect(failure).toBeUndefined()
    expect(steps).toBe(1_000_000)
    expect(states).toBeGreaterThan(100_000)
    expect(kills).toBeGreaterThan(200)
  }, 120_000)

  test('a seed repeats everything, to the event', () => {
    const [once, again] = [new World({ seed: 5, clients: 4 }), new World({ seed: 5, clients: 4 })]
    expect(once.run(5000)).toEqual(again.run(5000))
    expect(once.clock.monotonic()).toBe(again.clock.monotonic())
    expect(once.clock.steps).toBe(again.clock.steps)
  })
})
