import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { jsonSchema } from '../../src/config/json-schema.ts'
import { loadConfig } from '../../src/config/load.ts'
import { parseDuration } from '../../src/lib/unit.ts'
import { startMillrace } from '../support/millrace.ts'
import { run, type Program } from '../support/program.ts'

/** What docs/operating.md and the examples for operators say is true, as far as it can be tried without containers. */

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const document = read('docs/operating.md')
const main = join(root, 'dist/cli/main.js')
const { config } = loadConfig(join(root, 'examples/container.yaml'), { env: {} }) as {
  config: { server: { port: number; drainMs: number } }
}

describe('the document', () => {
  test('every metric that it names is exposed', () => {
    const known = read('docs/metrics.md')
    const named = [...document.matchAll(/millrace_\w+/g)].map(([name]) => name)
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter(name => !known.includes(`\`${name}\``))).toEqual([])
  })

  test('every key that it names is one', () => {
    const { properties } = jsonSchema() as { properties: Record<string, { properties?: object }> }
    const named = [...document.matchAll(/`(server|limits|log)\.(\w+)`/g)]
    expect(named.length).toBeGreaterThan(8)
    expect(named.filter(([, section = '', key = '']) => !Object.hasOwn(properties[section]?.properties ?? {}, key))).toEqual([])
  })

  test('every command that it names is one', async () => {
    const { stdout } = await run(process.execPath, [main, '--help'])
    const commands = [...stdout.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name)
    const named = [...document.matchAll(/millrace (run|check|\w+) [</]/g)].map(([, name]) => name)
    expect(named.length).toBeGreaterThan(1)
    expect(named.filter(name => !commands.includes(name))).toEqual([])
  })

  test('its snippet is a sound part of a config', () => {
    const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(document) ?? []
    const folder = mkdtempSync(join(tmpdir(), 'millrace-operating-'))
    writeFileSync(join(folder, 'millrace.yaml'), `${yaml}\nsources: {a: {system: cpu}}\n`)
    expect(loadConfig(join(folder, 'millrace.yaml'), { env: {} })).toMatchObject({ ok: true, warnings: [] })
    rmSync(folder, { recursive: true })
  })

  test('every example is linked from it or from the README', () => {
    const linked = read('README.md') + document
    expect(readdirSync(join(root, 'examples')).filter(file => !linked.includes(`examples/${file}`))).toEqual(['Dockerfile.dockerignore'])
  })
})

/** The words of an instruction in its form as a JSON list. */
function listOf(dockerfile: string, instruction: string): string[] {
  const [, words = '[]'] = new RegExp(`^${instruction} (\\[.*\\])$`, 'm').exec(dockerfile) ?? []
  return JSON.parse(words) as string[]
}

