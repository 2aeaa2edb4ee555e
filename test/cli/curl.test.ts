import { spawnSync } from 'node:child_process'
import { parseEnv } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addSource, printSource } from '../../src/cli/curl/add-source.ts'
import { parseCurl } from '../../src/cli/curl/curl-command.ts'
import { curlSource } from '../../src/cli/curl/curl-source.ts'
import { addVariables } from '../../src/cli/curl/env-file.ts'
import { shellWords } from '../../src/cli/curl/shell-words.ts'
import { good, parse } from '../support/config.ts'

interface Made {
  readonly source?: unknown
  readonly secrets?: Readonly<Record<string, string>>
  readonly leftOut?: readonly string[]
  readonly problems?: readonly string[]
}

function made(command: string): Made {
  const parsed = parseCurl(command)
  if (!parsed.ok) return { problems: parsed.problems }
  const { source, secrets, leftOut } = curlSource(parsed.request, 'a')
  return {
    source,
    ...(secrets.size === 0 ? {} : { secrets: Object.fromEntries(secrets) }),
    ...(leftOut.length === 0 ? {} : { leftOut }),
  }
}

const form = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** Command lines as they are copied from documents, terminals and browsers. */
const commands: readonly (readonly [command: string, made: Made])[] = [
  ['curl https://api.example/items', { source: { url: 'https://api.example/items' } }],
  ['$ curl -s api.example/items', { source: { url: 'http://api.example/items' } }],
  ['curl -sSfL --compressed "https://api.example/items?limit=5&page=1"', { source: { url: 'https://api.example/items?limit=5&page=1' } }],
  ['curl https://api.example/items?limit=5&page=1', { source: { url: 'https://api.example/items?limit=5&page=1' } }],
  ['curl https://api.example/items -o out.json -w "%{http_code}"', { source: { url: 'https://api.example/items' } }],
  ['curl --url https://api.example/items#part', { source: { url: 'https://api.example/items' } }],
  [
    'curl -s https://api.example/items | jq .',
    { source: { url: 'https://api.example/items' }, leftOut: ['what follows the command (| jq .)'] },
  ],
  [
    'curl https://api.example/items 2>/dev/null',
    { source: { url: 'https://api.example/items' }, leftOut: ['what follows the command (2>/dev/null)'] },
  ],
  [
    "curl -H 'Accept: application/vnd.github+json' -H 'Authorization: Bearer ghp_abc' -H 'X-GitHub-Api-Version: 2022-11-28' https://api.gh.example/repos/o/r/issues",
    {
      source: {
        url: 'https://api.gh.example/repos/o/r/issues',
        headers: {
          Accept: 'application/vnd.github+json',
          Authorization: 'Bearer ${A_AUTHORIZATION}',
          'X-GitHub-Api-Version': '2022-11-28',
        },
      },
      secrets: { A_AUTHORIZATION: 'ghp_abc' },
    },
  ],
  [
    'curl -H "Authorization: Bearer $TOKEN" https://api.example',
    { source: { url: 'https://api.example', headers: { Authorization: 'Bearer ${TOKEN}' } } },
  ],
  [
    'curl -H "Authorization: Bearer ${TOKEN}" "$BASE/items"',
    { source: { url: '${BASE}/items', headers: { Authorization: 'Bearer ${TOKEN}' } } },
  ],
  ...['curl --digest -u me:pa:ss https://api.example', 'curl -u me:pa:ss --digest https://api.example'].map(
    command =>
      [
        command,
        {
          source: { url: 'https://api.example', auth: { digest: { user: 'me', password: '${A_PASSWORD}' } } },
          secrets: { A_PASSWORD: 'pa:ss' },
        },
      ] as const,
  ),
  [
    'curl --digest -u "me:$TOKEN" https://api.example',
    { source: { url: 'https://api.example', auth: { digest: { user: 'me', password: '${TOKEN}' } } } },
  ],
  [
    'curl --oauth2-bearer abc https://api.example',
    {
      source: { url: 'https://api.example', headers: { Authorization: 'Bearer ${A_AUTHORIZATION}' } },
      secrets: { A_AUTHORIZATION: 'abc' },
    },
  ],
  [
    'curl -u user:pass:word https://api.example/v1/charges -G -d limit=3',
    {
      source: { url: 'https://api.example/v1/charges?limit=3', headers: { Authorization: 'Basic ${A_AUTHORIZATION}' } },
      secrets: { A_AUTHORIZATION: Buffer.from('user:pass:word').toString('base64') },
    },
  ],
  [
    'curl https://bob:s3cret@api.example/x',
    { source: { url: 'https://bob:${A_PASSWORD}@api.example/x' }, secrets: { A_PASSWORD: 's3cret' } },
  ],
  [
    'curl "https://api.weather.example/data?q=Oslo&appid=0123abc&units=metric"',
    { source: { url: 'https://api.weather.example/data?q=Oslo&appid=${A_APPID}&units=metric' }, secrets: { A_APPID: '0123abc' } },
  ],
  [
    'curl -H "X-API-Key: k1" -H "X-Api-Secret: k2" https://api.example',
    {
      source: { url: 'https://api.example', headers: { 'X-API-Key': '${A_API_KEY}', 'X-Api-Secret': '${A_API_SECRET}' } },
      secrets: { A_API_KEY: 'k1', A_API_SECRET: 'k2' },
    },
  ],
  [
    "curl -b 'session=abc; theme=dark' https://api.example",
    { source: { url: 'https://api.example', headers: { Cookie: '${A_COOKIE}' } }, secrets: { A_COOKIE: 'session=abc; theme=dark' } },
  ],
  ['curl -X POST https://api.example/search', { source: { url: 'https://api.example/search', method: 'POST' } }],
  ['curl -XGET https://api.example/search', { source: { url: 'https://api.example/search' } }],
  [
    "curl -d 'a=1' -d 'b=2' https://api.example",
    { source: { url: 'https://api.example', method: 'POST', headers: form, body: 'a=1&b=2' } },
  ],
  [
    "curl --data 'user=bob&password=s3' https://api.example/login",
    {
      source: { url: 'https://api.example/login', method: 'POST', headers: form, body: 'user=bob&password=${A_PASSWORD}' },
      secrets: { A_PASSWORD: 's3' },
    },
  ],
  [
    'curl --data-urlencode "q=a b&c" --data-urlencode "=x y" -G https://api.example/search?lang=en',
    { source: { url: 'https://api.example/search?lang=en&q=a%20b%26c&x%20y' } },
  ],
  [
    `curl 'https://api.example/graphql' -H 'content-type: application/json' --data-raw '{"query":"{ items { id } }","variables":{"n":5}}' --compressed`,
    {
      source: {
        url: 'https://api.example/graphql',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: { query: '{ items { id } }', variables: { n: 5 } },
      },
    },
  ],
  [
    `curl https://api.example/rpc -d '{"id":1,"apiKey":"k","list":[{"token":"t"}]}' -H 'Content-Type: application/json'`,
    {
      source: {
        url: 'https://api.example/rpc',
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: { id: 1, apiKey: '${A_APIKEY}', list: [{ token: '${A_TOKEN}' }] },
      },
      secrets: { A_APIKEY: 'k', A_TOKEN: 't' },
    },
  ],
  [
    `curl --json '{"a":1}' https://api.example`,
    {
      source: {
        url: 'https://api.example',
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        body: { a: 1 },
      },
    },
  ],
  [
    `curl -d '{"id":12345678901234567890}' https://api.example`,
    { source: { url: 'https://api.example', method: 'POST', headers: form, body: '{"id":12345678901234567890}' } },
  ],
  ['curl -X PUT -d x https://api.example', { source: { url: 'https://api.example', method: 'PUT', headers: form, body: 'x' } }],
  [
    `curl $'https://api.example/caf\\u00e9' -H $'X-Note: it\\'s'`,
    { source: { url: 'https://api.example/café', headers: { 'X-Note': "it's" } } },
  ],
  [
    'curl \\\n  -X GET \\\n  "https://api.example/items" \\\n  -H "accept: application/json"\n',
    { source: { url: 'https://api.example/items', headers: { accept: 'application/json' } } },
  ],
  [
    `curl 'https://www.example/api/data' \\
  -H 'accept: */*' \\
  -H 'accept-language: en-US,en;q=0.9' \\
  -H 'if-none-match: W/"1"' \\
  -H 'priority: u=1, i' \\
  -H 'referer: https://www.example/' \\
  -H 'sec-ch-ua: "Chromium";v="143"' \\
  -H 'sec-fetch-mode: cors' \\
  -H 'user-agent: Mozilla/5.0 (X11; Linux x86_64)' \\
  --compressed`,
    {
      source: {
        url: 'https://www.example/api/data',
        headers: { accept: '*/*', 'accept-language': 'en-US,en;q=0.9', referer: 'https://www.example/' },
      },
      leftOut: ['if-none-match', 'priority', 'sec-ch-ua', 'sec-fetch-mode', 'user-agent'],
    },
  ],
  [
    `curl 'https://www.example/api' --compressed -H 'User-Agent: my-tool/1.0' -H 'Accept-Encoding: gzip, deflate, br, zstd' -H 'Connection: keep-alive'`,
    { source: { url: 'https://www.example/api', headers: { 'User-Agent': 'my-tool/1.0' } }, leftOut: ['accept-encoding', 'connection'] },
  ],
  ['curl -k https://192.168.1.4/status', { source: { url: 'https://192.168.1.4/status', tls: { insecure: true } } }],
  [
    'curl --insecure -A tool/2 -e https://ref.example -m 5 https://api.example',
    {
      source: {
        url: 'https://api.example',
        headers: { 'User-Agent': 'tool/2', Referer: 'https://ref.example' },
        timeout: '5s',
        tls: { insecure: true },
      },
    },
  ],
  [
    'curl -g "http://127.0.0.1:9090/api/v1/query?query=up{job=\\"a\\"}"',
    { source: { url: 'http://127.0.0.1:9090/api/v1/query?query=up{job="a"}' } },
  ],
  [
    `curl -G http://127.0.0.1:9090/api/v1/query --data-urlencode 'query=sum by (job) (rate(x[5m]))'`,
    { source: { url: 'http://127.0.0.1:9090/api/v1/query?query=sum%20by%20(job)%20(rate(x%5B5m%5D))' } },
  ],
  ['curl -H "X-Empty;" -H "Accept:" https://api.example', { source: { url: 'https://api.example', headers: { 'X-Empty': '' } } }],
  [
    `curl https://api.example -d 'template=\${name}'`,
    { source: { url: 'https://api.example', method: 'POST', headers: form, body: 'template=$${name}' } },
  ],
  // What a source cannot do is named.
  [
    'curl -F file=@a.csv https://api.example',
    { problems: ["curl's -F is not supported: a source sends a text or JSON, no multipart form"] },
  ],
  [
    'curl -d @body.json https://api.example',
    { problems: ["curl's -d reads a file (@body.json), which is not supported; put its text there"] },
  ],
  [
    'curl -b cookies.txt https://api.example',
    { problems: ["curl's -b reads a file (cookies.txt), which is not supported; put its text there"] },
  ],
  [
    'curl -I -x http://proxy:3128 https://api.example',
    { problems: ["curl's -I is not supported: a source reads bodies", "curl's -x is not supported"] },
  ],
  ['curl -X DELETE https://api.example/1', { problems: ["curl's -X DELETE is not supported: a source asks by GET, POST or PUT"] }],
  ['curl -u bob https://api.example', { problems: ["curl's -u bob has no password; write it as user:password"] }],
  ['curl --digest https://api.example', { problems: ["curl's --digest needs -u user:password"] }],
  ['curl --ntlm -u a:b https://api.example', { problems: ["curl's --ntlm is not supported: only basic, digest and bearer are"] }],
  [
    'curl --heder "a: b" https://api.example',
    { problems: ["curl's --heder is not known here; did you mean '--header'?", 'there are 2 URLs in the command, and a source has one'] },
  ],
  ['curl "https://api.example/[1-3].json"', { problems: ['the URL is a pattern of several ([1-3] or {a,b}), and a source has one'] }],
  ['curl ftp://files.example/x', { problems: ['ftp is not supported: a source asks by http or https'] }],
  [
    'curl -H "Authorization: Bearer $(cat token)" https://api.example',
    {
      problems: [
        'the command cannot be read: a command or expression of the shell stands in it ($(..), ${..} or `..`), which is not executed; put its result there',
      ],
    },
  ],
  ["curl 'https://api.example", { problems: ["the command cannot be read: a ' is not closed"] }],
  [
    'curl "https://api.example" ^\n  -H "a: b"',
    { problems: ['the command cannot be read: it is written for cmd of Windows (^); copy it "as cURL (bash)"'] },
  ],
  ['curl -H', { problems: ["curl's -H needs a value", 'there is no URL in the command'] }],
]

