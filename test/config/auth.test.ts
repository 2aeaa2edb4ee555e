import { describe, expect, test } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { printProblems } from '../../src/config/problem.ts'
import { good, parse, problems, said } from '../support/config.ts'

const secret = 'Zm9vYmFyYmF6cXV4Zm9v'
const other = 'b3RoZXJvdGhlcm90aGVy'
const env = { T: secret, U: other }

/** A config with sources `stations` and `stocks` and one feed `empty`, with these lines as its `auth`. */
function withAuth(...lines: readonly string[]): string {
  return [
    'sources: {stations: http://x, stocks: http://y}',
    'feeds: {empty: {from: stations}}',
    'auth:',
    ...lines.map(line => `  ${line}`),
  ].join('\n')
}

const tokens = (...entries: readonly string[]): string => withAuth('tokens:', ...entries.map(entry => `  - ${entry}`))

function warned(text: string): string[] {
  const result = parse(text, { env })
  return result.ok
    ? result.warnings.map(
        ({ place, message, hint }) => `${place?.line}:${place?.column} ${message}${hint === undefined ? '' : ` (${hint})`}`,
      )
    : [printProblems(result.problems)]
}

describe('tokens', () => {
  test('their defaults, and all of it in code units', () => {
    expect(good(tokens('{name: wall, token: "${T}"}'), { env }).auth).toEqual({
      tokens: [{ name: 'wall', token: secret, feeds: ['*'], admin: false }],
      ticketMs: 30_000,
      warnBeforeMs: 60_000,
    })
    const text = withAuth(
      'ticket: 1m',
      'warnBefore: 5m',
      'tokens:',
      '  - {name: a b.c@d, token: "${file:/run/secrets/t}", feeds: [empty, sto*], admin: true, expires: 2030-01-31T12:00:00+01:00}',
    )
    expect(good(text, { files: { '/run/secrets/t': `${other}\n` } }).auth).toEqual({
      tokens: [{ name: 'a b.c@d', token: other, feeds: ['empty', 'sto*'], admin: true, expiresAt: Date.UTC(2030, 0, 31, 11) }],
      ticketMs: 60_000,
      warnBeforeMs: 300_000,
    })
  })

  test.each([
    ['{name: a}', ['5:7 auth.tokens[0].token: missing key `token`']],
    ['{token: "${T}"}', ['5:7 auth.tokens[0].name: missing key `name`; expected a name of letters']],
    ['{name: a, token: "${T}", feds: [x]}', ['5:32 auth.tokens[0].feds: unknown key `feds` (did you mean `feeds`?)']],
    ['{name: a, token: "${T}", feeds: []}', ['5:39 auth.tokens[0].feeds: expected at least one feed, or `*`; found an empty list']],
    ['{name: a, token: "${T}", feeds: [a*b]}', ['5:40 auth.tokens[0].feeds[0]: expected the name of a source or feed, the beginning']],
    ['{name: a, token: "${T}", feeds: "*"}', ['5:39 auth.tokens[0].feeds: expected a list of feeds; found "*"']],
    ['{name: a, token: "${T}", expires: 2030-01-31}', ['5:41 auth.tokens[0].expires: expected a date and time with its zone']],
    ['{name: a, token: "${T}", expires: 2030-13-31T00:00:00Z}', ['5:41 auth.tokens[0].expires: expected a date and time']],
    ['{name: "a\\nb", token: "${T}"}', ['5:14 auth.tokens[0].name: expected a name of letters']],
  ])('%s is told with its place', (entry, expected) => {
    const found = said(tokens(entry), { env })
    expect(found).toHaveLength(expected.length)
    for (const [i, text] of expected.entries()) expect(found[i]).toContain(text)
  })

  test('an empty list is refused: `none` is to be said aloud', () => {
    expect(said(withAuth('tokens: []'))).toEqual([
      '4:11 auth.tokens: expected at least one token; `auth: none` says that nobody is asked for one; found an empty list',
    ])
  })

  test('names and tokens are there once; which is the same as which is told', () => {
    expect(said(tokens('{name: a, token: "${T}"}', '{name: a, token: "${T}"}'), { env })).toEqual([
      '6:14 auth.tokens[1].name: the same name as that of tokens[0]: each has its own',
      '6:17 auth.tokens[1].token: the same token as that of tokens[0]: each has its own',
    ])
  })

  test('a grant that names nothing is warned of, with what was probably meant', () => {
    expect(warned(tokens('{name: a, token: "${T}", feeds: [station, sto*, zz*, $feeds, $*, $clients, stations, "*"]}'))).toEqual([
      '5:40 there is no source or feed `station` (did you mean `stations`?)',
      '5:55 no source or feed begins with `zz`',
      '5:72 `$clients` is there for tokens with `admin: true` alone',
    ])
  })
})

