import { describe, expect, test } from 'vitest'
import { connect } from '../../src/client/client.ts'
import { closeTable, mayReconnect } from '../../src/model/errors.ts'
import { bench, openBench, shownBy } from '../support/client.ts'
import { ManualClock } from '../support/manual-clock.ts'

function phasesOf(run: ReturnType<typeof bench>): string[] {
  const phases: string[] = []
  run.millrace.onState(state => phases.push(state.phase))
  return phases
}

/** Until the next try, and no further. */
function awaitTry({ millrace, clock }: ReturnType<typeof bench>): void {
  clock.advance((millrace.state.retryAt ?? 0) - clock.now())
}

describe('opening', () => {
  test('offers the subprotocol at the resolved address and is open with the welcome', () => {
    const run = bench()
    const phases = phasesOf(run)
    expect(run.socket.url).toBe('ws://localhost:8080/ws')
    expect(run.millrace.state).toEqual({ phase: 'connecting', attempt: 0 })
    run.socket.welcome()
    expect(run.millrace.state).toEqual({ phase: 'open', attempt: 0 })
    expect(phases).toEqual(['open'])
  })

  test('a try without a welcome fails after 10 s', () => {
    const run = bench()
    run.clock.advance(9999)
    expect(run.millrace.state.phase).toBe('connecting')
    run.clock.advance(1)
    expect(run.millrace.state).toMatchObject({ phase: 'disconnected', reason: 'no welcome within 10 s', attempt: 1 })
    expect(run.socket.closedByClient).toBe(true)
  })

  test('what comes before the welcome is not heard', () => {
    const run = bench()
    run.millrace.onError(() => expect.unreachable())
    run.socket.say({ type: 'error', code: 'internal', message: 'too early', retry: true })
    expect(run.millrace.state.phase).toBe('connecting')
  })

  test('a constructor that throws is a failed try', () => {
    const network = bench().network
    network.fault = new Error('blocked by policy')
    const clock = new ManualClock()
    const millrace = connect('ws://localhost', { clock, random: () => 0.5, WebSocket: network.WebSocket })
    expect(millrace.state).toMatchObject({ phase: 'disconnected', reason: 'blocked by policy' })
    network.fault = undefined
    clock.advance(250)
    network.socket.welcome()
    expect(millrace.state.phase).toBe('open')
  })

  test('without a WebSocket it says what is missing', () => {
    const held = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket')
    Object.defineProperty(globalThis, 'WebSocket', { value: undefined, configurable: true })
    try {
      expect(() => connect('ws://localhost')).toThrow('there is no WebSocket here: pass one as an option')
    } finally {
      if (held === undefined) Reflect.deleteProperty(globalThis, 'WebSocket')
      else Object.defineProperty(globalThis, 'WebSocket', held)
    }
  })
})

describe('a line that falls silent', () => {
  test('is borne for longer the next time, where no data came: a slow one may be carrying one large message', () => {
    const run = bench(() => 0)
    const silences: number[] = []
    for (let i = 0; i < 7; i++) {
      run.socket.welcome()
      const began = run.clock.monotonic()
      while (run.millrace.state.phase === 'open') run.clock.advance(1000)
      silences.push(run.clock.monotonic() - began)
      awaitTry(run)
    }
    expect(silences).toEqual([50, 100, 200, 400, 800, 800, 800].map(seconds => seconds * 1000))
  })

  test('after data came is borne no longer than the second time', () => {
    const run = bench(() => 0)
    run.millrace.feed('quotes').subscribe(() => undefined)
    const rest = {
      feed: 'quotes',
      kind: 'table',
      key: 'id',
      columns: ['id'],
      order: [],
      epoch: '000000000001',
      tick: 1,
      at: 1,
      rows: [],
    } as const
    for (const seconds of [50, 100, 100, 100]) {
      run.socket.welcome()
      run.socket.say({ type: 'snapshot', ...rest, to: 1 })
      run.clock.advance(seconds * 1000 - 1)
      expect(run.millrace.state.phase).toBe('open')
      run.clock.advance(1)
      expect(run.millrace.state.phase).toBe('disconnected')
      awaitTry(run)
    }
  })
})

