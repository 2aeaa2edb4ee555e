import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync, existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runMillrace, startMillrace } from '../support/millrace.ts'
import { body, json, Upstream, type Behaviour } from '../support/upstream.ts'

let folder: string
let upstream: Upstream

/** Rows to whoever has the token, 401 to all others. */
const guarded: Behaviour = (request, response) =>
  (request.headers.authorization === 'Bearer s3cret' ? json([{ id: 'a', n: 1 }]) : body('{}', {}, 401))(request, response)

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-add-'))
  upstream = await Upstream.start(guarded)
})

afterEach(async () => {
  await upstream.close()
  rmSync(folder, { recursive: true })
})

const millrace = (...args: string[]): ReturnType<typeof runMillrace> => runMillrace(args, { cwd: folder })
const file = (name: string): string => join(folder, name)
const command = (): string => `curl '${upstream.url}v1/things.json' -H 'Authorization: Bearer s3cret'`

test('add writes the source into the config and its secret into .env, and the config serves it', async () => {
  writeFileSync(file('millrace.yaml'), '# mine\nserver: {port: 0}\nsources:\n  a: http://127.0.0.1:9/a # there\n')
  const { code, stdout, stderr } = await millrace('add', command())
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  expect(stderr).toContain(
    "Source 'things' was added to millrace.yaml, its secrets to .env, which belongs into no repository: THINGS_AUTHORIZATION\n",
  )
  expect(readFileSync(file('millrace.yaml'), 'utf8')).toBe(
    [
      '# mine',
      'server: {port: 0}',
      'sources:',
      '  a: http://127.0.0.1:9/a # there',
      '  things:',
      `    url: ${upstream.url}v1/things.json`,
      '    headers:',
      '      Authorization: Bearer ${THINGS_AUTHORIZATION}',
      '',
    ].join('\n'),
  )
  expect(readFileSync(file('.env'), 'utf8')).toBe('THINGS_AUTHORIZATION=s3cret\n')
  expect(statSync(file('.env')).mode & 0o777).toBe(0o600)

  const program = startMillrace(['run', 'millrace.yaml'], { cwd: folder })
  try {
    const [, url = ''] = await program.says(/page +(http:\S+)\//)
    await (await fetch(`${url}/feeds/things`)).text()
    await program.says(/source 'things': 1 row in the document, key id/)
    expect(program.stderr).not.toContain('s3cret')
  } finally {
    await program.end()
  }
})

test('add begins a config where there is none, and gives a second source of the name another', async () => {
  expect((await millrace('add', 'curl https://api.example/things')).code).toBe(0)
  expect((await millrace('add', 'curl https://api.example/things?x=1')).code).toBe(0)
  expect(readFileSync(file('millrace.yaml'), 'utf8')).toBe(
    'sources:\n  things:\n    url: https://api.example/things\n  things-2:\n    url: https://api.example/things?x=1\n',
  )
  expect(existsSync(file('.env'))).toBe(false)
  // The same request once more is there already, unless it is to have a name of its own.
  const again = await millrace('add', 'curl https://api.example/things -H "accept-language: de"')
  expect(again).toMatchObject({
    code: 0,
    stdout: '',
    stderr: "Nothing was added: source 'things' of millrace.yaml asks this already; --name another adds it once more\n",
  })
  expect(existsSync(file('.env'))).toBe(false)
  expect((await millrace('add', 'curl https://api.example/things', '--name', 'more')).code).toBe(0)
  expect(readFileSync(file('millrace.yaml'), 'utf8')).toMatch(/ {2}more:\n {4}url: https:\/\/api.example\/things\n$/)
})

test('the same request with other credentials is another source; with the same ones, however they are written, it is there already', async () => {
  writeFileSync(file('millrace.yaml'), 'sources:\n  things:\n    url: https://api.example/things\n    auth: {bearer: "${MINE}"}\n')
  writeFileSync(file('.env'), 'MINE=m1ne\n')
  const as = (token: string): ReturnType<typeof millrace> =>
    millrace('add', `curl https://api.example/things -H 'Authorization: Bearer ${token}'`)
  expect((await as('m1ne')).stderr).toMatch(/^Nothing was added: source 'things' of millrace.yaml asks this already/)
  expect((await as('th3irs')).stderr).toMatch(/^Source 'things-2' was added/)
  expect((await as('th3irs')).stderr).toMatch(/^Nothing was added: source 'things-2' of millrace.yaml asks this already/)
  expect(readFileSync(file('.env'), 'utf8')).toBe('MINE=m1ne\nTHINGS_2_AUTHORIZATION=th3irs\n')
})

test('what somebody put in the place of the new file is neither followed nor overwritten, and nothing is written', async () => {
  writeFileSync(file('elsewhere'), 'mine')
  symlinkSync(file('elsewhere'), file('millrace.yaml.new'))
  const { code, stderr } = await millrace('add', command())
  expect([code, stderr]).toEqual([
    1,
    'Nothing was added: millrace.yaml.new is there: another `add` is at work, or was broken off; remove it then\n',
  ])
  expect([readFileSync(file('elsewhere'), 'utf8'), readdirSync(folder).toSorted()]).toEqual(['mine', ['elsewhere', 'millrace.yaml.new']])
})

test('add --print only prints, also of a URL by itself, in which nothing is a pattern or of the shell', async () => {
  const ofUrl = await millrace('add', '--print', `${upstream.url}v1/it's.json?of={a,b}&token=s3cret&n=1`)
  expect(ofUrl).toMatchObject({ code: 0, stderr: 'Its secrets go into .env: IT_S_TOKEN\n' })
  expect(ofUrl.stdout).toBe(`sources:\n  it-s:\n    url: ${upstream.url}v1/it's.json?of={a,b}&token=\${IT_S_TOKEN}&n=1\n`)
  const { code, stdout, stderr } = await millrace('add', '--print', command())
  expect(code).toBe(0)
  expect(stdout).toBe(
    `sources:\n  things:\n    url: ${upstream.url}v1/things.json\n    headers:\n      Authorization: Bearer \${THINGS_AUTHORIZATION}\n`,
  )
  expect(stderr).toBe('Its secrets go into .env: THINGS_AUTHORIZATION\n')
  expect(existsSync(file('millrace.yaml'))).toBe(false)
})

test.each<[string, string[], number, string]>([
  [
    'an option that a source has not',
    ['curl -F a=b https://api.example'],
    2,
    "This curl command cannot be a source: curl's -F is not supported: a source sends a text or JSON, no multipart form\n",
  ],
  [
    'no curl',
    ['wget https://api.example'],
    2,
    'This curl command cannot be a source: it does not begin with curl, nor is it a URL with http:// or https://\n',
  ],
  [
    'a name that is none',
    ['curl https://api.example', '--name', 'My Name'],
    2,
    "'My Name' is no name of a source: a-z, 0-9, _ and -, beginning with a letter\n",
  ],
  [
    'a name that is given away',
    ['curl https://api.example', '--name', 'a', '--config', 'sound.yaml'],
    2,
    "'a' is given away in sound.yaml already\n",
  ],
  [
    'JSON',
    ['curl https://api.example', '--config', 'x.json'],
    2,
    'x.json is JSON, which is not written here: add what --print shows of another file by hand\n',
  ],
  [
    'a config that is not sound',
    ['curl https://api.example', '--config', 'wrong.yaml'],
    1,
    'Nothing was added: wrong.yaml has to be sound first\n',
  ],
  ['a URL that is none', ['curl http://', '--config', 'sound.yaml'], 1, 'Nothing was added to sound.yaml\n'],
])('add refuses %s, and writes nothing', async (_, args, code, said) => {
  writeFileSync(file('sound.yaml'), 'sources: {a: http://x}\n')
  writeFileSync(file('wrong.yaml'), 'sources: {a: ftp://x}\n')
  const result = await millrace('add', ...args)
  expect(result.code).toBe(code)
  expect(result.stderr.endsWith(said)).toBe(true)
  expect([readFileSync(file('sound.yaml'), 'utf8'), existsSync(file('millrace.yaml')), existsSync(file('.env'))]).toEqual([
    'sources: {a: http://x}\n',
    false,
    false,
  ])
})

test('a curl command in the place of a URL is followed, with its headers and without showing them', async () => {
  const curl = `curl '${upstream.url}v1/things.json' -H "Authorization: Bearer $THE_TOKEN"`
  const program = startMillrace([curl, '--port', '0'], { cwd: folder, env: { THE_TOKEN: 's3cret' } })
  try {
    const [, url = ''] = await program.says(/page +(http:\S+)\//)
    await (await fetch(`${url}/feeds/things`)).text()
    await program.says(/source 'things': 1 row in the document, key id/)
    expect(upstream.last?.headers['authorization']).toBe('Bearer s3cret')
    expect(program.stderr + program.stdout).not.toContain('s3cret')
  } finally {
    await program.end()
  }
})

test.each([
  ['curl -T a.txt https://api.example', "This curl command cannot be a source: curl's -T is not supported\n"],
  [
    'curl -H "x: $NOT_SET_ANYWHERE" https://api.example',
    'This curl command cannot be a source: the variable ${NOT_SET_ANYWHERE} is not set\n',
  ],
])('what cannot be followed is named: %s', async (curl, said) => {
  expect(await millrace(curl)).toEqual({ code: 2, stdout: '', stderr: said })
})
