import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCase } from '../../src/cli/test/run-case.ts'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { said } from '../support/config.ts'
import { runMillrace } from '../support/millrace.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-test-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

const feeds = {
  regions: { from: 'stations', steps: [{ group: { by: 'region', columns: { n: 'sum(n)' } } }] },
  hourly: { from: 'stations', steps: [{ window: { size: '1h', columns: { most: 'max(n)' } } }] },
}

/** What did not hold of the steps of a case, a line for each. */
async function failures(...steps: readonly object[]): Promise<string[]> {
  const sources = { stations: { url: 'http://x', every: '10s', key: 'id' }, cpu: { system: 'cpu' } }
  const loaded = configOf({ sources, feeds, tests: { one: { start: '2026-01-22T14:10:00Z', steps } } })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const [one] = loaded.config.tests
  if (one === undefined) throw new Error('no test')
  return (await runCase(loaded.config, one)).flatMap(({ step, what, lines }) => [`${step} ${what}`, ...lines])
}

const answer = (...rows: readonly object[]): object => ({ answer: { stations: rows } })
const [a, b, c] = [
  { id: 'a', region: 'x', n: 1 },
  { id: 'b', region: 'x', n: 2 },
  { id: 'c', region: 'y', n: 4 },
]

describe('a case', () => {
  test('holds: rows in the order of the feed, of each the columns that are named', async () => {
    expect(
      await failures(answer(a, b, c), { expect: { regions: [{ n: 3 }, { region: 'y', n: 4 }], stations: [{}, {}, { n: 4 }] } }),
    ).toEqual([])
    expect(await failures({ expect: { regions: [] } }, { state: { regions: 'waiting' } })).toEqual([])
  })

  test('does not: what is missing, what is other and what is too much', async () => {
    expect(await failures(answer(a, b, c), { expect: { regions: [{ region: 'x', n: 4 }, { region: 'z' }] } })).toEqual([
      '2 expect regions',
      '- {"region":"x","n":4}',
      '- {"region":"z"}',
      '+ {"region":"x","n":3}',
      '+ {"region":"y","n":4}',
    ])
    expect(await failures(answer(a, c), { expect: { regions: [{ region: 'y' }, { region: 'x' }] } })).toEqual([
      '2 expect regions',
      '+ {"region":"x"}',
      '  {"region":"y"}',
      '- {"region":"x"}',
    ])
    expect(await failures(answer(a), { expect: { regions: [] } })).toEqual(['2 expect regions', '+ {"region":"x","n":1}'])
  })

  test('changes: since the last look, keys that left too', async () => {
    const steps = [answer(a, b, c), { changes: { stations: { set: { a: {}, b: {}, c: { n: 4 } } } } }, answer({ ...a, n: 9 }, c)]
    expect(
      await failures(...steps, { changes: { stations: { set: { a: { n: 9 } }, del: ['b'] } } }, { changes: { stations: {} } }),
    ).toEqual([])
    expect(await failures(...steps, { changes: { stations: { set: { a: { n: 8 }, c: {} }, del: ['a'] } } })).toEqual([
      '4 changes stations',
      '- set a {"n":8}',
      '+ set a {"n":9}',
      '- set c {}',
      '- del a',
      '+ del b',
    ])
  })

  test('the clock: windows end, freshness falls, and comes back', async () => {
    const steps = [answer(a), { wait: '50m' }, { expect: { hourly: [{ most: 1, final: true }] } }, { fail: 'stations' }, { wait: '2m' }]
    expect(await failures(...steps, { state: { hourly: 'down' } }, answer(b), { state: { hourly: 'fresh' } })).toEqual([])
    expect(await failures(...steps, { state: { hourly: 'fresh' } })).toEqual(['6 state hourly', '- fresh', '+ down (the test has it fail)'])
  })

  test('keys that are numbers may leave as they may be set', async () => {
    const steps = [answer({ id: 1, n: 1 }), { changes: { stations: { set: { 1: { n: 1 } } } } }, answer({ id: 2, n: 1 })]
    expect(await failures(...steps, { changes: { stations: { set: { 2: {} }, del: [1] } } })).toEqual([])
  })

  test('a column that the feed has not is told, also where null is expected of it', async () => {
    const told = "there is no column 'regoin'; did you mean 'region'?"
    expect(await failures(answer(a), { expect: { regions: [{ n: 1, regoin: null }] } })).toEqual(['2 expect regions', told])
    expect(await failures(answer(a), { changes: { stations: { set: { a: { regoin: null } } } } })).toEqual(['2 changes stations', told])
    expect(await failures({ expect: { regions: [{ regoin: null }] } })).toEqual(['1 expect regions', '- {"regoin":null}'])
  })

  test('an answer that fails is a failure, unless a state is looked at next', async () => {
    const [bad, none] = [{ answer: { stations: '<html>' } }, { expect: { stations: [] } }]
    const [first, ...more] = await failures(bad, none)
    expect([first, more[1]]).toEqual(['1 answer stations', 'if it is to fail, say `state` next'])
    expect(more[0]).toMatch(/^\+ the poll fails: ./)
    expect((await failures(bad, { fail: 'stations' }, { state: { stations: 'down' } }))[0]).toBe('1 answer stations')
    expect((await failures(answer(a), bad))[0]).toBe('2 answer stations')
    expect(await failures(answer(a), bad, { state: { stations: 'fresh' } }, bad, { wait: '2m' }, { state: { stations: 'down' } })).toEqual(
      [],
    )
  })

  test('answers are read as the source reads them: text is detected, and a bad one fails', async () => {
    expect(await failures({ answer: { stations: 'id,region,n\na,x,5\n' } }, { expect: { regions: [{ region: 'x', n: 5 }] } })).toEqual([])
    expect(await failures({ answer: { stations: '{"oops' } }, { state: { stations: 'down' } })).toEqual([])
    await expect(failures({ answer: { cpu: [] } })).rejects.toThrow("source 'cpu' has no `url`")
  })
})