describe('reconnecting', () => {
  test('comes back after a back-off that doubles up to 30 s, all of it jitter', () => {
    for (const [chance, delays] of [
      [1, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]],
      [0.5, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]],
      [0, [0, 0, 0, 0, 0, 0, 0, 0]],
    ] as const) {
      const run = bench(() => chance)
      run.socket.welcome()
      const seen: number[] = []
      for (const _ of delays) {
        run.socket.end(1006)
        seen.push((run.millrace.state.retryAt ?? 0) - run.clock.now())
        const before = run.network.sockets.length
        run.clock.advance(seen.at(-1) ?? 0)
        expect(run.network.sockets).toHaveLength(before + 1)
      }
      expect(seen).toEqual(delays)
      run.millrace.close()
    }
  })

  test('begins anew after a connection that lasted 10 s, not after one that fell at once', () => {
    const run = openBench()
    for (let i = 0; i < 3; i++) {
      run.socket.end(1012)
      awaitTry(run)
      run.socket.welcome()
    }
    run.socket.end(1012)
    expect(run.millrace.state.attempt).toBe(4)
    awaitTry(run)
    run.socket.welcome()
    run.clock.advance(10_000)
    run.socket.end(1012)
    expect(run.millrace.state.attempt).toBe(1)
  })

  test.each(Object.keys(closeTable).map(Number))('after close code %i: as the table of codes says', code => {
    const run = openBench()
    run.socket.end(code, 'because')
    const { phase, reason, retryAt = 0 } = run.millrace.state
    expect(run.millrace.state.code).toBe(code)
    expect(reason).toContain('because')
    const advice = mayReconnect(code)
    expect(phase).toBe(advice === 'never' ? 'closed' : 'disconnected')
    expect(advice !== 'backoff' || retryAt - run.clock.now() >= 5000).toBe(true)
    run.clock.advance(600_000)
    expect(run.network.sockets.length > 1).toBe(advice !== 'never')
  })

  test.each([4402, 4499])('an unknown 44xx (%i) does not come back, another unknown code does', code => {
    const run = openBench()
    run.socket.end(code)
    expect(run.millrace.state.phase).toBe('closed')
    const other = openBench()
    other.socket.end(code - 400)
    expect(other.millrace.state.phase).toBe('disconnected')
  })

  test('waits as long as the server asks, an hour at most', () => {
    const run = openBench()
    run.socket.end(1013, 'maxConnections retry-after-ms=3200')
    expect((run.millrace.state.retryAt ?? 0) - run.clock.now()).toBe(3200)
    expect(run.millrace.state.reason).toBe('closed by the server: overload (1013): maxConnections')
    run.clock.advance(3200)
    run.socket.end(1013, 'retry-after-ms=999999999999')
    expect((run.millrace.state.retryAt ?? 0) - run.clock.now()).toBe(3_600_000)
  })

  test('five tries without any welcome are called refused, and go on every 30 s', () => {
    const run = bench()
    for (let i = 0; i < 5; i++) {
      run.socket.fail('connect ECONNREFUSED')
      if (i < 4) awaitTry(run)
    }
    expect(run.millrace.state).toMatchObject({ phase: 'refused', attempt: 5, reason: 'connect ECONNREFUSED' })
    expect((run.millrace.state.retryAt ?? 0) - run.clock.now()).toBe(30_000)
    run.clock.advance(30_000)
    run.socket.welcome()
    expect(run.millrace.state).toEqual({ phase: 'open', attempt: 0 })
    for (let i = 0; i < 6; i++) {
      run.socket.end(1006)
      expect(run.millrace.state.phase).toBe('disconnected')
      awaitTry(run)
    }
  })

  test('the old socket is not heard once another is opened', () => {
    const run = openBench()
    const old = run.socket
    run.clock.advance(50_000)
    expect(run.millrace.state).toMatchObject({ phase: 'disconnected', reason: 'nothing heard for 50 s' })
    expect(old.closedByClient).toBe(true)
    run.clock.advance(250)
    run.socket.welcome()
    old.end(4401)
    old.say({ type: 'error', code: 'internal', message: 'a ghost', retry: true })
    expect(run.millrace.state.phase).toBe('open')
  })

  test('whatever is heard counts as a sign of life', () => {
    const run = openBench()
    for (let i = 0; i < 5; i++) {
      run.clock.advance(49_999)
      run.socket.say({ type: 'beat', at: run.clock.now() })
    }
    expect(run.millrace.state.phase).toBe('open')
    run.clock.advance(50_000)
    expect(run.millrace.state.phase).toBe('disconnected')
  })

  test('retry() tries at once, also where the server closed for good; while open it does nothing', () => {
    const run = openBench()
    run.millrace.retry()
    expect(run.network.sockets).toHaveLength(1)
    run.socket.end(4401)
    run.millrace.retry()
    run.millrace.retry()
    expect(run.network.sockets).toHaveLength(2)
    run.socket.welcome()
    expect(run.millrace.state.phase).toBe('open')
  })
})

