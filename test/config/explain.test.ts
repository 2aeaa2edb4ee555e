import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config/load.ts'

function shown(text: string, env: Record<string, string> = {}): Record<string, [string, string]> {
  const readFile = (): string => {
    throw Object.assign(new Error('no file'), { code: 'ENOENT' })
  }
  const result = parseConfig(text, 'm.yaml', { env, readFile })
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return Object.fromEntries(result.inForce().map(({ path, value, origin }) => [path, [value, origin]]))
}

test('every value in force, and where it came from', () => {
  const values = shown(
    `defaults:
  every: 3s
  headers: {Authorization: "Bearer \${TOKEN}"}
limits:
  maxConnections: 5
  maxLoopDelay: off
sources:
  a: http://x.example/
  b:
    url: http://y.example/\${TOKEN}
    every: 7s
  disks: {system: disks}
feeds:
  f: {from: a, steps: [{where: price > 1}]}
state: \${TOKEN}/state
`,
    { TOKEN: 'very secret' },
  )
  expect(values['limits.maxConnections']).toEqual(['5', 'm.yaml:5'])
  expect(values['limits.maxLoopDelay']).toEqual(['off', 'm.yaml:6'])
  expect(values['limits.messagesPerSecond']).toEqual(['20', 'default'])
  expect(values['server.port']).toEqual(['8080', 'default'])
  expect(values['sources.a.url']).toEqual(['http://x.example/', 'm.yaml:8'])
  expect(values['sources.a.every']).toEqual(['3s', 'm.yaml:2'])
  expect(values['sources.b.every']).toEqual(['7s', 'm.yaml:11'])
  expect(values['sources.b.timeout']).toEqual(['7s', 'default'])
  expect(values['sources.a.maxBody']).toEqual(['16MiB', 'default'])
  expect(values['sources.a.staleAfter']).toEqual(['9s', 'default'])
  expect(values['feeds.f.demand']).toEqual(['auto', 'default'])
  expect(values['sources.b.headers']?.[0]).toContain('${TOKEN}')
  expect(values['sources.disks.system']).toEqual(['disks', 'm.yaml:12'])
  expect(values['sources.disks.every']).toEqual(['3s', 'm.yaml:2'])
  expect(values['feeds.f.from']).toEqual(['a', 'm.yaml:14'])
  expect(values['state']).toEqual(['${TOKEN}/state', 'm.yaml:15'])
  expect(JSON.stringify(values)).not.toContain('very secret')
})

test('no secret is shown, also where it is written out in the config', () => {
  const values = shown(`
sources:
  a:
    url: https://me:hunter2@x.example/rows?token=hunter2&page=3
    query: {api_key: hunter2, region: north}
    headers: {Authorization: Bearer hunter2, X-Api-Key: hunter2, Cookie: sid=hunter2, Accept: text/plain}
    method: POST
    body: {login: {password: hunter2, pin: [1]}, note: Basic hunter2}
  b: 'https://me:hunter2@x.example/'
  c: {exec: "curl -H 'X-Api-Key: hunter2' https://x.example/", env: {PGPASSWORD: hunter2}}
  d: {exec: [curl, --header, "X-Api-Key: hunter2", -u, "me:hunter2", https://x.example/]}
`)
  expect(JSON.stringify(values)).not.toContain('hunter2')
  expect(values['sources.a.url']?.[0]).toBe('https://***@x.example/rows?token=***&page=3')
  expect(values['sources.a.query']?.[0]).toBe('{"api_key":"***","region":"north"}')
  expect(values['sources.a.headers']?.[0]).toContain('"Accept":"text/plain"')
  expect(values['sources.b.url']?.[0]).toBe('https://***@x.example/')
  expect(values['sources.c.exec']?.[0]).toBe("curl -H 'X-Api-Key: ***' https://x.example/")
  expect(values['sources.d.exec']?.[0]).toBe('["curl","--header","X-Api-Key: ***","-u","me:***","https://x.example/"]')
})

test('columns and labels of a feed that are called like secrets are shown, and what its sinks are sent along is not', () => {
  const values = shown(`
sources: {a: {url: http://x, key: id}}
feeds:
  f:
    from: a
    steps:
      - join: {with: a, key: session, columns: {token: right.token}}
    export: {metrics: {name: n, value: x, labels: {key: key}}}
    sinks: [{webhook: {url: "http://h/?key=hunter2", headers: {key: hunter2}, secret: hunter2}}]
`)
  expect(values['feeds.f.steps']?.[0]).toBe('[{"join":{"with":"a","key":"session","columns":{"token":"right.token"}}}]')
  expect(values['feeds.f.export']?.[0]).toBe('{"metrics":{"name":"n","value":"x","labels":{"key":"key"}}}')
  expect(JSON.stringify(values)).not.toContain('hunter2')
})

test('of where a webhook posts to no more is shown than the host, unless a variable says it', () => {
  const values = shown(
    `
sources: {a: http://x}
feeds:
  f:
    from: a
    sinks: [{webhook: "https://h.example/T0/abc"}, {webhook: {url: "https://h.example/T0/def"}}, {webhook: "\${HOOK}"}, {webhook: "http://h.example"}]
`,
    { HOOK: 'https://h.example/T0/ghi' },
  )
  expect(values['feeds.f.sinks']?.[0]).toBe(
    '[{"webhook":"https://h.example/***"},{"webhook":{"url":"https://h.example/***"}},{"webhook":"${HOOK}"},{"webhook":"http://h.example"}]',
  )
})

test('of headers those are shown that let nobody in, whatever the others are called, and what variables say', () => {
  const values = shown(
    `
defaults: {headers: {X-Tok: hunter2, Accept-Language: en}}
sources:
  a: {url: http://x, headers: {X-Tok: hunter2, X-Num: 4711, user-agent: me, X-Var: "a \${TOKEN}"}}
  b: {url: http://x}
feeds:
  f:
    from: a
    sinks:
      - webhook: {url: http://h, headers: {X-Tok: hunter2, Title: Bikes, Authorization: "Bearer \${TOKEN}"}}
      - alertmanager: {url: http://h, headers: {X-Scope: hunter2}}
      - log
`,
    { TOKEN: 'very secret' },
  )
  expect(values['sources.a.headers']?.[0]).toBe('{"X-Tok":"***","X-Num":"***","user-agent":"me","X-Var":"a ${TOKEN}"}')
  expect(values['sources.b.headers']?.[0]).toBe('{"X-Tok":"***","Accept-Language":"en"}')
  expect(values['feeds.f.sinks']?.[0]).toBe(
    '[{"webhook":{"url":"http://h","headers":{"X-Tok":"***","Title":"Bikes","Authorization":"Bearer ${TOKEN}"}}},' +
      '{"alertmanager":{"url":"http://h","headers":{"X-Scope":"***"}}},"log"]',
  )
  expect(JSON.stringify(values)).not.toMatch(/hunter2|4711|very secret/)
})
