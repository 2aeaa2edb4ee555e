import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { configOf, parseConfig } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { runMillrace, startMillrace } from '../support/millrace.ts'
import type { Program } from '../support/program.ts'

const token = 'the-token-of-this-test'

let folder: string
let upstream: ChangingUpstream
let server: MillraceServer
let url: string
let program: Program | undefined

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-token-'))
  writeFileSync(join(folder, 'token'), `${token}\n`)
  writeFileSync(join(folder, 'wrong'), 'nobody-has-this-token')
  upstream = await startChangingUpstream('[{"id":"a","n":1}]')
  const loaded = configOf({
    server: { port: 0 },
    auth: { tokens: [{ name: 'test', token }] },
    sources: { things: { url: upstream.url, every: '50ms' } },
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  server = new MillraceServer({ config: loaded.config })
  url = await server.listen()
})

afterEach(async () => {
  await program?.end()
  program = undefined
})

afterAll(async () => {
  await server.close()
  await upstream.close()
  rmSync(folder, { recursive: true })
})

const tail = (...args: string[]): string[] => ['tail', 'things', '--url', url, '--limit', '1', ...args]

test.each([[[]], [['--raw', '--limit', '3']]])('tail brings a token from a file or the environment, %j', async more => {
  for (const [args, env] of [
    [['--token-file', 'token'], {}],
    [[], { MILLRACE_TOKEN: token }],
    [['--token-file', 'token'], { MILLRACE_TOKEN: 'nobody-has-this-token' }],
  ] as const) {
    const { code, stdout, stderr } = await runMillrace(tail(...more, ...args), { cwd: folder, env })
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/snapshot|subscribed/)
  }
})

test.each([
  ['none', []],
  ['one that is not known', ['--token-file', 'wrong']],
])('with %s it says what is wanted, once, and exits 1', async (_what, args) => {
  const { code, stdout, stderr } = await runMillrace(tail(...args), { cwd: folder, env: { MILLRACE_TOKEN: '' } })
  expect([code, stdout]).toEqual([1, ''])
  const why = args.length === 0 ? 'the server asks for a token' : 'the token is not known, or has ended'
  expect(stderr.replace(/ws:\S+/, 'it')).toBe(
    `closed, it closed by the server: unauthorized (4401): ${why}\nBring a token by --token-file or the variable MILLRACE_TOKEN.\n`,
  )
  expect(stderr).not.toContain('nobody-has-this-token')
})

test('a file that is not there is said', async () => {
  const { code, stderr } = await runMillrace(tail('--token-file', 'nowhere'), { cwd: folder })
  expect([code, stderr]).toEqual([1, 'The token in nowhere cannot be read: there is no such file\n'])
})

test('schedule takes one as tail does, and says what it needs', async () => {
  const asked = ['schedule', 'things', '--url', url]
  const without = await runMillrace(asked, { cwd: folder })
  expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('--token-file or the variable MILLRACE_TOKEN') as string])
  const { code, stdout } = await runMillrace([...asked, '--token-file', 'token'], { cwd: folder })
  expect([code, stdout]).toEqual([0, expect.stringContaining('every') as string])
})

test('a token by the value of an option, which every process could read, is refused', async () => {
  const { code, stderr } = await runMillrace(tail('--token', token), { cwd: folder })
  expect(code).toBe(2)
  expect(stderr).toContain("unknown option '--token'")
})

test('token: a new one each time on stdout alone, and beside it YAML that the config takes', async () => {
  const [first, second] = await Promise.all([runMillrace(['token']), runMillrace(['token'])])
  expect(first?.stdout).toMatch(/^[A-Za-z0-9_-]{43}\n$/)
  expect(first?.stdout).not.toBe(second?.stdout)
  const yaml = /^auth:\n(?: .*\n)+/m.exec(first?.stderr ?? '')?.[0] ?? ''
  const env = { WALLBOARD_TOKEN: first?.stdout.trim() }
  expect(parseConfig(`sources: {a: http://x}\n${yaml}`, 'millrace.yaml', { env })).toMatchObject({
    ok: true,
    warnings: [],
    config: { auth: { tokens: [{ name: 'wallboard', token: env.WALLBOARD_TOKEN, feeds: ['*'] }] } },
  })
})

test('run says who has a token, not which', async () => {
  writeFileSync(
    join(folder, 'millrace.yaml'),
    `server: {port: 0}\nauth: {tokens: [{name: wall, token: "\${file:token}"}, {name: desk, token: plainly-in-the-config}]}\nsources: {things: "${upstream.url}"}\n`,
  )
  program = startMillrace(['run', 'millrace.yaml'], { cwd: folder })
  await program.says(/auth +by token: wall, desk/)
  expect(program.stderr).toContain('a token stands in the config itself')
  expect(program.stderr + program.stdout).not.toMatch(/the-token-of-this-test|plainly-in-the-config/)
  const { stdout } = await runMillrace(['check', '--show', 'millrace.yaml'], { cwd: folder })
  expect(stdout).toContain('auth.tokens[1].name: desk')
  expect(stdout).not.toMatch(/the-token-of-this-test|plainly-in-the-config/)
})
