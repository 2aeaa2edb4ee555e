import { beforeEach, describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { seededRandom } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import type { Ask, Poll, PollAnswered } from '../../src/source/ask.ts'
import { Budget } from '../../src/source/budget.ts'
import { EachAsk, type MemberList } from '../../src/source/each.ts'
import type { MemberValue } from '../../src/source/each.options.ts'
import { fillOptions } from '../../src/source/fill.ts'
import { PollError } from '../../src/source/failure.ts'
import { httpKeys, httpOptions } from '../../src/source/http.options.ts'
import { answered, failed } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedAsk, type Outcome } from '../support/scripted-ask.ts'
import { z } from 'zod'

const everyMs = 1000

let clock: ManualClock
let budget: Budget
let asks: Map<string, ScriptedAsk>
let outcomes: Map<string, Outcome>
let list: MemberList
let each: EachAsk

beforeEach(() => {
  clock = new ManualClock()
  budget = new Budget(clock)
  asks = new Map()
  outcomes = new Map()
})

function eachOf(values: readonly MemberValue[], maxRows = 100_000): EachAsk {
  list = { values }
  each = new EachAsk({
    name: 'symbol',
    maxRows,
    everyMs,
    maxBackoffMs: 60_000,
    budget,
    clock,
    random: seededRandom(1),
    list: () => Promise.resolve(list),
    ask: value => member(String(value)),
    close: () => Promise.resolve(),
  })
  return each
}

function member(name: string): Ask {
  if (name === '..') throw new PollError('http', 'it would lead elsewhere')
  const ask = new ScriptedAsk(clock)
  ask.tookMs = 1
  ask.outcome = () => outcomes.get(name) ?? [{ id: 1, name }]
  asks.set(name, ask)
  return ask
}

/** Lets time pass until the poll has ended. */
async function poll(): Promise<Poll> {
  const ended = { poll: undefined as Poll | undefined }
  void each.poll().then(made => (ended.poll = made))
  for (let turn = 0; turn < 5000; turn++) {
    if (ended.poll !== undefined) return ended.poll
    await clock.advanceAsync(1)
  }
  throw new Error('it did not end')
}

function keyed(symbol: string, row: Row): [string, Row] {
  const key = JSON.stringify([symbol, row['id']])
  return [key, { '#': key, symbol, ...row }]
}

const good = async (): Promise<PollAnswered> => answered(await poll())
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `m${i}`)

