import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { good, parse, said } from '../support/config.ts'

test('paths are meant from where the config is, and a command runs there', () => {
  const { sources } = good(
    'defaults: {every: 1m, method: POST, key: id}\nsources: {a: {file: in/x.csv}, b: {exec: "ls -l", env: {A: "1"}, format: text, pattern: "(?<x>.)"}}',
  )
  expect(sources).toMatchObject([
    { name: 'a', kind: 'file', everyMs: 60_000, file: { path: resolve('in/x.csv'), key: ['id'], timeoutMs: 10_000 } },
    { name: 'b', kind: 'exec', exec: { command: ['ls', '-l'], folder: resolve('.'), env: new Map([['A', '1']]) } },
  ])
})

test('a file and a command are judged as a URL is', () => {
  const text = `
sources:
  a: {file: x, url: http://x}
  b: {exec: 'ls > x'}
  c: {exec: ls, header: true, format: json}
  d: {file: x, headers: {A: b}}
  e: {fiel: x}
`
  expect(said(text)).toEqual([
    '3:7 sources.a.file: a source has either `url` or `file`, not both',
    "4:13 sources.b.exec: expected a command without '>', as no shell runs it; quote it, or say [sh, -c, ..]; found 'ls > x'",
    '5:17 sources.c.header: `header` belongs to `format: csv`',
    expect.stringMatching(/^6:16 sources\.d\.headers: unknown key/),
    expect.stringMatching(/^7:7 sources\.e\.fiel: unknown key.*file/),
  ])
})

test('a URL says by its scheme that it is a WebSocket', () => {
  const { sources } = good(
    'sources: {a: "wss://x/y", b: {url: "ws://x", subscribe: hello, message: rows, key: id}, c: {url: http://x, events: a}}',
  )
  expect(sources).toMatchObject([
    { name: 'a', kind: 'webSocket', webSocket: { url: 'wss://x/y', subscribe: [] } },
    { kind: 'webSocket', webSocket: { subscribe: ['hello'], message: 'rows' } },
    { kind: 'http', http: { events: ['a'] } },
  ])
  expect(
    said('sources:\n  a: {url: ws://x, method: POST}\n  b: {url: http://x, message: rows}\n  c: {url: http://x, subscribe: a}'),
  ).toEqual([
    expect.stringMatching(/^2:20 sources\.a\.method: unknown key/),
    '3:31 sources.b.message: `message: rows` needs a `key`, by which rows are set',
    expect.stringMatching(/^4:22 sources\.c\.subscribe: unknown key/),
  ])
})

test('a WebSocket says who asks, and whom it trusts, as any other URL does', () => {
  const { sources } = good(
    'defaults: {auth: {bearer: "${T}"}, tls: {insecure: true}}\nsources: {a: "wss://x", b: {url: "wss://x", auth: {basic: {user: u, password: p}}}}',
    { env: { T: 'token' } },
  )
  expect(sources).toMatchObject([
    { kind: 'webSocket', auth: { kind: 'fixed', secret: 'token' }, webSocket: { tls: { isInsecure: true } } },
    { kind: 'webSocket', auth: { kind: 'fixed', as: { prefix: 'Basic ' } } },
  ])
  const found = said(`sources:
  a: {url: ws://x, auth: {beerer: hunter2}}
  b: {url: ws://x, auth: {bearer: hunter2}, headers: {Authorization: y}}
  c: {url: wss://x, tls: {ca: gone.pem}}
  d: {url: ws://x, headers: {"a b": c}}
`)
  expect(found.join()).not.toContain('hunter2')
  expect(found).toEqual([
    '2:27 sources.a.auth.beerer: unknown key `beerer` (did you mean `bearer`?)',
    '3:20 sources.b.auth: `auth` and the header Authorization both say who asks (keep one of them)',
    '4:31 sources.c.tls.ca: the file cannot be read: there is no such file',
    expect.stringMatching(/^5:29 sources\.d\.headers: expected names of headers/),
  ])
})

test('a source that is stale before it is asked again is warned of, where that is written; what pushes is not asked', () => {
  const result = parse(`defaults: {staleAfter: 5s}
sources:
  a: {url: http://x, every: 5s}
  b: {url: http://x, every: 1m}
  c: {url: http://x, every: "*/5 * * * *", staleAfter: 4m}
  d: {url: http://x, every: {average: 1m}, staleAfter: 1m}
  e: {url: ws://x, every: 1m}
  f: {url: http://x, every: 1m, events: news}
  g: {url: http://x, every: 1m, staleAfter: 3m}
`)
  const warnings = result.ok ? result.warnings : result.problems
  expect(warnings.map(({ place, path, message, hint }) => `${place?.line} ${path}: ${message} (${hint})`)).toEqual([
    '1 defaults.staleAfter: `b` is stale after 5s, and asked again only after 1m (leave it out, which is 3 x every, or make it longer than `every`)',
    '5 sources.c.staleAfter: `c` is stale after 4m, and asked again only after 5m (leave it out, which is 3 x every, or make it longer than `every`)',
  ])
})

test('a priority beside a fixed `every` is warned of: it has no effect there', () => {
  const result = parse(`defaults: {every: {average: 1m}, priority: 2}
sources:
  a: {url: http://x, every: 5s, priority: 4}
  b: {url: http://x, every: "*/5 * * * *", priority: 4}
  c: {url: http://x, priority: 4}
  d: {url: http://x, every: 5s}
`)
  const warnings = result.ok ? result.warnings : result.problems
  const why = 'it has no effect where `every` is fixed: a rate is shared by priority among sources that learn when to ask'
  const mend = 'leave it out, or write `every: {average: ..}`'
  expect(warnings.map(({ place, path, message, hint }) => `${place?.line} ${path}: ${message} (${hint})`)).toEqual([
    `3 sources.a.priority: ${why} (${mend})`,
    `4 sources.b.priority: ${why} (${mend})`,
  ])
})
