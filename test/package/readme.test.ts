import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig, parseConfig } from '../../src/config/load.ts'
import { printProblems } from '../../src/config/problem.ts'
import { stepSchemas } from '../../src/config/step.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { Program, run } from '../support/program.ts'
import { RawReader } from '../support/raw-reader.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'docs/alerts.md',
  'docs/auth.md',
  'docs/boards.md',
  'docs/display.md',
  'docs/elements.md',
  'docs/expressions.md',
  'docs/formats.md',
  'docs/http.md',
  'docs/metrics.md',
  'docs/limits.md',
  'docs/operating.md',
  'docs/page.md',
  'docs/reload.md',
  'docs/replay.md',
  'docs/schedule.md',
  'docs/sources.md',
  'docs/state.md',
  'docs/steps.md',
  'docs/tests.md',
  'docs/typescript.md',
]
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const readme = read('README.md')

/** The code blocks of a language. */
function blocks(language: string): string[] {
  return [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, found]) => found === language).map(([, , text = '']) => text)
}

const stations = Array.from({ length: 5 }, (_, i) => ({
  station_id: `s${i}`,
  region_id: `r${i % 2}`,
  num_bikes_available: i,
  num_docks_available: 9,
}))
const [yaml = ''] = blocks('yaml')
let upstream: ChangingUpstream
let server: MillraceServer
let url: string

beforeAll(async () => {
  upstream = await startChangingUpstream(JSON.stringify({ data: { stations } }))
  const text = `server: {port: 0}\n${yaml.replace(/https:\S+/, upstream.url).replace('every: 10s', 'every: 100ms')}`
  const loaded = parseConfig(text, 'millrace.yaml', { env: {} })
  if (!loaded.ok) throw new Error(printProblems(loaded.problems))
  server = new MillraceServer({ config: loaded.config })
  url = await server.listen()
})

afterAll(async () => {
  await server.close()
  await upstream.close()
})

test('every link of the documents leads to a file', () => {
  for (const document of documents) {
    const links = [...read(document).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => join(root, document, '..', path))
    expect(links.filter(path => !existsSync(path))).toEqual([])
  }
})

describe('commands', () => {
  const lines = [
    ...blocks('sh').flatMap(block => block.trim().split('\n')),
    ...[...readme.matchAll(/`(npx millrace [^`]+)`/g)].map(([, line = '']) => line),
  ]

  test('each npm script named is there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = [...`${readme}${read('CONTRIBUTING.md')}`.matchAll(/npm (?:run )?(start|test|check|bench|build|format)\b/g)].map(
      ([, name = '']) => name,
    )
    expect(named.length).toBeGreaterThan(2)
    expect(named.filter(name => scripts[name] === undefined)).toEqual([])
  })

  test('what npx links to can be executed after each build: npx sets the mode only when it links', () => {
    expect(statSync(join(root, 'dist/cli/main.js')).mode & 0o111).toBe(0o111)
  })

  test('npx millrace is this package, and knows each command and option shown', async () => {
    const shown = lines.filter(line => line.startsWith('npx millrace ')).map(line => line.split(' ').slice(2))
    expect(shown.length).toBeGreaterThan(3)
    const { code, stdout } = await run('npx', ['--no-install', 'millrace', '--help'], { cwd: root })
    expect(code).toBe(0)
    const known = [...stdout.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name)
    for (const [command = ''] of shown) expect(/^(https:\/\/|'curl$)/.test(command) || known.includes(command)).toBe(true)
    for (const option of readme.match(/--[a-z]+(?= )/g) ?? []) expect(stdout).toContain(option)
  })

  test('the curl line names a path and a query that a server answers', async () => {
    const [, path = ''] = /curl 'http:\/\/127\.0\.0\.1:8080\/([^']+)'/.exec(readme) ?? []
    expect((await fetch(`${url}/${path.replace('quotes', 'stations')}`)).status).toBe(200)
  })
})

describe('the config', () => {
  test('has a dozen lines, and gives what it says', async () => {
    expect(yaml.trim().split('\n').length).toBeLessThanOrEqual(12)
    const { rows } = (await (await fetch(`${url}/feeds/regions`)).json()) as { rows: unknown[] }
    expect(rows).toEqual([
      { region_id: 'r0', bikes: 6 },
      { region_id: 'r1', bikes: 4 },
    ])
  })

  test('its defaults are those shown: port, path, every step', () => {
    const loaded = parseConfig('sources: {a: {url: "http://a.example/"}}', 'x.yaml', { env: {} })
    expect(loaded).toMatchObject({ ok: true, config: { server: { host: '127.0.0.1', port: 8080, path: '/ws' } } })
    const [, named = ''] = /^Steps: (.*?)\. Expr/ms.exec(readme) ?? []
    const schema = read('dist/schema.json')
    for (const [, step = ''] of named.matchAll(/`(\w+)`/g)) expect(schema).toContain(`"${step}"`)
    const [, systems = ''] = /`system` \((.*?)\)/s.exec(readme) ?? []
    for (const part of systems.split(/,\s+/)) expect(schema).toContain(`"${part}"`)
  })
})

describe('the document of steps', () => {
  const text = read('docs/steps.md')

  test('names every step, and shows each', () => {
    for (const step of Object.keys(stepSchemas)) expect(text).toMatch(new RegExp(`^###.*\\b${step}\\b`, 'm'))
  })

  test('shows steps that a config takes', () => {
    const shown = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => block.replaceAll(/^/gm, '      '))
    expect(shown.length).toBeGreaterThan(12)
    for (const steps of shown) {
      const config = `sources: {titles: "http://a.example/"}\nfeeds:\n  f:\n    from: titles\n    steps:\n${steps}`
      const loaded = parseConfig(config, 'x.yaml', { env: {} })
      expect(loaded.ok ? '' : printProblems(loaded.problems)).toBe('')
    }
  })
})

