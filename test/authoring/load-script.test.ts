import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defineConfig, from, http, join as joinTo, where } from '../../src/authoring/define-config.ts'
import { loadScript } from '../../src/authoring/load-script.ts'
import { compileConfig } from '../../src/compile.ts'
import type { Config } from '../../src/config/config.ts'
import { configOf, parseConfig, type ConfigResult } from '../../src/config/load.ts'
import { printProblem } from '../../src/config/problem.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { ManualClock } from '../support/manual-clock.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-script-'))
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

async function load(
  text: string,
  files: Readonly<Record<string, string>> = {},
  readFile?: (path: string) => string,
): Promise<ConfigResult> {
  for (const [name, written] of Object.entries(files)) writeFileSync(join(folder, name), written)
  writeFileSync(join(folder, 'millrace.config.ts'), text)
  return await loadScript(join(folder, 'millrace.config.ts'), { env: {}, ...(readFile === undefined ? {} : { readFile }) })
}

function configFrom(result: ConfigResult): Config {
  if (!result.ok) throw new Error(result.problems.map(problem => printProblem(problem)).join('\n'))
  return result.config
}

async function problemsOf(text: string, files: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const result = await load(text, files)
  return result.ok ? [] : result.problems.map(problem => printProblem(problem).replaceAll(`${folder}/`, ''))
}

const head = `import { alert, defineConfig, from, group, http, join, top, where } from 'millrace/config'\n`

describe('a config of TypeScript', () => {
  test('is the same model as a file, with names in the place of what was put under them', async () => {
    const script = await load(`${head}import { z } from 'zod'
const shape = z.object({ id: z.string(), n: z.number() })
const stations = http({ url: 'http://a.example/', every: '5s', key: 'id', shape })
const few = from(stations).pipe(where('n < 3'), top({ by: '-n', limit: 2 })).with({ description: 'Few', demand: 'always' })
export default defineConfig({
  defaults: { timeout: '2s' },
  sources: { stations, titles: 'http://b.example/' },
  feeds: {
    few,
    named: from(few).pipe(join({ with: 'titles', columns: { title: 'right.title' } })),
    both: from(stations, 'few'),
  },
})`)
    const schema =
      '{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"id":{"type":"string"},"n":{"type":"number"}},"required":["id","n"]}'
    const file = parseConfig(
      `defaults: {timeout: 2s}
sources:
  stations: {url: "http://a.example/", every: 5s, key: id, shape: ${schema}}
  titles: http://b.example/
feeds:
  few: {from: stations, steps: [{where: n < 3}, {top: {by: -n, limit: 2}}], description: Few, demand: always}
  named: {from: few, steps: [{join: {with: titles, columns: {title: right.title}}}]}
  both: {from: [stations, few]}
`,
      'millrace.yaml',
      { env: {} },
    )
    expect(configFrom(script)).toEqual(configFrom(file))
  })

  test('is judged as an object too, by a program that embeds the server', () => {
    const stations = http({ url: 'http://a.example/' })
    const sound = configFrom(configOf(defineConfig({ sources: { stations }, feeds: { all: from(stations).pipe(where(() => true)) } })))
    expect(sound.feeds[0]).toMatchObject({ name: 'all', from: ['stations'], steps: [{ kind: 'where' }] })
    const lost = configOf(defineConfig({ sources: { a: 'http://a.example/' }, feeds: { all: from(stations) } }))
    expect(lost).toMatchObject({ ok: false, problems: [{ path: 'feeds.all.from', message: 'this source or feed has no name' }] })
    const other = from<{ id: string }>('a').pipe(joinTo({ with: stations, columns: { n: 'right.n' } }))
    expect(configOf({ sources: { a: 'http://a.example/' }, feeds: { other } })).toMatchObject({
      ok: false,
      problems: [{ path: 'feeds.other.steps[0].join.with' }],
    })
  })

  test('reads what it imports anew each time, and tells which files those are', async () => {
    const read: string[] = []
    const text = `${head}import { every } from './every.ts'
export default defineConfig({ sources: { a: http({ url: 'http://a.example/', every }) } })`
    const load1 = await load(text, { 'every.ts': `export const every = '1s'` })
    const load2 = await load(text, { 'every.ts': `export const every = '2s'` }, path => {
      read.push(path.replace(`${folder}/`, ''))
      return ''
    })
    expect([configFrom(load1), configFrom(load2)].map(({ sources }) => sources[0]?.everyMs)).toEqual([1000, 2000])
    expect(new Set(read)).toEqual(new Set(['millrace.config.ts', 'every.ts']))
  })

  test('knows enums, awaits and types, as TypeScript does', async () => {
    const config = configFrom(
      await load(`${head}enum Pace { slow = '9s' }
const every = (await Promise.resolve(Pace.slow)) satisfies string
export default defineConfig({ sources: { a: http({ url: 'http://a.example/', every }) } })`),
    )
    expect(config.sources[0]?.everyMs).toBe(9000)
  })
})

