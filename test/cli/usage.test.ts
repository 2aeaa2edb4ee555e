import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { demoConfig } from '../../src/cli/demo/config.ts'
import { configOf } from '../../src/config/load.ts'
import { parseAddress } from '../../src/protocol/address.ts'
import { runMillrace } from '../support/millrace.ts'
import { run } from '../support/program.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
  writeFileSync(join(folder, 'millrace.yaml'), 'sources:\n  a: {url: http://127.0.0.1:9/a}\nfeeds:\n  b: {from: a}\n')
  writeFileSync(
    join(folder, 'wrong.yaml'),
    `server:
  prot: 8080
sources:
  stations:
    url: http://bikes.example/stations.json
    every: 10
  quotes:
    url: ftp://bikes.example/quotes
feeds:
  empty:
    from: station
    steps:
      - where: num_bikes >
      - topp: {by: x}
`,
  )
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

const millrace = (...args: string[]): ReturnType<typeof runMillrace> => runMillrace(args, { cwd: folder })

/** Nothing that only a developer of Millrace could read. */
function expectForPeople(text: string): void {
  expect(text).not.toMatch(/\n\s+at |Error:|node:internal/)
  expect(text).not.toContain('\u001b')
}

describe.concurrent('help and version', () => {
  test('--version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
    expect(await millrace('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  test('--help tells of every command', async () => {
    const { code, stdout, stderr } = await millrace('--help')
    expect([code, stderr]).toEqual([0, ''])
    for (const command of ['run', 'demo', 'check', 'add', 'schema', 'tail', '[url]']) expect(stdout).toContain(command)
  })

  test('the address that tail --help shows is of the demo: its feed is there, and has the columns', async () => {
    const { stdout } = await millrace('tail', '--help')
    const { feed, where } = parseAddress(/'(\w+\?[^']+)'/.exec(stdout.replaceAll(/\s+/g, ' '))?.[1] ?? '')
    const demo = parse(demoConfig('http://127.0.0.1:9')) as { readonly feeds: object }
    const tried = { ...demo, feeds: { ...demo.feeds, tried: { from: feed, steps: [{ where }] } } }
    expect(configOf(tried)).toMatchObject({ ok: true })
    const wrong = { ...demo, feeds: { ...demo.feeds, tried: { from: feed, steps: [{ where: `${where ?? ''} && nothing > 1` }] } } }
    expect(configOf(wrong)).toMatchObject({ ok: false })
  })

  test.each(['run', 'demo', 'check', 'add', 'schema', 'tail'])('%s --help', async command => {
    const { code, stdout } = await millrace(command, '--help')
    expect(code).toBe(0)
    expect(stdout).toContain(`Usage: millrace ${command}`)
  })

  test('nothing at all shows the help', async () => {
    expect((await millrace()).stdout).toContain('Usage: millrace')
  })
})

describe.concurrent('a mistake in the command: exit 2, one sentence', () => {
  test.each<[string[], string]>([
    [['chekc', 'millrace.yaml'], "did you mean 'check'?"],
    [['tial', 'quotes', '--json'], "did you mean 'tail'?"],
    [['millrace.yaml'], 'millrace run millrace.yaml'],
    [['nowhere.example/x.json'], 'begins with http:// or https://'],
    [['http://'], 'is no URL'],
    [['http://a.example', 'http://b.example'], 'too many arguments'],
    [['http://a.example/x', '--every', '10'], 'expected a time with a unit'],
    [['http://a.example/x', '--evry', '10s'], 'Did you mean --every?'],
    [['run'], "missing required argument 'config'"],
    [['run', 'a.yaml', 'b.yaml'], 'too many arguments'],
    [['run', 'millrace.yaml', '--port', '70000'], 'from 0 to 65535'],
    [['demo', '--port', 'x'], 'a whole number is needed'],
    [['tail'], "missing required argument 'feed'"],
    [['tail', 'quotes', '--url', 'localhost:8080'], 'such as http://127.0.0.1:8080'],
    [['tail', 'quotes', '--limit', '0'], 'from 1'],
  ])('millrace %j', async (args, text) => {
    const { code, stdout, stderr } = await millrace(...args)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(text)
    expectForPeople(stderr.replace(/^error: /, ''))
  })
})

describe.concurrent('options of a URL', () => {
  test.each(['--every', '--rows', '--key'])('%s beside a command is refused, not overlooked', async option => {
    for (const args of [
      ['check', 'millrace.yaml', option, 'x'],
      [option, 'x', 'check', 'millrace.yaml'],
    ]) {
      const { code, stdout, stderr } = await millrace(...args)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain(`${option} belongs to a URL`)
      expectForPeople(stderr)
    }
  })
})