describe('the URLs', () => {
  const paths = [...readme.matchAll(/^\| (`\/.*?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\/[^`]*)`/g)].map(([, path = '']) => path),
  )

  test.each(paths)('%s answers', async path => {
    const { status } = await fetch(url + path.replace('<name>', 'stations'))
    expect(status).toBe(path === '/ws' ? 426 : 200)
  })

  test('are all there', () => {
    expect(paths).toEqual([
      '/',
      '/ws',
      '/feeds',
      '/feeds/<name>',
      '/feeds/<name>/health',
      '/health',
      '/ready',
      '/metrics',
      '/metrics/feeds',
      '/client.js',
      '/elements.js',
    ])
  })

  test('the WebSocket subscribes from the query string', async () => {
    expect(readme).toContain('/ws?feed=')
    const reader = await new RawReader(`${url.replace('http', 'ws')}/ws?feed=stations`).open()
    expect((await reader.next('snapshot')).rows).toHaveLength(5)
    reader.socket.terminate()
  })
})

test('the program runs as printed', async () => {
  const [text = ''] = blocks('js')
  const program = new Program(process.execPath, ['--input-type=module', '-e', text.replace(/ws:[^']+/, url)], { cwd: root })
  // Stations with more than 3 bikes: one of the five.
  await program.says(/^1 \w+$/m)
  upstream.body = JSON.stringify({ data: { stations: stations.map(row => ({ ...row, num_docks_available: 1 })) } })
  await program.says(/^1 fresh$/m)
  await program.end()
  expect(program.stderr).toBe('')
})

test('the frames shown are shaped as those that a server sends', async () => {
  const [snapshot, delta] = (blocks('json')[0] ?? '')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
  const reader = await new RawReader(`${url.replace('http', 'ws')}/ws?feed=stations`).open()
  expect(Object.keys(snapshot ?? {})).toEqual(Object.keys(await reader.next('snapshot')))
  reader.socket.terminate()
  expect(Object.keys(delta ?? {})).toEqual(['type', 'feed', 'from', 'to', 'tick', 'at', 'set'])
  expect(delta?.['from']).toBe(snapshot?.['to'])
})

describe('the recipes', () => {
  async function served(file: string, variable: string, body: unknown, feed: string): Promise<unknown> {
    const source = await startChangingUpstream(JSON.stringify(body))
    const loaded = loadConfig(join(root, file), { env: { [variable]: source.url } })
    if (!loaded.ok) throw new Error(printProblems(loaded.problems))
    expect(loaded.warnings).toEqual([])
    const { config } = loaded
    const recipe = new MillraceServer({ config: { ...config, server: { ...config.server, port: 0 } } })
    const answer = (await (await fetch(`${await recipe.listen()}/feeds/${feed}`)).json()) as { rows: unknown }
    await recipe.close()
    await source.close()
    return answer.rows
  }

  test('bikes.yaml', async () => {
    const rows = await served('examples/bikes.yaml', 'GBFS_URL', { data: { stations } }, 'empty')
    expect(rows).toEqual([{ station_id: 's0', region_id: 'r0', num_bikes_available: 0, num_docks_available: 9 }])
  })

  test('prometheus.yaml', async () => {
    const result = [
      { metric: { instance: 'a', mode: 'user' }, value: [1, '0.25'] },
      { metric: { instance: 'a', mode: 'system' }, value: [1, '0.5'] },
      { metric: { instance: 'a', mode: 'idle' }, value: [1, '3'] },
      { metric: { instance: 'b', mode: 'user' }, value: [1, '1'] },
    ]
    const rows = await served(
      'examples/prometheus.yaml',
      'PROMETHEUS_URL',
      { status: 'success', data: { resultType: 'vector', result } },
      'busy',
    )
    expect(rows).toEqual([
      { instance: 'a', busy: 0.75 },
      { instance: 'b', busy: 1 },
    ])
  })

  test('follow.js prints rows as they change, and ends on Ctrl-C', async () => {
    const program = new Program(process.execPath, ['examples/follow.js', url, 'regions'], { cwd: root })
    await program.says(/^r1 {.*"bikes":4/m)
    program.kill('SIGINT')
    expect(await program.ended).toBe(0)
  })

  test('every example is linked from the README', () => {
    expect([...readme.matchAll(/\(examples\/([\w.]+)\)/g)].map(([, name]) => name)).toEqual([
      'everything.yaml',
      'bikes.yaml',
      'prometheus.yaml',
      'follow.js',
      'elements.html',
      'react.jsx',
      'nginx.conf',
    ])
  })

  test('the config of the README passes check as a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-readme-'))
    writeFileSync(join(folder, 'millrace.yaml'), yaml)
    const { code } = await run('npx', ['--no-install', 'millrace', 'check', join(folder, 'millrace.yaml')], { cwd: root })
    rmSync(folder, { recursive: true })
    expect(code).toBe(0)
  })
})
