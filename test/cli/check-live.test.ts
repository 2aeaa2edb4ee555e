import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { askOnce } from '../../src/cli/check-live.ts'
import type { Config } from '../../src/config/config.ts'
import { configOf } from '../../src/config/load.ts'
import { runMillrace, startMillrace } from '../support/millrace.ts'
import { hangBeforeHeaders, json, status, Upstream } from '../support/upstream.ts'

let upstream: Upstream

beforeEach(async () => {
  upstream = await Upstream.start((request, response) => {
    if (request.url === '/hangs') return hangBeforeHeaders(request, response)
    if (request.url === '/fails') return status(503)(request, response)
    return json([
      { id: 'a', price: 3 },
      { id: 'b', price: 5 },
    ])(request, response)
  })
})
afterEach(() => upstream.close())

function config(sources: object, feeds: object = {}): Config {
  const loaded = configOf({ sources, feeds })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config
}

test('each source is asked once, with those that its members and feeds need; what the log would warn of is told', async () => {
  const asked = config(
    {
      quotes: `${upstream.url}quotes`,
      each: { url: `${upstream.url}of/{id}`, each: { id: { from: 'dear' } } },
      said: { url: `${upstream.url}{of}/{by}`, params: { of: {}, by: { default: 'day' } }, private: true },
    },
    {
      dear: { from: 'quotes', steps: [{ where: 'price > 4' }] },
      wrong: { from: 'quotes', steps: [{ where: 'prise > 4' }] },
      each_price: { from: 'quotes', steps: [{ group: { by: 'price', columns: { n: 'count()' }, maxGroups: 1 } }] },
      of_each: { from: 'each_price', steps: [{ where: 'n > 0' }] },
    },
  )
  const { answers, warnings, isAnswered, isComputed } = await askOnce(asked, {})
  expect(answers).toEqual([
    '  quotes  2 rows, key id, columns id, price',
    expect.stringMatching(/^ {2}each {4}2 rows, key #, columns #, id, price/),
    '  said    not asked: of is a param without a default, which readers fill in',
  ])
  expect(warnings).toEqual([
    "feeds.wrong.steps[0].where: no row has a column 'prise'; did you mean 'price'?",
    "feed 'each_price' is degraded: maxGroups: 1 groups are held, 1 row of another is left out",
  ])
  expect([isAnswered, isComputed]).toEqual([true, true])
  expect(upstream.requests.map(({ path }) => path).toSorted()).toEqual(['/of/b', '/quotes'])
})

test('one that fails, and one that says nothing in time, are told and not waited for', async () => {
  const { answers, isAnswered } = await askOnce(
    config({ fails: `${upstream.url}fails`, slow: { url: `${upstream.url}hangs`, every: '1h', timeout: '1m' } }),
    {},
    200,
  )
  expect(answers).toEqual([expect.stringMatching(/^ {2}fails {2}failed: .* answered 503/), '  slow   nothing came within 200ms'])
  expect(isAnswered).toBe(false)
})

test('millrace check --live says it, and exits with 1 where a source does not answer or a step fails', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-live-'))
  writeFileSync(join(folder, 'good.yaml'), 'sources: {load: {system: load}}')
  writeFileSync(join(folder, 'bad.yaml'), `sources: {fails: "${upstream.url}fails"}`)
  const program = [
    `import { defineConfig, from, join, source } from 'millrace/config'`,
    `const [load, names] = [source({ system: 'load' }), source<{ host: string; name: string }>({ file: 'names.json', key: 'host' })]`,
    `const named = from(load).pipe(`,
    `  join({ with: names, kind: 'left', columns: { name: row => row.right!.name } }),`,
    `)`,
    `export default defineConfig({ sources: { load, names }, feeds: { named } })`,
  ]
  writeFileSync(join(folder, 'step.ts'), program.join('\n'))
  writeFileSync(join(folder, 'names.json'), '[{"host":"","name":"x"}]')
  const files = ['good.yaml', 'bad.yaml', 'step.ts']
  const [good, bad, step] = await Promise.all(files.map(file => runMillrace(['check', file, '--live'], { cwd: folder })))
  rmSync(folder, { recursive: true })
  expect(good).toMatchObject({ code: 0, stderr: '' })
  expect(good?.stdout).toBe(
    '  load  1 row, key host, columns host, load1m, load5m, load15m, cores\ngood.yaml is valid: 1 source, 0 feeds. Serve it: millrace run good.yaml\n',
  )
  expect(bad).toMatchObject({ code: 1, stderr: '' })
  expect(bad?.stdout).toContain('bad.yaml is valid: 1 source, 0 feeds. Not every source has answered.\n')
  expect(step).toMatchObject({
    code: 1,
    stderr: "feed 'named' failed: TypeError: Cannot read properties of null (reading 'name') (step.ts:4)\n",
    stdout: expect.stringMatching(/^ {2}load .*\n {2}names .*\nstep.ts is valid: .* Not every feed could be computed.\n$/),
  })
})

test('a signal ends what a source runs, too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-live-'))
  writeFileSync(join(folder, 'c.yaml'), `sources: {slow: {exec: [sh, -c, 'echo $$ > pid; exec sleep 600'], timeout: 60s}}`)
  const checking = startMillrace(['check', 'c.yaml', '--live'], { cwd: folder })
  const pidFile = join(folder, 'pid')
  const pid = (): number => (existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0)
  await expect.poll(pid, { interval: 20, timeout: 10_000 }).toBeGreaterThan(0)
  const command = pid()
  checking.kill('SIGTERM')
  expect([await checking.ended, checking.stdout, checking.stderr]).toEqual([1, '', ''])
  // A process that was killed is there until it is reaped, by whoever took it over.
  await expect.poll(() => isAlive(command), { interval: 20 }).toBe(false)
  rmSync(folder, { recursive: true })
})

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