describe('a curl command as a source', () => {
  test('the table has 40 command lines and more', () => {
    expect(new Set(commands.map(([command]) => command)).size).toBeGreaterThanOrEqual(40)
  })

  test.each(commands)('%s', (command, expected) => {
    expect(made(command)).toEqual(expected)
  })

  test.each(commands.flatMap(([command, { source, secrets = {} }]) => (source === undefined ? [] : [{ command, source, secrets }])))(
    'a config takes it: $command',
    ({ source, secrets }) => {
      const text = addSource('', 'a', source as object)
      expect(parse(text, { env: { ...secrets, TOKEN: 't', BASE: 'http://x' } })).toMatchObject({ ok: true })
    },
  )

  test('variables that are set already are used where they say the same, and never changed', () => {
    const parsed = parseCurl('curl -H "X-Token: t1" https://api.example')
    if (!parsed.ok) throw new Error('refused')
    const { request } = parsed
    expect(curlSource(request, 'my-feed', new Map([['MY_FEED_TOKEN', 't1']])).source).toMatchObject({
      headers: { 'X-Token': '${MY_FEED_TOKEN}' },
    })
    expect(curlSource(request, 'my-feed', new Map([['MY_FEED_TOKEN', 'other']]))).toMatchObject({
      source: { headers: { 'X-Token': '${MY_FEED_TOKEN_2}' } },
      secrets: new Map([['MY_FEED_TOKEN_2', 't1']]),
    })
  })

  test('random words are read or refused, never anything else', () => {
    const piece = fc.constantFrom(
      '-H',
      '-d',
      '-X',
      '--json',
      '-u',
      ' ',
      "'",
      '"',
      '$',
      '{',
      '}',
      '\\',
      'a:b',
      'https://x',
      '=',
      '&',
      '|',
      '`',
      '\n',
      '-sk',
      '@',
      '?',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), pieces => {
        const result = made(`curl ${pieces.join('')}`)
        expect(result.problems === undefined || result.problems.length > 0).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

const hasBash = spawnSync('bash', ['--version']).status === 0

describe.skipIf(!hasBash)('words', () => {
  /** What bash makes of the words of a command that has no variables and executes nothing. */
  function byBash(command: string): readonly string[] {
    const { stdout } = spawnSync('bash', ['-c', `set -f; words() { printf '%s\\0' "$@"; }; words ${command}`], {
      encoding: 'utf8',
      env: { LC_ALL: 'C.UTF-8' },
    })
    return stdout.split('\0').slice(0, -1)
  }

  test.each([
    String.raw`a 'b c' "d e" f\ g`,
    String.raw`'it'\''s' "say \"hi\" \\ \x" ''`,
    String.raw`$'a\nb\t\x41\u00e9\'\\' "x"'y'z`,
    'a \\\n b "c\\\nd"',
    String.raw`--data-raw '{"a":"b"}' -H "x: y"`,
    String.raw`"$" a$ '$HOME' "\$HOME"`,
  ])('%s', command => {
    expect(shellWords(command).words.map(word => word.replaceAll('$${', '${'))).toEqual(byBash(command))
  })
})

describe('a source in a config', () => {
  const text = [
    '# my config',
    'server: {port: 0} # any',
    '',
    'sources:',
    '  # the first',
    '  a: http://x # one',
    '  b:',
    '    url: "http://y"',
    '',
    'feeds:',
    '  f: {from: a}',
    '',
  ].join('\n')

  test('stands at the end of `sources`; comments and all else stay', () => {
    const added = addSource(text, 'c', { url: 'http://z/?k=${K}', headers: { 'X-A': 'a: b' } })
    expect(added.split('\n')).toEqual([
      ...text.split('\n').slice(0, 8),
      '  c:',
      '    url: http://z/?k=${K}',
      '    headers:',
      "      X-A: 'a: b'".replaceAll("'", '"'),
      ...text.split('\n').slice(8),
    ])
    expect(good(added, { env: { K: '1' } }).sources.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  })

  test.each(['', 'sources:\n', 'sources: {}\n', '# nothing yet\n', 'server: {port: 0}\n', 'sources: {a: http://x}'])(
    'also in %j',
    before => {
      expect(good(addSource(before, 'c', { url: 'http://z/${K}' }), { env: { K: 'k' } }).sources.at(-1)).toMatchObject({
        name: 'c',
        http: { url: 'http://z/k' },
      })
    },
  )

  test('is printed alone', () => {
    expect(printSource('c', { url: 'http://z' })).toBe('sources:\n  c:\n    url: http://z\n')
  })
})

test('what stands in .env is read again as it was', () => {
  const value = fc.string({
    unit: fc.constantFrom('a', '1', ' ', '#', "'", '"', '$', '=', '\\', '&', 'é', '{', '}', '%'),
    minLength: 1,
    maxLength: 12,
  })
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('A', 'B_2', 'C'), value, { noNullPrototype: true }),
      fc.constantFrom('', 'X=1', 'X=1\n'),
      (variables, before) => {
        const text = addVariables(before, new Map(Object.entries(variables)))
        expect(text === undefined ? variables : parseEnv(text)).toEqual(
          text === undefined ? variables : { ...(before === '' ? {} : { X: '1' }), ...variables },
        )
      },
    ),
    { numRuns: 1000 },
  )
})