describe.concurrent('check', () => {
  test('a good config: exit 0, what is in it and the next command', async () => {
    expect(await millrace('check', 'millrace.yaml')).toEqual({
      code: 0,
      stdout: 'millrace.yaml is valid: 1 source, 1 feed. Serve it: millrace run millrace.yaml\n',
      stderr: '',
    })
  })

  test('all mistakes at once, each with file:line:column, its line and a caret', async () => {
    const { code, stdout, stderr } = await millrace('check', 'wrong.yaml')
    expect([code, stdout]).toEqual([1, ''])
    expectForPeople(stderr)
    const places = [...stderr.matchAll(/^wrong\.yaml:(\d+):(\d+): (\S+):/gm)].map(([, line, column, path]) => `${line}:${column} ${path}`)
    expect(places).toEqual([
      '2:3 server.prot',
      '6:12 sources.stations.every',
      '8:10 sources.quotes.url',
      '11:11 feeds.empty.from',
      '13:27 feeds.empty.steps[0].where',
      '14:9 feeds.empty.steps[1].topp',
    ])
    const lines = stderr.split('\n')
    const underlined = lines.flatMap((line, i) => {
      const at = line.indexOf('^')
      return /^[\s|]*\^+$/.test(line) ? [(lines[i - 1] ?? '').slice(at, at + line.length - at)] : []
    })
    expect(underlined).toHaveLength(6)
    expect(underlined.slice(0, 4)).toEqual(['prot', '10', 'ftp://bikes.example/quotes', 'station'])
    expect(stderr).toContain('did you mean')
    expect(stderr.trimEnd().endsWith('6 problems')).toBe(true)
  })

  test.each(['check', 'run'])('%s of a file that is not there: which one was probably meant', async command => {
    const { code, stderr } = await millrace(command, 'milrace.yaml')
    expect([code, stderr]).toEqual([1, "There is no file 'milrace.yaml'; did you mean 'millrace.yaml'?\n"])
  })

  test('run of a wrong config: the same problems, exit 1, before any port opens', async () => {
    const [checked, ran] = await Promise.all([millrace('check', 'wrong.yaml'), millrace('run', 'wrong.yaml')])
    expect(ran).toEqual(checked)
  })

  test('a state folder that cannot be used: check warns, run says so in one sentence, exit 1', async () => {
    writeFileSync(join(folder, 'file'), '')
    writeFileSync(join(folder, 'state.yaml'), 'sources:\n  a: {url: http://127.0.0.1:9/a}\nstate: file\n')
    const [checked, ran] = await Promise.all([millrace('check', 'state.yaml'), millrace('run', 'state.yaml', '--port', '0')])
    const path = realpathSync(join(folder, 'file'))
    expect(checked.code).toBe(0)
    expect(checked.stderr).toContain('state.yaml: warning: state: the folder cannot be used on this machine: it is a file')
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([
      1,
      '',
      `state folder '${path}' cannot be used: it is a file; make it writable, or choose another with state.\n`,
    ])
  })

  test('a secret of the environment is not shown', async () => {
    writeFileSync(join(folder, 'secret.yaml'), 'sources:\n  a: {url: "${ADDRESS}", every: 1}\n')
    const { code, stderr } = await runMillrace(['check', 'secret.yaml'], { cwd: folder, env: { ADDRESS: 'ftp://user:hunter2@x' } })
    expect(code).toBe(1)
    expect(stderr).not.toContain('hunter2')
  })
})

test('schema prints the JSON Schema that the package carries', async () => {
  const { code, stdout } = await millrace('schema')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ type: 'object', properties: { sources: {}, feeds: {} } })
})

test('a reader that has gone (| head) is no fault: no trace, exit 0', async () => {
  const { stdout, stderr } = await run('sh', ['-c', '(node dist/cli/main.js schema; echo $? >&2) | head -1'])
  expect([stdout, stderr]).toEqual(['{\n', '0\n'])
})

test('help tells of all commands, and of one', async () => {
  expect((await millrace('help')).stdout).toContain('Usage: millrace')
  expect((await millrace('help', 'tail')).stdout).toContain('follow a feed of a running server')
})

test('--port of a command that does not listen is refused, with the mend', async () => {
  const { code, stderr } = await millrace('tail', 'quotes', '--port', '18480')
  expect(code).toBe(2)
  expect(stderr).toContain("--port says where to listen, which 'tail' does not; ask another server by --url http://127.0.0.1:18480")
})