describe('closing', () => {
  test.each<[string, (run: ReturnType<typeof bench>) => void]>([
    ['while connecting', () => undefined],
    ['while open', run => run.socket.welcome()],
    ['while waiting for the next try', run => run.socket.fail('reset')],
    [
      'with subscriptions, questions and messages that wait',
      run => {
        run.socket.welcome({ messagesPerSecond: 1 })
        for (const name of ['a', 'b', 'c']) shownBy(run.millrace.feed(name))
        run.millrace.get('d').catch(() => undefined)
      },
    ],
    ['after the server closed for good', run => run.socket.end(4403)],
  ])('%s: leaves no timer and no further try, and is final', (_, before) => {
    const run = bench()
    before(run)
    const opened = run.network.sockets.length
    run.millrace.close()
    run.millrace.close()
    run.millrace.retry()
    expect(run.clock.pending).toBe(0)
    expect(run.millrace.state).toEqual({ phase: 'closed', attempt: 0, reason: 'closed by this client' })
    run.clock.advance(600_000)
    expect(run.network.sockets).toHaveLength(opened)
  })

  test.each(['open', 'disconnected'])('by a listener that hears of %s: no socket is opened after it', phase => {
    const run = bench()
    run.millrace.onState(state => {
      if (state.phase === phase && state.retryAt === undefined) run.millrace.close()
    })
    shownBy(run.millrace.feed('quotes'))
    run.socket.welcome()
    expect(phase === 'open' ? run.socket.heard() : []).toEqual([])
    run.socket.end(1006)
    run.clock.advance(600_000)
    expect(run.network.sockets).toHaveLength(1)
    expect(run.clock.pending).toBe(0)
  })

  test('a listener that tries again opens one socket, not two', () => {
    const run = openBench()
    run.millrace.onState(({ phase, retryAt }) => {
      if (phase === 'disconnected' && retryAt === undefined) run.millrace.retry()
    })
    run.socket.end(1006)
    run.clock.advance(250)
    expect(run.network.sockets).toHaveLength(2)
  })
})

test('sends no faster than the server takes messages', () => {
  const run = bench()
  run.socket.welcome({ messagesPerSecond: 2 })
  for (const name of ['a', 'b', 'c', 'd', 'e']) shownBy(run.millrace.feed(name))
  const heard = (): unknown[] => run.socket.heard().map(message => message['feed'])
  expect(heard()).toEqual(['a', 'b'])
  run.clock.advance(500)
  expect(heard()).toEqual(['c'])
  run.clock.advance(1000)
  expect(heard()).toEqual(['d', 'e'])
})

test('when the server did not take a message of nobody knows which, all are asked again', () => {
  const run = openBench()
  run.socket.say({ type: 'error', code: 'rate_limited', message: 'too many messages', retry: true })
  expect(run.millrace.state).toMatchObject({ phase: 'disconnected', reason: 'too many messages' })
})

test('errors of no feed and no question go to onError; an ended listener hears no more', () => {
  const run = openBench()
  const heard: string[] = []
  const end = run.millrace.onError(({ code, message }) => heard.push(`${code} ${message}`))
  run.socket.say({ type: 'error', code: 'unauthorized', message: 'the token ends soon', retry: true })
  run.socket.say({ type: 'error', code: 'of_later', message: 'unknown to us', retry: true })
  end()
  run.socket.say({ type: 'error', code: 'internal', message: 'not heard', retry: true })
  expect(heard).toEqual(['unauthorized the token ends soon', 'internal of_later: unknown to us'])
})

test('a server that offers it asks by messages how far the client has read, and is answered at once', () => {
  const run = bench()
  run.socket.welcome({ features: ['ack'] })
  expect(run.socket.heard()).toEqual([{ type: 'hello', features: ['ack'] }])
  for (let n = 1; n <= 100; n++) {
    run.socket.say({ type: 'ping', n })
    expect(run.socket.heard()).toEqual([{ type: 'pong', n }])
  }
})