describe('a token is shown nowhere', () => {
  const literal = 'S3cr3tLiteral0123456789'

  test.each([
    ['a value that begins a map', `  tokens:\n    - name: a\n      token: ${literal}: more`],
    ['a line that is not closed', `  tokens:\n    - {name: a, token: ${literal}`],
    ['a quote that is not closed', `  tokens:\n    - name: a\n      token: "${literal}`],
    ['a character that none begins with', `  tokens:\n    - name: a\n      token: @${literal}`],
    ['a tag', `  tokens:\n    - name: a\n      token: !${literal}`],
    ['an alias', `  tokens:\n    - name: a\n      token: *${literal}`],
    ['a comma', `  tokens:\n    - {name: a, token: x, ${literal}}`],
    ['a variable that is not closed', `  tokens:\n    - name: a\n      token: "${literal}\${"`],
    ['the next line', `  tokens:\n    - name: a\n      token:\n        ${literal}: x: y`],
    ['a block', `  tokens:\n    - name: a\n      token: |\n        ${literal}\n\t bad\n   worse: [`],
    ['tabs', `  tokens:\n    - name: a\n\ttoken: ${literal}`],
    ['JSON', `  {"tokens": [{"name": "a", "token": "${literal}" "feeds": []}]}`],
    ['a map in place of a list', `  tokens: {name: a, token: ${literal}}`],
    ['a text in place of a list', `  tokens: ${literal}`],
    ['a list of texts', `  tokens: [${literal}]`],
    ['a text in place of a map', `  ${literal}`],
    ['a mistyped key', `  tokns: [{name: a, token: ${literal}}]`],
    ['a token of no list', `  token: ${literal}`],
  ])('in no problem, where there is %s', (_what, auth) => {
    const found = problems(`auth:\n${auth}\nsources: {stations: {url: "http://x"}}\n`)
    expect(found.length).toBeGreaterThan(0)
    const printed = printProblems(found)
    expect(printed).not.toContain(literal)
    expect(JSON.stringify(found)).not.toContain(literal)
    expect(printed).toMatch(/millrace\.yaml:\d+:\d+: /)
  })

  test.each([
    ['a header', `headers: {Authorization: "Bearer ${literal}", "no name": x}`],
    ['a header on a line that is broken', `headers: {X-Api-Key: ${literal}: x}`],
    ['a header of two lines', `headers: {Cookie: "sid=${literal}\\n"}`],
    ['a query', `query: {api_key: ${literal}, other: [1]}`],
    ['a query with a short one', `query: {key: ${literal.slice(0, 7)}, other: [1]}`],
    ['a header of a block with a short one', `headers:\n      key: ${literal.slice(0, 7)}: x`],
    ['a body that nests one', `body: {ask: [{key: ${literal.slice(0, 7)}}]}\n    method: [1]`],
    ['the key of the source', `key: [${literal}, 1]`],
  ])('nor in one of a source, where %s holds one', (_what, written) => {
    const found = problems(`sources:\n  stations:\n    url: http://x\n    ${written}\n`)
    expect(found.length).toBeGreaterThan(0)
    expect(printProblems(found)).not.toContain(literal.slice(0, 7))
  })

  test.each(['station_id', 'id2', 'stationId', '[line2, "Stop ID"]', '[region, station]'])(
    'the columns that are the key of a source are no secret: %s',
    key => {
      const found = problems(`sources: {stations: {url: "http://x", key: ${key}, evry: 3s}}\n`)
      expect(printProblems(found)).toContain(`key: ${key}, evry: 3s`)
    },
  )

  test('nor are keys of joins, labels and tiles', () => {
    const text = `sources: {"a": "http://x"}
feeds:
  f:
    from: a
    steps: [{join: {with: a, key: 'string(x1)', colums: {}}}]
    export: {metrics: {name: 5, value: x, labels: {key: k2}}}
boards: {b: {tiles: [{show: figure, feed: a, key: r1, colum: n}]}}
`
    const printed = printProblems(problems(text))
    for (const shown of ["key: 'string(x1)', colums", 'labels: {key: k2}', 'key: r1, colum']) expect(printed).toContain(shown)
  })

  test.each(['short', 'with spaces and enough', '1234567890123456', 'a'.repeat(1025), 'ünïcödé-ünïcödé-'])('a bad one: %j', token => {
    for (const text of [tokens(`{name: a, token: ${JSON.stringify(token)}, feds: 1}`), tokens(`{name: a, token: ${token}}`)]) {
      const found = problems(text)
      expect(found.length).toBeGreaterThan(0)
      expect(printProblems(found)).not.toContain(token)
      expect(JSON.stringify(found)).not.toContain(token)
    }
  })

  test('one that stands in the file is taken, with a warning that covers it', () => {
    const result = parse(tokens(`{name: a, token: ${secret}, feeds: [statons]}`))
    if (!result.ok) throw new Error('refused')
    expect(warned(tokens(`{name: a, token: ${secret}}`))[0]).toMatch(/^5:17 a token stands in the config itself/)
    expect(result.warnings).toHaveLength(2)
    const printed = printProblems(result.warnings)
    expect(printed).toContain(`token: ${'*'.repeat(secret.length)}, feeds: [statons]`)
    expect(printed).not.toContain(secret)
    expect(printed).toContain('${file:/run/secrets/token}')
  })

  test('one from a variable, a file or a program is taken without a warning', () => {
    expect(warned(tokens('{name: a, token: "${T}"}', '{name: b, token: "${U}"}'))).toEqual([])
    const result = configOf({ sources: { a: 'http://x' }, auth: { tokens: [{ name: 'a', token: secret }] } })
    expect(result).toMatchObject({ ok: true, warnings: [] })
  })

  test('not in what is wrong with a config of a program', () => {
    const result = configOf({
      sources: { a: 'http://x' },
      auth: {
        tokens: [
          { name: 'a', token: ['secret-in-a-list'] },
          { name: 'b', token: 'short1' },
        ],
      },
    })
    expect(result.ok).toBe(false)
    expect(JSON.stringify(result)).not.toMatch(/secret-in-a-list|short1/)
  })

  test('not among the values in force', () => {
    for (const written of [secret, '"${T}"']) {
      const result = parse(tokens(`{name: a, token: ${written}, feeds: [empty]}`), { env })
      if (!result.ok) throw new Error('refused')
      const shown = result.inForce().filter(({ path }) => path.startsWith('auth'))
      expect(shown.map(({ path, value }) => `${path}: ${value}`)).toEqual([
        'auth.tokens[0].name: a',
        'auth.tokens[0].feeds: ["empty"]',
        'auth.tokens[0].admin: false',
        'auth.ticket: 30s',
        'auth.warnBefore: 60s',
      ])
      expect(JSON.stringify(result.inForce())).not.toContain(secret)
    }
  })
})
