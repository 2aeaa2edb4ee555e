import { describe, expect, test } from 'vitest'
import { printProblems } from '../../src/config/problem.ts'
import { good, parse, said } from '../support/config.ts'

const withAuth = (auth: string, more = ''): string => `sources:\n  a:\n    url: http://x\n    auth:\n      ${auth}${more}`

test('of a source, or of all by `defaults`', () => {
  const { sources } = good(
    'defaults: {auth: {bearer: "${T}"}}\nsources: {a: http://x, b: {url: http://y, auth: {basic: {user: u, password: p}}}, c: {system: cpu}}',
    {
      env: { T: 'token' },
    },
  )
  expect(sources.map(source => (source.kind === 'http' ? source.auth?.kind : undefined))).toEqual(['fixed', 'fixed', undefined])
})

describe('what is wrong is said, and no secret is shown', () => {
  test.each([
    '{url: "http://me:hunter2@x/y", evry: 9s}',
    '{url: "http://x/y?api_key=hunter2&sig=hunter2", evry: 9s}',
    'http://x:y/?token=hunter2',
    '{url: "http://x", evry: 9s, auth: {bearer: hunter2}}',
    '{url: "http://x", evry: 9s, auth: {apiKey: {header: X, value: hunter2}}}',
  ])('nor where a line is quoted: %s', source => {
    const parsed = parse(`sources: {a: ${source}}`)
    const text = parsed.ok ? '' : printProblems(parsed.problems)
    expect(text).toMatch(/1:\d+: sources\.a/)
    expect(text).not.toContain('hunter2')
  })

  test('a variable in the query of a URL is no secret', () => {
    const parsed = parse('sources: {a: {url: "http://x/y?token=${T}", evry: 9s}}', { env: { T: 'long enough to be one' } })
    expect(parsed.ok ? '' : printProblems(parsed.problems)).toContain('?token=${T}')
  })

  test.each<[string, string[]]>([
    ['bearer: "hunter2\\nx"', ['5:15 sources.a.auth.bearer: a secret that goes into a header is one line of Latin letters']],
    ['bearer: 12345678', ['5:15 sources.a.auth.bearer: a secret is a text, by `${VAR}` or `${file:..}`']],
    ['beerer: hunter2', ['5:7 sources.a.auth.beerer: unknown key `beerer` (did you mean `bearer`?)']],
    ['apiKey: {value: hunter2}', ['5:15 sources.a.auth.apiKey: expected `header` or `query`: what the key is sent as; found a map']],
    [
      'login: {request: {url: http://x/hunter2}}',
      ['5:14 sources.a.auth.login: expected one of `token`, `header` and `cookie`: where the token is; found a map'],
    ],
    ['login: {request: {url: ftp://x}, token: t}', ['5:30 sources.a.auth.login.request.url: expected an http or https URL; found ftp://x']],
    ['digest: {user: u}', ['5:7 sources.a.auth.digest.password: missing key `password`']],
  ])('%s', (auth, messages) => {
    const found = said(withAuth(auth))
    expect(found.join()).not.toContain('hunter2')
    expect(found).toEqual(messages)
  })

  test('two kinds, and two ways to say who asks', () => {
    expect(said(withAuth('bearer: hunter2', '\n      basic: {user: u, password: p}'))).toEqual([
      '4:5 sources.a.auth: expected one of basic, digest, bearer, apiKey, oauth2 and login; found a map',
    ])
    expect(said(withAuth('bearer: hunter2', '\n    headers: {Authorization: x}'))).toEqual([
      '4:5 sources.a.auth: `auth` and the header Authorization both say who asks (keep one of them)',
    ])
    expect(said(withAuth('bearer: hunter2').replace('//x', '//u:p@x'))).toEqual([
      '4:5 sources.a.auth: `auth` and the user name in the URL both say who asks (keep one of them)',
    ])
  })
})

test('of the values in force no more is shown than its kind', () => {
  const result = parse(withAuth('login: {request: {url: "http://x/hunter2", body: {a: hunter2}}, token: t}'))
  const shown = result.ok ? result.inForce().filter(({ path }) => path.startsWith('sources.a.auth')) : []
  expect(shown).toEqual([{ path: 'sources.a.auth', value: 'login', origin: 'millrace.yaml:4' }])
})
