import { beforeEach, describe, expect, test } from 'vitest'
import { connect } from '../../src/client/client.ts'
import { ServerClock } from '../../src/elements/server-clock.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { FakeNetwork } from '../support/fake-socket.ts'
import { ManualClock } from '../support/manual-clock.ts'

/** The machine's steady time; its wall clock is ahead of it by `jumpMs` more. */
let machine: ManualClock
let jumpMs: number
/** How far the wall clock of the server is ahead of the machine's as it was in the beginning. */
let serverAheadMs: number
let network: FakeNetwork
let server: ServerClock

beforeEach(() => {
  machine = new ManualClock()
  jumpMs = 0
  serverAheadMs = -5000
  network = new FakeNetwork()
  const clock: Clock = {
    now: () => machine.now() + jumpMs,
    monotonic: () => machine.monotonic(),
    after: (delayMs, run) => machine.after(delayMs, run),
  }
  server = new ServerClock(connect('http://localhost:8080/', { clock, random: () => 0.5, WebSocket: network.WebSocket }), clock)
  network.socket.welcome({ heartbeat: 10_000_000 })
})

const truth = (): number => machine.now() + serverAheadMs

/** A message that travelled for so long comes. */
function hear(travelledMs: number, isLive = true): void {
  server.note(truth() - travelledMs, isLive)
}

/** A second with a message at its end, each. */
function seconds(count: number, travelledMs = 40): void {
  for (let i = 0; i < count; i++) {
    machine.advance(1000)
    hear(travelledMs)
  }
}

const offBy = (): number => server.now() - truth()

describe('the clock of the server', () => {
  test('is that of the machine before anything was heard, then found from the message that travelled least', () => {
    expect([server.connected, offBy()]).toEqual([true, 5000])
    for (const travelledMs of [100, 40, 900]) hear(travelledMs)
    expect(offBy()).toBe(-40)
  })

  test('is measured anew with each connection', () => {
    hear(40)
    network.socket.end(1012)
    machine.advance(2000)
    network.socket.welcome()
    expect(offBy()).toBe(5000)
  })

  test('an old snapshot says nothing of it once more is known', () => {
    hear(40)
    for (let i = 0; i < 60; i++) {
      machine.advance(1000)
      hear(3_600_000, false)
    }
    expect(offBy()).toBe(-40)
  })

  test.each([-3_600_000, 3_600_000])('the clock of the machine is set by %i ms: right at once, or with the next message', byMs => {
    seconds(3)
    jumpMs = byMs
    // An hour may have been slept through, too: until something is heard, what is shown is rather too old than too young.
    expect(offBy()).toBe(byMs < 0 ? -40 : byMs - 40)
    seconds(1)
    expect(offBy()).toBe(-40)
    machine.advance(500)
    expect(offBy()).toBe(-40)
  })

  test('a machine that slept knows it by its wall clock', () => {
    seconds(3)
    // Its steady time stood still.
    jumpMs = 3_600_000
    serverAheadMs += 3_600_000
    expect(offBy()).toBe(-40)
    seconds(1)
    expect(offBy()).toBe(-40)
  })

  test.each([-3_600_000, 3_600_000, -30_000])('the clock of the server is set by %i ms: right with its next message', byMs => {
    seconds(3)
    serverAheadMs += byMs
    seconds(1)
    expect(offBy()).toBe(-40)
  })

  test('clocks that drift are followed, while messages that travel for some seconds change nothing', () => {
    seconds(3)
    for (let i = 0; i < 600; i++) {
      serverAheadMs -= 10
      seconds(1, i % 5 === 0 ? 40 : 3000)
    }
    expect(offBy()).toBeGreaterThanOrEqual(-40)
    expect(offBy()).toBeLessThan(500)
  })
})