test.each([
  ['tests: 3', '2:8 tests: expected a map: the name of each test and its steps; found 3'],
  ['tests: {t: {steps: []}}', '2:20 tests.t.steps: expected a list of steps; found an empty list'],
  [
    'tests: {t: {steps: [{wait: 1m, fail: a}]}}',
    '2:21 tests.t.steps[0]: expected one of answer, fail, wait, expect, changes, state; found a map',
  ],
  ['tests: {t: {steps: [{fail: b}]}}', "2:28 tests.t.steps[0].fail: there is no source 'b'; did you mean 'a'?"],
  ['tests: {t: {steps: [{expect: {feed: []}}]}}', "2:31 tests.t.steps[0].expect.feed: there is no feed 'feed'"],
  ['tests: {t: {start: soon, steps: [{wait: 1m}]}}', '2:20 tests.t.start: expected a time such as 2026-01-22T14:40:00Z; found soon'],
])('%s', (line, problem) => {
  expect(said(`sources: {a: http://x}\n${line}`)).toEqual([problem])
})

describe('on the command line', () => {
  test('the tests in docs/tests.md hold; one that does not is exit 1, with what is other', async () => {
    const text = readFileSync(new URL('../../docs/tests.md', import.meta.url), 'utf8')
    const [, yaml = ''] = /^```yaml\n(.*?)^```$/ms.exec(text) ?? []
    writeFileSync(join(folder, 'good.yaml'), yaml)
    expect(await runMillrace(['test', 'good.yaml'], { cwd: folder })).toEqual({
      code: 0,
      stdout: 'ok   a region that runs low fires after a minute\nok   an outage resolves nothing\n2 passed, 0 failed\n',
      stderr: '',
    })
    writeFileSync(join(folder, 'bad.yaml'), yaml.replace('bikes: 3}, {region: south', 'bikes: 4}, {region: south'))
    const [, shown = ''] = /^```text\n(.*?)\d passed/ms.exec(text) ?? []
    const bad = await runMillrace(['test', 'bad.yaml'], { cwd: folder })
    expect([bad.code, bad.stderr]).toEqual([1, ''])
    expect(bad.stdout).toBe(`${shown}ok   an outage resolves nothing\n1 passed, 1 failed\n`)
    writeFileSync(join(folder, 'none.yaml'), 'sources: {a: http://x}')
    const none = await runMillrace(['test', 'none.yaml'], { cwd: folder })
    expect([none.code, none.stderr]).toEqual([1, 'none.yaml has no tests: they stand under `tests`\n'])
  })

  test('eval: the value, for a row given and for those of a feed; what is wrong with a caret', async () => {
    const evaluate = (...args: readonly string[]) => runMillrace(['eval', ...args], { cwd: folder })
    expect(await evaluate('round(a / b, 2)', '--row', '{"a":1,"b":3}')).toEqual({ code: 0, stdout: '0.33\n', stderr: '' })
    expect(await evaluate('a + 1')).toEqual({ code: 0, stdout: 'null\n', stderr: 'no value for 1 row: a is null\n' })
    expect(await evaluate('1 + rund(a)')).toEqual({
      code: 1,
      stdout: '',
      stderr: "1 + rund(a)\n    ^^^^\nthere is no function 'rund'; did you mean 'round'?\n",
    })
    expect((await evaluate('1', '--row', '[1]')).stderr).toBe('--row is a JSON object: its members are the columns\n')

    const upstream: ChangingUpstream = await startChangingUpstream('[{"id":"a","n":1},{"id":"b","n":null}]')
    const loaded = configOf({ server: { port: 0, drain: '1s' }, sources: { things: { url: upstream.url, every: '1s' } } })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    const server = new MillraceServer({ config: loaded.config })
    const url = await server.listen()
    const ofFeed = await evaluate('n * 2', '--feed', 'things', '--url', url)
    expect(ofFeed).toEqual({ code: 0, stdout: 'a: 2\nb: null\n', stderr: 'no value for 1 row: n is null\n' })
    expect((await evaluate('m', '--feed', 'things', '--url', url)).stderr).toContain("there is no column 'm'; did you mean 'n'?")
    await server.close()
    await upstream.close()
  })
})