describe('Dockerfile', () => {
  const dockerfile = read('examples/Dockerfile')
  const [build = '', final = ''] = dockerfile.split(/^(?=FROM )/m).slice(1)
  const [healthCheck = []] = [...dockerfile.matchAll(/^ {2}CMD (\[.*\])$/gm)].map(([, words = '[]']) => JSON.parse(words) as string[])
  let server: Program
  let url: string

  beforeAll(async () => {
    server = startMillrace(['run', 'examples/container.yaml', '--port', '0'], { cwd: root })
    url = (await server.says(/page +http:\/\/\S+?:(\d+)\//))[1] ?? ''
  })
  afterAll(() => server.end())

  test('two stages, of a Node.js that the package allows; what is built takes along no tools', () => {
    expect([build, final].map(stage => /^FROM node:(\d+)-slim/.exec(stage)?.[1])).toEqual(['22', '22'])
    expect(build).toContain('npm prune --omit=dev')
  })

  test('what it copies is there after the build, and is what starts', () => {
    const copied = [...final.matchAll(/^COPY --from=build \/src\/(\S+)/gm)].map(([, path = '']) => path)
    expect(copied).toEqual(['package.json', 'node_modules', 'dist'])
    for (const path of copied) expect(existsSync(join(root, path))).toBe(true)
    const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts)
    for (const [, script = ''] of build.matchAll(/npm run (\S+)/g)) expect(scripts).toContain(script)
    const [node, file = ''] = listOf(final, 'ENTRYPOINT')
    expect([node, existsSync(join(root, file))]).toEqual(['node', true])
    expect(listOf(final, 'CMD')).toEqual(['run', '/etc/millrace/millrace.yaml'])
  })

  test('its user is not root', () => {
    const user = final.split('\n').findLast(line => line.startsWith('USER '))
    expect(user).toBe('USER node')
    expect(final.indexOf('USER node')).toBeLessThan(final.indexOf('ENTRYPOINT'))
  })

  test('HEALTHCHECK: by Node.js itself; 0 while it serves, 1 once it does not', async () => {
    const [command = '', ...args] = healthCheck
    expect(command).toBe('node')
    const at = (port: string): string[] => args.map(arg => arg.replace(`:${config.server.port}/`, `:${port}/`))
    expect(at(url)).not.toEqual(args)
    expect((await run(process.execPath, at(url))).code).toBe(0)
    server.kill('SIGTERM')
    expect(await server.ended).toBe(0)
    expect((await run(process.execPath, at(url))).code).toBe(1)
  })
})

interface Compose {
  readonly services: { readonly millrace: Readonly<Record<string, unknown>> & { readonly build: { context: string; dockerfile: string } } }
  readonly volumes: object
}

describe('compose.yaml', () => {
  const compose = parseYaml(read('examples/compose.yaml')) as Compose
  const { millrace } = compose.services

  test('builds what there is, with a read-only root and without rights', () => {
    expect(existsSync(join(root, 'examples', millrace.build.context, millrace.build.dockerfile))).toBe(true)
    expect(millrace).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
  })

  test('the config that it mounts is sound, listens where it publishes, and is published to this machine alone', () => {
    const volumes = millrace['volumes'] as string[]
    const [from = '', to] = volumes[0]?.split(':') ?? []
    expect([existsSync(join(root, 'examples', from)), to]).toEqual([true, '/etc/millrace/millrace.yaml'])
    expect(millrace['ports']).toEqual([`127.0.0.1:8080:${config.server.port}`])
    expect(config.server).toMatchObject({ host: '0.0.0.0' })
    expect(Object.keys(compose.volumes)).toEqual([volumes[1]?.split(':')[0]])
    expect(read('examples/Dockerfile')).toContain(`install -d -o node -g node ${volumes[1]?.split(':')[1] ?? '?'}`)
  })

  test('waits longer than the server drains', () => {
    expect(parseDuration(String(millrace['stop_grace_period']))).toBeGreaterThan(config.server.drainMs)
  })
})

describe('millrace.service', () => {
  const unit = read('examples/millrace.service')
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? ''

  test('starts what the package holds; reloads by SIGHUP; waits longer than the server drains', () => {
    const { bin } = JSON.parse(read('package.json')) as { bin: { millrace: string } }
    expect(value('ExecStart')).toContain(`/node_modules/millrace/${bin.millrace.replace('./', '')} run `)
    expect(value('ExecReload')).toBe('/bin/kill -HUP $MAINPID')
    expect(value('Restart')).toBe('on-failure')
    expect(parseDuration(value('TimeoutStopSec'))).toBeGreaterThan(config.server.drainMs)
    expect(Number(value('LimitNOFILE'))).toBeGreaterThanOrEqual(65_536)
  })

  test('is hardened', () => {
    for (const key of ['DynamicUser', 'ProtectHome', 'NoNewPrivileges', 'PrivateDevices']) expect([key, value(key)]).toEqual([key, 'yes'])
    expect([value('ProtectSystem'), value('StateDirectory'), value('CapabilityBoundingSet')]).toEqual(['strict', 'millrace', ''])
    // V8 writes the code that it runs.
    expect(unit).not.toMatch(/^MemoryDenyWriteExecute=yes/m)
  })

  test.runIf(existsSync('/usr/bin/systemd-analyze'))('systemd finds nothing wrong with it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-unit-'))
    const file = join(folder, 'millrace.service')
    writeFileSync(file, unit.replace('/usr/bin/node', process.execPath))
    const verified = await run('systemd-analyze', ['verify', file])
    const exposure = await run('systemd-analyze', ['security', '--offline=yes', '--no-pager', '--threshold=20', file])
    rmSync(folder, { recursive: true })
    expect([verified.code, verified.stderr.split('\n').filter(line => line.includes('millrace'))]).toEqual([0, []])
    expect(exposure.code).toBe(0)
  })
})