describe('what is wrong with it has its place', () => {
  test.each<[string, string, string]>([
    [
      'a key of a source',
      `const stations = http({\n  url: 'http://a.example/',\n  evry: '5s', // not so\n})\nexport default defineConfig({ sources: { stations } })`,
      `millrace.config.ts:4:3: sources.stations.evry: unknown key \`evry\`\n  4 |   evry: '5s', // not so\n    |   ^^^^\n  did you mean \`every\`?`,
    ],
    [
      'an option of a step, the second one of its line',
      `export default defineConfig({ sources: { a: 'http://a.example/' }, feeds: {\n  f: from('a').pipe(top({ by: 'n', limit: 1 }), top({ by: 'n', limit: 0 })) } })`,
      `millrace.config.ts:3:71: feeds.f.steps[1].top.limit: expected a whole number from 1; found 0\n  3 |   f: from('a').pipe(top({ by: 'n', limit: 1 }), top({ by: 'n', limit: 0 })) } })\n    |${' '.repeat(71)}^`,
    ],
    [
      'a part of an expression',
      `export default defineConfig({ sources: { a: 'http://a.example/' }, feeds: {\n  f: from('a').pipe(group({ columns: { sum: 'sum(n)' }, having: 'sun > 1' })) } })`,
      `millrace.config.ts:3:66: feeds.f.steps[0].group.having: there is no column 'sun'; did you mean 'sum'?\n  3 |   f: from('a').pipe(group({ columns: { sum: 'sum(n)' }, having: 'sun > 1' })) } })\n    |${' '.repeat(66)}^^^`,
    ],
    [
      'an option of a feed',
      `export default defineConfig({ sources: { a: 'http://a.example/' }, feeds: {\n  f: from('a').with({\n    demand: 'never' }) } })`,
      `millrace.config.ts:4:13: feeds.f.demand: expected auto, readers, or always; found "never"\n  4 |     demand: 'never' }) } })\n    |             ^^^^^^^`,
    ],
    [
      'a key of the config',
      `export default defineConfig({\n  sources: { a: 'http://a.example/' },\n  server: { prt: 1 },\n})`,
      `millrace.config.ts:4:13: server.prt: unknown key \`prt\`\n  4 |   server: { prt: 1 },\n    |             ^^^\n  did you mean \`port\`?`,
    ],
    [
      'no aggregate',
      `export default defineConfig({ sources: { a: 'http://a.example/' }, feeds: {\n  f: from('a').pipe(group({ columns: { n: { total: () => 1 } } })) } })`,
      `millrace.config.ts:3:43: feeds.f.steps[0].group.columns.n: expected an aggregate such as sum(x); found a map\n  3 |   f: from('a').pipe(group({ columns: { n: { total: () => 1 } } })) } })\n    |${' '.repeat(43)}${'^'.repeat(19)}`,
    ],
    [
      'a shape that no answer can be held to',
      `import { z } from 'zod'\nconst a = http({ url: 'http://a.example/', shape: z.object({ n: z.date() }) })\nexport default defineConfig({ sources: { a } })`,
      `millrace.config.ts:3:51: sources.a.shape: the JSON Schema cannot be used: Date cannot be represented in JSON Schema; expected learn, any, the path of a JSON Schema, or one\n  3 | const a = http({ url: 'http://a.example/', shape: z.object({ n: z.date() }) })\n    |${' '.repeat(51)}${'^'.repeat(25)}`,
    ],
    [
      'what it throws',
      `const url: string = (undefined as unknown as { a: string }).a\nexport default defineConfig({ sources: { url } })`,
      `millrace.config.ts:2:1: TypeError: Cannot read properties of undefined (reading 'a')\n  2 | const url: string = (undefined as unknown as { a: string }).a\n    | ${'^'.repeat(61)}`,
    ],
    [
      'a package that is not there',
      `import { a } from 'no-such-package'\nexport default a`,
      `millrace.config.ts:2:1: Cannot find module 'no-such-package'`,
    ],
    [
      'what is no TypeScript',
      `const x: = 3`,
      `millrace.config.ts:2:10: it is no TypeScript: Unexpected token\n  2 | const x: = 3\n    |          ^`,
    ],
    ['that there is nothing', `export const config = 3`, `millrace.config.ts: it exports no config\n  export default defineConfig({..})`],
    ['a text in its place', `export default 'x'`, `millrace.config.ts: expected a map with \`sources\` and \`feeds\`; found "x"`],
  ])('%s', async (_, text, problem) => {
    const [first] = await problemsOf(head + text)
    expect(first?.slice(0, problem.length)).toBe(problem)
  })

  test('in a file that it imports', async () => {
    const text = `${head}import { stations } from './stations.ts'\nexport default defineConfig({ sources: { stations } })`
    const stations = `import { http } from 'millrace/config'\n\nexport const stations = http({ url: 'http://a.example/', evry: 1 })`
    expect(await problemsOf(text, { 'stations.ts': stations })).toEqual([
      expect.stringMatching(/^stations\.ts:3:58: sources\.stations\.evry: unknown key `evry`\n/) as string,
    ])
    expect(await problemsOf(text, { 'stations.ts': `throw new RangeError('not so')` })).toEqual([
      `stations.ts:1:1: RangeError: not so\n  1 | throw new RangeError('not so')\n    | ${'^'.repeat(30)}`,
    ])
  })

  test('a file that is not there', async () => {
    expect(await loadScript(join(folder, 'none.config.ts'), { env: {} })).toMatchObject({
      ok: false,
      problems: [{ message: 'the config cannot be read: there is no such file' }],
    })
  })
})

