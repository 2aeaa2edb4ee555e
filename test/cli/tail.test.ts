import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { absentColumns } from '../../src/cli/tail-columns.ts'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { runMillrace, startMillrace } from '../support/millrace.ts'
import { run, type Program } from '../support/program.ts'

let upstream: ChangingUpstream
let server: MillraceServer
let url: string
let port = 0
let program: Program | undefined

beforeEach(async () => {
  upstream = await startChangingUpstream('[{"id":"a","n":1,"text":"\\u001b[31mred"},{"id":"b","n":2}]')
  port = 0
  await serve()
})

afterEach(async () => {
  await program?.end()
  program = undefined
  await server.close()
  await upstream.close()
})

async function serve(): Promise<void> {
  const loaded = configOf({ server: { port }, sources: { things: { url: upstream.url, every: '50ms' } }, feeds: { shown } })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  server = new MillraceServer({ config: loaded.config })
  url = await server.listen()
  port = Number(new URL(url).port)
}

function tail(...args: string[]): Program {
  program = startMillrace(['tail', ...args, '--url', url])
  return program
}

const shown = { from: 'things', columns: { n: { label: 'Length', unit: 'km', decimals: 1 }, text: { hidden: true } } }

const changed = (n: number): void => {
  upstream.body = JSON.stringify([{ id: 'a', n }])
}

test('what is there, then what changes: new, changed, left; control characters do not reach the terminal', async () => {
  const tailed = tail('things')
  await tailed.says(/\n\+ b .*\n/)
  changed(7)
  await tailed.says(/- b\n/)
  expect(tailed.stdout).toMatch(/^snapshot of 2 rows, version 1\n/)
  expect(tailed.stdout).toContain('+ a  n=1  text="\\u001b[31mred"\n')
  expect(tailed.stdout).toMatch(/~ a {2}n=7/)
  expect(tailed.stdout).not.toContain('\u001b')
  expect(tailed.stderr).toBe('')
  tailed.kill('SIGINT')
  expect(await tailed.ended).toBe(0)
})

test('columns are shown as the config says, and to programs as they are sent', async () => {
  const tailed = tail('shown?where=n%20%3C%209')
  await tailed.says(/^\+ a {2}Length=1\.0 km\n\+ b {2}Length=2\.0 km\n/m)
  await tailed.end()
  const { stdout } = await runMillrace(['tail', 'shown', '--json', '--limit', '1', '--url', url])
  expect(JSON.parse(stdout)).toMatchObject({ set: { a: { id: 'a', n: 1, text: '\u001b[31mred' } } })
})

test('a column that the view names and no row has is told of, beside what there is', async () => {
  const { stdout, stderr, code } = await runMillrace([
    'tail',
    'things?where=m > 1 || has(row.note)&order=-txt,n&fields=id,nn',
    '--json',
    '--limit',
    '1',
    '--url',
    url,
  ])
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { type: 'snapshot', set: {} }])
  expect(stderr.split('\n')).toEqual([
    "where: there is no column 'm'; did you mean 'n'?",
    "order: there is no column 'txt'; did you mean 'text'?",
    "fields: there is no column 'nn'; did you mean 'n'?",
    '',
  ])
})

test('of a feed that is not listed, that has no columns yet or that is one of a set of params nothing is known', () => {
  const feed = { feed: 'a', kind: 'table', key: 'id', order: [], state: 'fresh' } as const
  const columns = [{ name: 'id', type: 'number' }] as const
  expect(absentColumns('a?order=m', [{ ...feed, columns }])).toEqual(["order: there is no column 'm'; there are: id"])
  expect(absentColumns('b?order=m', [{ ...feed, columns }])).toEqual([])
  expect(absentColumns('a?order=m', [{ ...feed, columns: [] }])).toEqual([])
  expect(absentColumns('a?order=m&p.day=1', [{ ...feed, columns }])).toEqual([])
})

test('--json: one object a line; --limit ends it with 0', async () => {
  const tailed = tail('things?limit=1', '--json', '--limit', '2')
  await tailed.says(/snapshot/)
  changed(8)
  expect(await tailed.ended).toBe(0)
  const lines = tailed.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { type: string })
  expect(lines).toMatchObject([
    { type: 'snapshot', set: { a: { n: 1 } }, del: [] },
    { type: 'delta', set: { a: { n: 8 } } },
  ])
})

test('--raw: the frames as they come', async () => {
  const { code, stdout } = await runMillrace(['tail', 'things', '--raw', '--limit', '3', '--url', url])
  expect(code).toBe(0)
  expect(
    stdout
      .trim()
      .split('\n')
      .map(line => (JSON.parse(line) as { type: string }).type),
  ).toEqual(['welcome', 'subscribed', expect.stringMatching(/status|snapshot/)])
})

test.each(['--json', '--raw'])('%s: what a terminal would obey is written as an escape, and is the same JSON', async how => {
  const text = '\u009b31m\u202e\u007f \u{1f468}\u200d\u{1f469}'
  upstream.body = JSON.stringify([{ id: 'z', text }])
  const tailed = tail('things', how)
  await tailed.says(/\\u009b31m/)
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  expect(tailed.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  const line = tailed.stdout.split('\n').find(one => one.includes('009b31m')) ?? ''
  expect(JSON.stringify(JSON.parse(line))).toContain(text)
})

test('--status: how far the data can be believed, on stderr', async () => {
  const tailed = tail('things', '--status')
  await tailed.says(/fresh/)
  await tailed.says(/asked next by steady: every /)
  upstream.status = 500
  await tailed.says(/(stale|down) \(http\): .*500/)
  await tailed.says(/asked next by back-off: /)
})

test('a feed that is down and has no rows says why, once; its rows come as soon as there are some', async () => {
  upstream.status = 500
  await server.close()
  await serve()
  const tailed = tail('things')
  await tailed.says(/^down \(http\): .*500/m)
  const polls = upstream.requests
  await expect.poll(() => upstream.requests, { interval: 20, timeout: 10_000 }).toBeGreaterThan(polls + 1)
  upstream.status = 200
  await tailed.says(/snapshot of 2 rows/)
  expect(tailed.stderr.match(/down/g)).toHaveLength(1)
})

describe('a server that goes', () => {
  test('and comes back at the same port: it says so and goes on', async () => {
    const tailed = tail('things')
    await tailed.says(/snapshot of 2 rows/)
    await server.close()
    await tailed.says(/disconnected/)
    changed(41)
    await serve()
    await tailed.says(/n=41/)
    changed(42)
    await tailed.says(/n=42/)
    expect(tailed.stderr).not.toMatch(/\n\s+at /)
  })

  test('--raw ends with it, exit 1', async () => {
    const tailed = tail('things', '--raw')
    await tailed.says(/snapshot/)
    await server.close()
    expect(await tailed.ended).toBe(1)
    expect(tailed.stderr).toMatch(/^closed 1012 restart/)
  })
})

test('an unknown feed: exit 1 with what was probably meant', async () => {
  expect(await runMillrace(['tail', 'thing', '--url', url])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining("did you mean 'things'?"),
  })
})

test('one who stops reading (| head) ends it without a trace', async () => {
  let n = 100
  const changing = setInterval(() => changed(++n), 20)
  const ended = await run('sh', ['-c', `node dist/cli/main.js tail things --url ${url} | head -1`])
  clearInterval(changing)
  expect(ended).toEqual({ code: 0, stdout: expect.stringMatching(/^snapshot of .*\n$/), stderr: '' })
})