describe('the rows of all members', () => {
  test('are one table, with the member in a column and in the key', async () => {
    eachOf(['A', 7])
    outcomes.set('A', [
      { id: 1, n: 1 },
      { id: 2, n: 2 },
    ])
    outcomes.set('7', [{ id: 1, symbol: 'said by itself' }])
    const { table, changes } = await good()
    expect({ ...table, rows: Object.fromEntries(table.rows) }).toEqual({
      key: '#',
      columns: ['#', 'symbol', 'id', 'n'],
      rows: {
        '["A",1]': { '#': '["A",1]', symbol: 'A', id: 1, n: 1 },
        '["A",2]': { '#': '["A",2]', symbol: 'A', id: 2, n: 2 },
        '[7,1]': { '#': '[7,1]', symbol: 7, id: 1 },
      },
      order: [],
      kind: 'table',
    })
    expect(changes).toBe('all')
  })

  test('of a list of one are keyed as those of several: the key stays what it is when another member comes', async () => {
    eachOf(['A'])
    const alone = await good()
    expect([alone.table.key, alone.table.rows.get('["A",1]')]).toEqual(['#', { '#': '["A",1]', symbol: 'A', id: 1, name: 'A' }])
    list = { values: ['A', 'B'] }
    const { table, changes } = await good()
    expect(table.key).toBe('#')
    expect([...(changes === 'all' ? [] : changes.keys())]).toEqual(['["B",1]'])
  })

  test('200 members: 1 dead, 1 added, 1 removed: 199 answer, no other row is touched', async () => {
    const all = names(200)
    eachOf(all)
    const before = await good()
    expect([before.table.rows.size, before.degraded]).toEqual([200, undefined])
    outcomes.set('m5', { cause: 'http', reason: 'host answered 500' })
    list = { values: [...all.filter(name => name !== 'm9'), 'new'] }
    const after = await good()
    expect(after.changes).toEqual(
      new Map<string, unknown>([
        ['["m9",1]', before.table.rows.get('["m9",1]')],
        ['["new",1]', undefined],
      ]),
    )
    expect(after.table.rows.size).toBe(200)
    const touched = [...before.table.rows].filter(([key, row]) => after.table.rows.get(key) !== row)
    expect(touched.map(([key]) => key)).toEqual(['["m9",1]'])
    expect(after.degraded).toEqual({ cause: 'rows', reason: '1 member fails and keeps its last rows: m5: host answered 500' })
    expect([...asks.values()].filter(({ asked }) => asked.length === 2)).toHaveLength(199)
    expect([asks.get('m9')?.closed, asks.get('new')?.asked.length]).toEqual([true, 1])
    outcomes.delete('m5')
    clock.advance(everyMs)
    const third = await good()
    expect([third.kind, third.degraded, third.table]).toEqual(['unchanged', undefined, after.table])
  })

  test('a row that changes, comes or leaves is the only change', async () => {
    eachOf(['A', 'B'])
    outcomes.set('A', [{ id: 1 }, { id: 2 }])
    const before = await good()
    outcomes.set('A', [{ id: 2, more: true }, { id: 3 }])
    const { changes, table } = await good()
    expect([...(changes as Map<string, Row>).keys()].sort()).toEqual(['["A",1]', '["A",2]', '["A",3]'])
    expect(table.columns).toEqual(['#', 'symbol', 'id', 'name', 'more'])
    expect(table.rows.get('["B",1]')).toBe(before.table.rows.get('["B",1]'))
  })

  test('go on from a run before: what is the same keeps its row, who is no member leaves', async () => {
    eachOf(['A', 'B', 'C'])
    const { table } = await good()
    eachOf(['A', 'B'])
    each.resume(table)
    const second = await good()
    expect([...(second.changes as Map<string, Row>).keys()]).toEqual(['["C",1]'])
    expect(second.table.rows.get('["A",1]')).toBe(table.rows.get('["A",1]'))
  })

  test('of none are no rows, and of one too many none of this poll', async () => {
    eachOf([])
    expect((await good()).table.rows.size).toBe(0)
    list = { values: ['A', 'B', 'C'] }
    expect((await good()).table.rows.size).toBe(3)
    eachOf(['A'], 1)
    const first = await good()
    list = { values: ['A', 'B'] }
    expect(failed(await poll())).toMatchObject({ cause: 'too_large', reason: 'maxRows: 1 exceeded', limit: 'maxRows' })
    list = { values: ['A'] }
    expect((await good()).table).toBe(first.table)
  })

  test('what was changed in a poll that was too large is there with the next one', async () => {
    eachOf(['A', 'B'], 3)
    outcomes.set('A', [{ id: 1, n: 1 }])
    await good()
    outcomes.set('A', [{ id: 1, n: 2 }])
    outcomes.set(
      'B',
      [1, 2, 3].map(id => ({ id, n: 0 })),
    )
    expect(failed(await poll())).toMatchObject({ limit: 'maxRows' })
    outcomes.set('B', [{ id: 1, n: 0 }])
    const { table, changes } = await good()
    expect(table.rows.get('["A",1]')).toMatchObject({ n: 2 })
    expect([...(changes as Map<string, unknown>).keys()]).toContain('["A",1]')
  })

  test('that is closed while members wait for their turn takes no turn of others', async () => {
    budget.rule({ maxConcurrent: 2, ratePerSecond: 1 })
    eachOf(names(20))
    void each.poll()
    await clock.advanceAsync(10)
    const closing = each.close()
    await clock.advanceAsync(10_000)
    await closing
    expect(budget.waitMs).toBe(0)
    const asked = [...asks.values()].reduce((sum, ask) => sum + ask.asked.length, 0)
    expect(asked).toBeLessThan(5)
  })

  test('whatever members bring, the table is that of the last answer of each', async () => {
    const rows = fc.uniqueArray(fc.record({ id: fc.nat(4), v: fc.nat(2) }), { selector: ({ id }) => id, maxLength: 4 })
    const round = fc.record({
      members: fc.subarray(['a', 'b', 'c']),
      brought: fc.array(fc.oneof(rows, fc.constant({ cause: 'http' as const })), { minLength: 3, maxLength: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 6 }), async rounds => {
        eachOf(['a', 'b', 'c'])
        const last = new Map<string, readonly Row[]>()
        let shown = new Map<string, Row>()
        for (const { members, brought } of rounds) {
          list = { values: members }
          for (const [i, name] of ['a', 'b', 'c'].entries()) outcomes.set(name, brought[i] as Outcome)
          clock.advance(120_000)
          const made = await poll()
          for (const [i, name] of ['a', 'b', 'c'].entries())
            if (members.includes(name) && Array.isArray(brought[i])) last.set(name, brought[i])
          // A poll that fails publishes nothing, and so nobody leaves.
          if (made.kind === 'failed') continue
          for (const name of last.keys()) if (!members.includes(name)) last.delete(name)
          const expected = [...last].flatMap(([symbol, its]) => its.map(row => keyed(symbol, row)))
          expect(made.table.rows).toEqual(new Map(expected))
          const { changes } = made
          const kept = changes === 'all' ? [] : [...shown].filter(([key]) => !changes.has(key))
          expect(kept.filter(([key, row]) => made.table.rows.get(key) !== row)).toEqual([])
          shown = new Map(made.table.rows)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('members that fail', () => {
  test('are asked less and less often, and one answer ends that', async () => {
    eachOf(['A', 'B'])
    await good()
    outcomes.set('A', { cause: 'http' })
    for (let i = 0; i < 60; i++) {
      clock.advance(everyMs)
      await good()
    }
    const tries = asks.get('A')?.asked.length ?? 0
    expect(tries).toBeLessThan(15)
    expect(asks.get('B')?.asked).toHaveLength(61)
    outcomes.delete('A')
    clock.advance(60_000)
    expect((await good()).degraded).toBeUndefined()
  })

  test('all of them: the poll has failed, and says how', async () => {
    eachOf(['A', 'B'])
    outcomes.set('A', { cause: 'dns', reason: 'the name cannot be resolved' })
    outcomes.set('B', { cause: 'http', reason: 'other' })
    expect(failed(await poll())).toMatchObject({ cause: 'dns', reason: 'none of 2 members answered, A: the name cannot be resolved' })
  })

  test('Retry-After of one holds that one alone; a 429 pauses the budget, and who was not asked is told of', async () => {
    budget = new Budget(clock, { maxConcurrent: 1 })
    eachOf(['A', 'B', 'C'])
    outcomes.set('A', { status: 503, cause: 'http', reason: 'busy', retryAfterMs: 10_000 })
    await good()
    clock.advance(5000)
    await good()
    expect([asks.get('A')?.asked.length, asks.get('B')?.asked.length]).toEqual([1, 2])
    outcomes.set('B', { status: 429, cause: 'http', reason: 'slow down', retryAfterMs: 30_000 })
    outcomes.delete('A')
    clock.advance(10_000)
    const { degraded } = await good()
    expect([asks.get('C')?.asked.length, Math.round(budget.pausedMs / 1000)]).toEqual([2, 30])
    expect(degraded?.reason).toBe('1 member fails and keeps its last rows: B: slow down')
  })

  test('a value that cannot be asked for is a member that fails', async () => {
    eachOf(['A', '..'])
    const { degraded, table } = await good()
    expect(degraded?.reason).toBe('1 member fails and keeps its last rows: ..: it would lead elsewhere')
    expect(table.rows.size).toBe(1)
  })

  test('whose value is an empty text has a name all the same', async () => {
    eachOf(['A', ''])
    outcomes.set('', { cause: 'http', reason: 'a value of `symbol` is empty' })
    expect((await good()).degraded?.reason).toBe('1 member fails and keeps its last rows: (empty): a value of `symbol` is empty')
    list = { values: [''] }
    expect(failed(await poll()).reason).toMatch(/^none of 1 members answered, \(empty\): a value of/)
  })

  test('a list that is cut is told, and one that cannot be told fails the poll', async () => {
    eachOf(['A'])
    list = { values: ['A'], excess: 'limit: 1 exceeded' }
    expect((await good()).degraded).toEqual({ cause: 'cardinality', reason: 'limit: 1 exceeded' })
    each = new EachAsk({ ...optionsOf(), list: () => Promise.reject(new PollError('upstream', 'no data')) })
    expect(failed(await poll())).toMatchObject({ cause: 'upstream', reason: 'no data' })
  })
})

function optionsOf(): ConstructorParameters<typeof EachAsk>[0] {
  const shared = { name: 'symbol', maxRows: 10, everyMs, maxBackoffMs: 60_000, budget, clock, random: seededRandom(1) }
  return {
    ...shared,
    list: () => Promise.resolve(list),
    ask: value => member(String(value)),
    close: () => Promise.resolve(),
  }
}

describe('the budget', () => {
  test('is that of every request: as many at a time as it has places, at its rate', async () => {
    budget = new Budget(clock, { maxConcurrent: 4 })
    eachOf(names(20))
    let most = 0
    const ended = poll()
    for (let i = 0; i < 10; i++) {
      most = Math.max(most, budget.underWay)
      await clock.advanceAsync(0)
    }
    await ended
    expect(most).toBeLessThanOrEqual(4)
    expect(most).toBeGreaterThan(1)
    budget = new Budget(clock, { ratePerSecond: 10 })
    eachOf(names(21))
    const began = clock.monotonic()
    await good()
    expect(clock.monotonic() - began).toBeGreaterThanOrEqual(1900)
  })
})

describe('what is filled in', () => {
  const symbol = (value: string): ReadonlyMap<string, string> => new Map([['symbol', value]])
  const template = (url: string, headers: Record<string, string> = {}): ReturnType<typeof httpOptions> =>
    httpOptions(z.strictObject(httpKeys).parse({ url, headers, query: { q: '{symbol}' } }), 1000)

  test('is one segment of the path, one value of the query, or a header', () => {
    const filled = fillOptions(template('http://x/a/{symbol}/b?s={symbol}', { 'X-S': 'is {symbol}' }), symbol('a/b?c=$&d #é'))
    const encoded = 'a%2Fb%3Fc%3D%24%26d%20%23%C3%A9'
    expect(filled.url).toBe(`http://x/a/${encoded}/b?s=${encoded}&q=${encoded}`)
    expect(filled.headers.get('x-s')).toBe('is a/b?c=$&d #é')
    expect(fillOptions(template('http://x/{symbol}'), symbol("O'Brien (it's *fine*!)~._-")).url).toBe(
      'http://x/O%27Brien%20(it%27s%20*fine*!)~._-?q=O%27Brien%20(it%27s%20*fine*!)~._-',
    )
  })

  test.each(['', '.', '..', '\ud800', 'x'.repeat(2000)])('refuses %j, which would lead elsewhere or is nothing', value => {
    expect(() => fillOptions(template('http://x/a/{symbol}'), symbol(value))).toThrow(PollError)
  })

  /** Undefined: it was refused. */
  function filledUrl(value: string): URL | undefined {
    try {
      return new URL(fillOptions(template('http://x/a/{symbol}/c'), symbol(value)).url)
    } catch (error) {
      if (error instanceof PollError) return undefined
      throw error
    }
  }

  test('never leads elsewhere', () => {
    const { origin } = new URL('http://x')
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('..', '%2e%2e', '@evil', '//evil', '\\')), value => {
        const url = filledUrl(value)
        if (url === undefined) return
        expect([url.origin, url.pathname.split('/').length, url.pathname.startsWith('/a/')]).toEqual([origin, 4, true])
      }),
    )
  })
})