describe('a feed of functions', () => {
  const definitions = (config: Config): Record<string, string> => {
    const deps = { clock: new ManualClock(), random: seededRandom(1), log: silentLogger, limited: () => undefined }
    return Object.fromEntries(compileConfig(config, deps).feeds.map(({ name, fingerprint }) => [name, fingerprint]))
  }

  test('is defined as before while the program is as before, as what a function closes over cannot be seen', async () => {
    const text = (least: number): string => `${head}const least = ${least}
export default defineConfig({ sources: { a: 'http://a.example/' }, feeds: {
  coded: from('a').pipe(where(row => row['n'] !== least)),
  other: from('a').pipe(where(row => row['n'] !== least)),
  written: from('a').pipe(where('n > 1')),
} })`
    const [one, same, other] = [await load(text(1)), await load(text(1)), await load(text(2))].map(result =>
      definitions(configFrom(result)),
    )
    expect(same).toEqual(one)
    expect(other?.['coded']).not.toBe(one?.['coded'])
    expect(other?.['written']).toBe(one?.['written'])
  })

  test('of an object is defined as before with the same functions alone', () => {
    const keeps = (): boolean => true
    const config = (condition: () => boolean): Config =>
      configFrom(configOf(defineConfig({ sources: { a: 'http://a.example/' }, feeds: { f: from('a').pipe(where(condition)) } })))
    const one = definitions(config(keeps))
    expect(definitions(config(keeps))).toEqual(one)
    expect(definitions(config(() => true))).not.toEqual(one)
  })
})
