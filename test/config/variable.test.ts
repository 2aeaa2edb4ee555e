import { describe, expect, test } from 'vitest'
import { printProblems } from '../../src/config/problem.ts'
import { resolveVariables } from '../../src/config/variable.ts'
import { filesOf, good, problems, said } from '../support/config.ts'

const sources = {
  env: { HOST: 'x.example', EMPTY: '', BOTH: 'environment' },
  dotEnv: { BOTH: 'file', ONLY: 'file' },
  readFile: filesOf({ '/run/secrets/token': 's3cret\r\n', '/lines': 'a\nb\n\n' }),
}

describe('in a text', () => {
  test.each([
    ['http://${HOST}/', 'http://x.example/'],
    ['${BOTH} ${ONLY}', 'environment file'],
    ['${NONE:-http://y}/${EMPTY:-z}', 'http://y/z'],
    ['${NONE:-}', ''],
    ['[${EMPTY}]', '[]'],
    ['${file:/run/secrets/token}', 's3cret'],
    ['${file:/lines}', 'a\nb\n'],
    ['$${HOST} $HOST $$', '${HOST} $HOST $$'],
    ['{{region}} has {{bikes}}', '{{region}} has {{bikes}}'],
  ])('%s', (text, expected) => {
    expect(resolveVariables(text, sources)).toMatchObject({ text: expected, faults: [] })
  })

  test.each([
    ['a ${NONE}', 2, 7, 'the variable NONE is set neither in the environment nor in .env beside the config'],
    ['${HOSTT}', 0, 8, 'the variable HOSTT is set neither in the environment nor in .env beside the config'],
    ['${__proto__}', 0, 12, 'the variable __proto__ is set neither in the environment nor in .env beside the config'],
    ['${1A}', 0, 5, '`${1A}` is no variable'],
    ['${}', 0, 3, '`${}` is no variable'],
    ['${HOST', 0, 6, '`${` is not closed'],
    ['${file:}', 0, 8, '`${file:}` names no file'],
    ['${file:/none}', 0, 13, 'the file /none cannot be read: there is no such file'],
  ])('%s is refused', (text, from, length, message) => {
    expect(resolveVariables(text, sources).faults).toEqual([expect.objectContaining({ from, length, message })])
  })

  test('what a value holds is not resolved again', () => {
    expect(resolveVariables('${A}', { ...sources, env: { A: '${HOST}' } }).text).toBe('${HOST}')
  })
})

describe('in a config', () => {
  test('stand in any text, quoted or not, and never in names, comments or the text of YAML', () => {
    const text = 'sources:\n  a:\n    url: http://${H}/\n    query:\n      a: "${V}"\n      b: ${V}   # ${NONE}\n      ${NONE}: c\n'
    const [source] = good(text, { env: { H: 'x', V: '1} b: {url: http://evil}' } }).sources
    expect(source?.kind === 'http' ? [...new URL(source.http.url).searchParams] : []).toEqual([
      ['a', '1} b: {url: http://evil}'],
      ['b', '1} b: {url: http://evil}'],
      ['${NONE}', 'c'],
    ])
  })

  test('unquoted are numbers and booleans only where no text will do', () => {
    const text = 'sources: {a: {url: http://x}}\nserver:\n  port: ${P}\n'
    expect(good(text, { env: { P: '9000' } }).server.port).toBe(9000)
    expect(said(text.replace('${P}', '"${P}"'), { env: { P: '9000' } })).toEqual([
      '3:9 server.port: expected a whole number from 0 to 65535; found "${P}"',
    ])
    const described = good('sources:\n  a:\n    url: http://x\n    description: ${D}\n    public: ${B}', {
      env: { D: '12345', B: 'false' },
    })
    expect(described.sources[0]).toMatchObject({ description: '12345', public: false })
  })

  test('inside of { } must be quoted, which is said without a word about what follows', () => {
    expect(said('sources: {a: http://x}\nserver: {port: ${P}, host: 127.0.0.1}\nlog: {level: wran}', { env: { P: '9000' } })).toEqual([
      '2:16 server.port: inside { } and [ ] YAML takes the braces of ${..} for its own (quote it: "${P}")',
      expect.stringMatching(/^3:14 log\.level/),
    ])
  })

  test('that are missing are told at their place, inside of the text', () => {
    expect(said('sources:\n  a: http://${HOTS}/${NONE}', { env: { HOST: 'x' } })).toEqual([
      '2:13 sources.a: the variable HOTS is set neither in the environment nor in .env beside the config (did you mean ${HOST}?)',
      '2:21 sources.a: the variable NONE is set neither in the environment nor in .env beside the config (set NONE, or give a default: ${NONE:-default})',
    ])
  })

  test('never show what they hold', () => {
    const secret = 'hunter2-and-more'
    const text = [
      'sources:',
      '  a: ${S}',
      '  b: {url: "ftp://user:${S}@x", every: "${S}", method: "${file:/s}"}',
      'feeds:',
      '  f: {from: "${S}", steps: [{where: "${S} ="}, {top: {by: x, limit: "${S}"}}]}',
      'log: {level: "x${S}"}',
      'server: {host: "${S}", hosts: ["${S}/"]}',
    ].join('\n')
    const found = problems(text, { env: { S: secret }, files: { '/s': secret } })
    expect(found.length).toBeGreaterThan(8)
    expect(JSON.stringify(found)).not.toContain(secret)
    expect(printProblems(found)).not.toContain('hunter2')
    expect(found.map(({ path, found: shown }) => `${path} ${shown ?? ''}`)).toContain('sources.b.every "${S}"')
  })
})
