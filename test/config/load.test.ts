import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { configOf, loadConfig, parseConfig } from '../../src/config/load.ts'
import { printProblems } from '../../src/config/problem.ts'
import { stepSchemas } from '../../src/config/step.ts'
import { filesOf, good, parse, problems, said, withSteps } from '../support/config.ts'

const example = `
sources:
  stations:
    url: https://bikes.example/stations.json
    every: 5s
    rows: data.stations
    key: station_id
    ignore: [last_reported]
feeds:
  empty:
    from: stations
    steps:
      - where: num_bikes_available == 0
      - select: {docks: num_docks_available, share: num_docks_available / 40.0}   # the key stays
      - top: {by: -docks, limit: 20}
  regions:
    from: stations
    order: -bikes
    demand: always
    steps:
      - group:
          by: [region_id]
          columns:
            bikes: sum(num_bikes_available)
            stations: count()
          having: bikes > 0
`

describe('a good config', () => {
  test('is resolved into code units, in the order written', () => {
    const { sources, feeds } = good(example)
    expect(sources).toHaveLength(1)
    expect(sources[0]).toMatchObject({
      name: 'stations',
      kind: 'http',
      everyMs: 5000,
      staleAfterMs: 15_000,
      http: { url: 'https://bikes.example/stations.json', rows: 'data.stations', key: ['station_id'], ignore: ['last_reported'] },
    })
    expect(feeds.map(({ name, from, demand }) => [name, from, demand])).toEqual([
      ['empty', ['stations'], 'auto'],
      ['regions', ['stations'], 'always'],
    ])
    expect(feeds[1]?.order).toEqual([{ column: 'bikes', descending: true }])
    expect(feeds[0]?.steps.map(step => step.kind)).toEqual(['where', 'select', 'top'])
    expect(feeds[0]?.steps[1]?.options).toEqual(
      new Map([
        ['docks', 'num_docks_available'],
        ['share', 'num_docks_available / 40.0'],
      ]),
    )
  })

  test('has the defaults of the documentation', () => {
    const { server, limits, log, auth, state } = good('sources: {a: http://x}')
    expect(server).toEqual({
      host: '127.0.0.1',
      port: 8080,
      path: '/ws',
      hosts: [],
      origins: [],
      trustProxy: [],
      heartbeatMs: 25_000,
      drainMs: 10_000,
    })
    expect(limits).toEqual({
      maxConnections: 10_000,
      maxConnectionsPerAddress: 256,
      upgradesPerSecond: 2000,
      firstPollsPerSecond: 20,
      upgradeTimeoutMs: 5000,
      helloTimeoutMs: 10_000,
      maxTickets: 10_000,
      maxHeaderBytes: 16_384,
      maxHeaders: 100,
      maxUrlBytes: 2048,
      maxMessageBytes: 65_536,
      maxFragments: 1024,
      maxMessageDepth: 16,
      messagesPerSecond: 20,
      messageBurst: 100,
      pingsPerSecond: 5,
      pingBurst: 50,
      maxFeedsPerConnection: 256,
      maxViewsPerConnection: 64,
      maxViewsPerFeed: 1000,
      maxParamSets: 1000,
      maxAddressBytes: 2048,
      maxWhere: 512,
      maxExpressionNodes: 100,
      maxExpressionDepth: 16,
      historyAgeMs: 600_000,
      maxTombstones: 1000,
      viewTimePerSecondMs: 100,
      sendWindowBytes: 65_536,
      ackAfterBytes: 32_768,
      checkEveryMs: 60_000,
      saveEveryMs: 10_000,
      maxLoopDelayMs: 100,
      maxHeapPart: 0.8,
    })
    expect(log).toEqual({ level: 'info' })
    expect([auth, state]).toEqual([undefined, undefined])
  })

  test('the state folder is meant from where the config is', () => {
    const options = { env: {}, readFile: filesOf({}) }
    for (const [state, expected] of [
      ['state', '/etc/millrace/state'],
      ['../state', '/etc/state'],
      ['/var/lib/millrace', '/var/lib/millrace'],
    ]) {
      const result = parseConfig(`sources: {a: http://x}\nstate: ${state}`, '/etc/millrace/m.yaml', options)
      expect(result.ok && result.config.state).toBe(expected)
    }
  })

  test('a limit that may be off is no limit then', () => {
    const { limits } = good(
      'sources: {a: http://x}\nlimits: {upgradesPerSecond: off, firstPollsPerSecond: off, viewTimePerSecond: off, maxLoopDelay: off}',
    )
    expect(limits).toMatchObject({
      upgradesPerSecond: undefined,
      firstPollsPerSecond: undefined,
      viewTimePerSecondMs: undefined,
      maxLoopDelayMs: undefined,
    })
  })

  test('takes a plain URL for a source, and JSON for YAML', () => {
    expect(good('{"sources": {"a": "https://x.example/a.json"}, "server": {"port": 0}}')).toMatchObject({
      server: { port: 0 },
      sources: [{ name: 'a', kind: 'http', http: { url: 'https://x.example/a.json' } }],
    })
    expect(good('sources: {disks: {system: disks, every: 2s}}').sources[0]).toMatchObject({
      kind: 'system',
      everyMs: 2000,
      system: { part: 'disks' },
    })
  })

  test('takes an average interval, and fills in what it leaves out', () => {
    const source = (every: string) => good(`sources: {a: {url: http://x, every: ${every}}}`).sources[0]
    expect(source('{average: 10s}')).toMatchObject({ everyMs: 10_000, adaptive: { minMs: 1000, maxMs: 80_000 }, staleAfterMs: 100_000 })
    expect(source('{average: 1s}')).toMatchObject({ everyMs: 1000, adaptive: { minMs: 250, maxMs: 8000 } })
    expect(source('{average: 1m, min: 5s, max: 2m}')).toMatchObject({ everyMs: 60_000, adaptive: { minMs: 5000, maxMs: 120_000 } })
    expect(source('1m')).not.toHaveProperty('adaptive')
    const problem = (every: string) => said(`sources: {a: {url: http://x, every: ${every}}}`)[0]?.replace(/^\S+ /, '')
    expect(['{average: 10s, min: 20s}', '{averag: 10s}', '{average: 3}', '{min: 1s}', '[1s]'].map(problem)).toEqual([
      'sources.a.every: expected min to be at most average, and max at least average; found a map',
      'sources.a.every.averag: unknown key `averag` (did you mean `average`?)',
      'sources.a.every.average: expected a time with a unit from 250ms to 24d, such as 10s; found 3',
      'sources.a.every.average: missing key `average`; expected a time with a unit from 250ms to 24d, such as 10s',
      'sources.a.every: expected a time with a unit from 10ms to 24d, such as 10s, or {average: 10s}, or a cron pattern; found a list',
    ])
  })

  test('takes a cron pattern for `every`, and says what is wrong with one', () => {
    const source = (every: string) => good(`sources: {a: {url: http://x, every: "${every}"}}`).sources[0]
    expect(source('*/5 * * * *')).toMatchObject({ cron: '*/5 * * * *', everyMs: 300_000, staleAfterMs: 450_000 })
    const problem = (every: string) => said(`sources: {a: {url: http://x, every: "${every}"}}`)[0]?.replace(/^\S+ /, '')
    expect(['61 * * * *', '0 0 30 2 *', '5 minutes'].map(problem)).toEqual([
      'sources.a.every: expected a cron pattern such as "*/5 * * * *" (its minute cannot be read); found "61 * * * *"',
      'sources.a.every: expected a cron pattern such as "*/5 * * * *" (it names no instant); found "0 0 30 2 *"',
      'sources.a.every: expected a time with a unit from 10ms to 24d, such as 10s, or {average: 10s}, or a cron pattern; found "5 minutes"',
    ])
  })

  test('takes empty sections for absent ones', () => {
    expect(good('sources: {a: http://x}\nserver:\nfeeds:\nlimits:\n').feeds).toEqual([])
  })

  test('takes numbers and booleans of YAML for the expressions they are', () => {
    const [feed] = good(withSteps('- where: true', '- derive: {one: 1, half: 0.5, yes: true}')).feeds
    expect(feed?.steps.map(step => step.options)).toEqual([
      'true',
      new Map([
        ['one', '1'],
        ['half', '0.5'],
        ['yes', 'true'],
      ]),
    ])
  })

  test('is frozen to its leaves', () => {
    const config = good(example)
    const check = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      expect(Object.isFrozen(value)).toBe(true)
      for (const member of value instanceof Map ? value.values() : Object.values(value)) check(member)
    }
    check(config)
    expect(() => Object.assign(config.server, { port: 1 })).toThrow(TypeError)
  })

  test('may use anchors, and keeps columns and headers called __proto__', () => {
    const config = good(
      [
        'sources:',
        '  a: {url: http://x, headers: &h {__proto__: one, constructor: two}}',
        '  b: {url: http://y, headers: *h}',
        'feeds: {f: {from: a, steps: [{select: {__proto__: x, toString: y}}]}}',
      ].join('\n'),
    )
    const entries = [
      ['__proto__', 'one'],
      ['constructor', 'two'],
    ]
    expect(config.sources.map(source => (source.kind === 'http' ? [...source.http.headers] : []))).toEqual([entries, entries])
    expect(config.feeds[0]?.steps[0]?.options).toEqual(
      new Map([
        ['__proto__', 'x'],
        ['toString', 'y'],
      ]),
    )
    expect(({} as Record<string, unknown>)['one']).toBeUndefined()
  })
})

describe('defaults', () => {
  test('are in force where a source has no such key, and only for the kinds that know it', () => {
    const { sources } = good(
      'defaults: {every: 3s, maxBody: 1MiB, linger: 1m}\nsources: {a: http://x, b: {url: http://y, every: 1s}, c: {system: cpu}}',
    )
    expect(sources.map(source => [source.everyMs, source.lingerMs])).toEqual([
      [3000, 60_000],
      [1000, 60_000],
      [3000, 60_000],
    ])
    expect(sources[0]).toMatchObject({ http: { maxBodyBytes: 1024 ** 2 } })
  })

  test('are told once where they are wrong, and their sound keys count', () => {
    expect(said('defaults: {every: 3, linger: 1m, evry: 1s, url: http://z}\nsources: {a: http://x, b: http://y}')).toEqual([
      '1:19 defaults.every: expected a time with a unit from 10ms to 24d, such as 10s, or {average: 10s}, or a cron pattern; found 3',
      '1:34 defaults.evry: unknown key `evry` (did you mean `every`?)',
      '1:44 defaults.url: unknown key `url`',
    ])
  })
})

describe('all problems at once', () => {
  const five = `server:
  port: eighty
sources:
  stations:
    url: https://bikes.example/stations.json
    evry: 10s
    timeout: 5
feeds:
  empty:
    from: staitons
    steps:
      - where: num_bikes_available = 0
`

  test('five different mistakes show all five, each with its line and a caret', () => {
    const found = problems(five)
    expect(`\n${printProblems(found)}\n`).toMatchInlineSnapshot(`
      "
      millrace.yaml:2:9: server.port: expected a whole number from 0 to 65535; found eighty
        2 |   port: eighty
          |         ^^^^^^

      millrace.yaml:6:5: sources.stations.evry: unknown key \`evry\`
        6 |     evry: 10s
          |     ^^^^
        did you mean \`every\`?

      millrace.yaml:7:14: sources.stations.timeout: expected a time with a unit from 10ms to 1h, such as 10s; found 5
        7 |     timeout: 5
          |              ^

      millrace.yaml:10:11: feeds.empty.from: expected the name of a source or feed; found staitons
        10 |     from: staitons
           |           ^^^^^^^^
        did you mean \`stations\`?

      millrace.yaml:12:36: feeds.empty.steps[0].where: '=' is not CEL; did you mean '=='?
        12 |       - where: num_bikes_available = 0
           |                                    ^

      5 problems
      "
    `)
  })

  test('are sorted by line and told once', () => {
    const found = problems(five)
    expect(found).toHaveLength(5)
    const lines = found.map(problem => problem.place?.line ?? 0)
    expect(lines).toEqual([...lines].sort((a, b) => a - b))
    expect(new Set(found.map(problem => JSON.stringify(problem))).size).toBe(5)
  })
})

describe('keys', () => {
  test('a missing key points at its parent', () => {
    expect(said('sources: {a: http://x}\nfeeds:\n  f:\n    public: true\n    steps:\n      - top: {by: x}')).toEqual([
      '3:3 feeds.f.from: missing key `from`; expected the name of a source or feed, or a list of them',
      '6:9 feeds.f.steps[0].top.limit: missing key `limit`; expected a whole number from 1',
    ])
  })

  test('a mistyped key is one mistake, not an unknown one and a missing one', () => {
    expect(said('sources: {a: http://x}\nfeeds:\n  f: {form: a, steps: [{top: {bi: x, limit: 3}}]}')).toEqual([
      '3:7 feeds.f.form: unknown key `form` (did you mean `from`?)',
      '3:31 feeds.f.steps[0].top.bi: unknown key `bi` (did you mean `by`?)',
    ])
  })

  test('unknown keys without a likeness tell what is known', () => {
    expect(said('sources: {a: http://x}\nlog: {colour: red}\ndashboards: {}')).toEqual([
      '2:7 log.colour: unknown key `colour` (known here: level, format)',
      '3:1 dashboards: unknown key `dashboards` (known here: server, auth, limits, log, budgets, state, defaults, sources, feeds, tests, boards)',
    ])
  })

  test('a key that stands twice is told with both lines', () => {
    expect(said('sources:\n  a: http://x\n  b: http://y\n  a: http://z')).toEqual(['4:3 sources.a: `a` stands here twice: first on line 2'])
  })
})

describe('values', () => {
  test.each([
    ['server: {port: 65536}', '1:16 server.port: expected a whole number from 0 to 65535; found 65536'],
    ['server: {port: 80.5}', '1:16 server.port: expected a whole number from 0 to 65535; found 80.5'],
    ['server: {heartbeat: 25}', '1:21 server.heartbeat: expected a time with a unit from 1s to 1h, such as 10s; found 25'],
    ['server: {path: ws}', '1:16 server.path: expected a path such as /ws, without a slash at its end; found ws'],
    [
      'server: {hosts: ["https://live.example"]}',
      '1:18 server.hosts[0]: expected a host name without scheme, port and path, such as live.example; found "https://live.example"',
    ],
    [
      'server: {origins: ["https://live.example/x"]}',
      '1:20 server.origins[0]: expected an origin: scheme, host and, unless it is the default, port, such as https://live.example; found "https://live.example/x"',
    ],
    [
      'server: {origins: ["null"]}',
      '1:20 server.origins[0]: expected an origin: scheme, host and, unless it is the default, port, such as https://live.example; found "null"',
    ],
    [
      'server: {trustProxy: [10.0.0.0/33]}',
      '1:23 server.trustProxy[0]: expected an address or range such as 10.0.0.0/8; found 10.0.0.0/33',
    ],
    ['server: 8080', '1:9 server: expected a map; found 8080'],
    ['limits: {maxMessage: 65536}', '1:22 limits.maxMessage: expected a size with a unit from 1KiB to 64MiB, such as 64KiB; found 65536'],
    ['limits: {maxConnections: 0}', '1:26 limits.maxConnections: expected a whole number from 1; found 0'],
    [
      'limits: {maxConnections: off}',
      '1:26 limits.maxConnections: expected a whole number from 1; this limit cannot be switched off; found off',
    ],
    ['limits: {upgradesPerSecond: 0}', '1:29 limits.upgradesPerSecond: expected a whole number from 1, or off; found 0'],
    ['limits: {maxLoopDelay: 5}', '1:24 limits.maxLoopDelay: expected a time with a unit from 10ms to 1m, such as 10s, or off; found 5'],
    ['limits: {maxHeap: 80}', '1:19 limits.maxHeap: expected a percentage from 1% to 100%, such as 80%, or off; found 80'],
    ['limits: {historyAge: 0s}', '1:22 limits.historyAge: expected a time with a unit above 0, such as 10s; found 0s'],
    [
      'limits: {historyAge: off}',
      '1:22 limits.historyAge: expected a time with a unit above 0, such as 10s; this limit cannot be switched off; found off',
    ],
    ['log: {level: wran}', '1:14 log.level: expected debug, info, warn, error, or silent; found wran (did you mean `warn`?)'],
    ['state: {path: x}', '1:8 state: expected the path of a folder; found a map'],
    ['auth: nobody', '1:7 auth: expected none, or a map with `tokens`; found nobody'],
  ])('%s', (text, expected) => {
    expect(said(`${text}\nsources: {a: http://x}`)).toEqual([expected])
  })

  test('a source is exactly one of url and system', () => {
    expect(
      said(
        'sources:\n  a: {every: 1s}\n  b: {url: http://x, system: cpu}\n  c: [http://x]\n  d: {ulr: http://x, every: 1}\n  e: 3\n  f:\n  g: x',
      ),
    ).toEqual([
      '2:3 sources.a: nothing to ask; expected one of `url`, `system`, `file`, or `exec`',
      '3:22 sources.b.system: a source has either `url` or `system`, not both',
      '4:6 sources.c: expected a URL, or a map with `url`, `system`, `file`, or `exec`; found a list',
      '5:7 sources.d.ulr: unknown key `ulr` (did you mean `url`?)',
      '5:29 sources.d.every: expected a time with a unit from 10ms to 24d, such as 10s, or {average: 10s}, or a cron pattern; found 1',
      '6:6 sources.e: expected a URL, or a map with `url`, `system`, `file`, or `exec`; found 3',
      '7:3 sources.f: expected a URL, or a map with `url`, `system`, `file`, or `exec`; found nothing',
      '8:6 sources.g: expected an http, https, ws or wss URL, such as https://bikes.example/stations.json; found x',
    ])
  })

  test('a config without a source, an empty file and a list are refused', () => {
    expect(said('feeds: {}')).toEqual(['1:1 sources: no sources: there is nothing to poll'])
    expect(said('')).toEqual(['1:1 sources: no sources: there is nothing to poll'])
    expect(said('sources: {}')).toEqual(['1:1 sources: no sources: there is nothing to poll'])
    expect(said('- a')).toEqual(['1:1 expected a map with `sources` and `feeds`; found a list'])
    expect(said('sources: [http://x]')).toEqual(['1:10 sources: expected a map: the name of each source and what it is; found a list'])
  })
})

describe('names', () => {
  test('are a-z, 0-9, _ and -; the nearest such name is offered', () => {
    expect(said('sources: {a: http://x, __proto__: http://x, $own: http://x, "Bike Stations": http://x}')).toEqual([
      '1:24 sources.__proto__: expected a name of a-z, 0-9, _ and -, beginning with a letter, up to 64 characters; found "__proto__" (call it `proto__`)',
      '1:45 sources.$own: expected a name of a-z, 0-9, _ and -, beginning with a letter, up to 64 characters; names with `$` are reserved; found "$own" (call it `own`)',
      '1:61 sources["Bike Stations"]: expected a name of a-z, 0-9, _ and -, beginning with a letter, up to 64 characters; found "Bike Stations" (call it `bike-stations`)',
    ])
  })

  test('are shared by sources and feeds', () => {
    expect(said('sources: {a: http://x}\nfeeds:\n  a: {from: a}')).toEqual([
      '3:3 feeds.a: `a` is a source already: sources and feeds share their names',
    ])
  })

  test('that nothing bears are told with the likeliest, or with all there are', () => {
    expect(said('sources: {stations: http://x}\nfeeds:\n  f: {from: station}\n  g: {from: zebra}')).toEqual([
      '3:13 feeds.f.from: expected the name of a source or feed; found station (did you mean `stations`?)',
      '4:13 feeds.g.from: expected the name of a source or feed; found zebra (there are: stations, f, g)',
    ])
  })

  test('in a circle are refused with their path, each circle once', () => {
    expect(said('sources: {s: http://x}\nfeeds:\n  a: {from: b}\n  b: {from: c}\n  c: {from: b}\n  d: {from: d}\n  e: {from: a}')).toEqual([
      '5:13 feeds.c.from: feeds cannot feed each other: b -> c -> b',
      '6:13 feeds.d.from: feeds cannot feed each other: d -> d',
    ])
  })

  test('stand in lists and joins as well', () => {
    const feeds = '  a: {from: [s, t]}\n  b: {from: [s, s, c], steps: [{join: {with: u, columns: {}}}]}\n'
    const circle = '  c: {from: s, steps: [{where: true}, {join: {with: b, columns: {x: right.y}}}]}'
    expect(said(`sources: {s: http://x}\nfeeds:\n${feeds}${circle}`)).toEqual([
      '3:17 feeds.a.from[1]: expected the name of a source or feed; found t (did you mean `s`?)',
      '4:46 feeds.b.steps[0].join.with: expected the name of a source or feed; found u (did you mean `s`?)',
      '5:53 feeds.c.steps[1].join.with: feeds cannot feed each other: b -> c -> b',
    ])
  })
})

describe('steps', () => {
  test('are maps with one known name', () => {
    const steps = Object.keys(stepSchemas).join(', ')
    expect(said(withSteps('- whre: x == 1', '- where: x == 1', '  limit: 3', '- where', '- frobnicate: {size: 5m}'))).toEqual([
      '6:9 feeds.f.steps[0].whre: unknown step `whre` (did you mean `where`?)',
      `7:9 feeds.f.steps[1]: expected one step: ${steps}; found where and limit (one step each: put \`- \` before \`limit\`, or indent it if it is an option)`,
      `9:9 feeds.f.steps[2]: expected one step: ${steps}; found where`,
      `10:9 feeds.f.steps[3].frobnicate: unknown step \`frobnicate\` (known steps: ${steps})`,
    ])
    expect(said('sources: {a: http://x}\nfeeds: {f: {from: a, steps: {where: x}}}')).toEqual([
      '2:29 feeds.f.steps: expected a list of steps, each `- name: options`; found a map',
    ])
  })

  test('have their expressions judged inside the file, whatever the style of the text', () => {
    expect(
      said(
        withSteps(
          '- where: a == 1 &&& b',
          '- where: "a == \\"x\\" && b c"',
          "- where: 'a == ''x'' && b c'",
          '- where: >-',
          '    a == 1 &&',
          '    b c',
          '- select: {x: a +}',
        ),
      ).map(line => line.slice(0, line.indexOf(':', line.indexOf(':') + 1))),
    ).toEqual([
      '6:25 feeds.f.steps[0].where',
      '7:33 feeds.f.steps[1].where',
      '8:33 feeds.f.steps[2].where',
      '11:13 feeds.f.steps[3].where',
      '12:24 feeds.f.steps[4].select.x',
    ])
  })

  test('know the columns that a group leaves', () => {
    expect(
      said(
        withSteps(
          '- group: {by: region, columns: {bikes: sum(n), region: count()}, having: bikse > 1}',
          '- group: {by: region, columns: {bikes: smu(n)}}',
          '- group: {by: region, columns: {bikes: sum(bikes)}}',
          '- where: bikse > 1',
          '- top: {by: [-bikse], limit: 3, per: region}',
          '- select: {b: bikes}',
          '- where: bikes > 1 && region == "x" && b > 1',
        ),
      ),
    ).toEqual([
      "6:54 feeds.f.steps[0].group.columns.region: 'region' names the group; give the aggregate another name",
      "6:80 feeds.f.steps[0].group.having: there is no column 'bikse'; did you mean 'bikes'?",
      "7:46 feeds.f.steps[1].group.columns.bikes: there is no aggregate 'smu'; did you mean 'sum'?",
      "9:16 feeds.f.steps[3].where: there is no column 'bikse'; did you mean 'bikes'?",
      "10:20 feeds.f.steps[4].top.by[0]: there is no column 'bikse'; did you mean 'bikes'?",
      "12:16 feeds.f.steps[6].where: there is no column 'bikes'; there are: region, b",
    ])
  })
})

describe('a public address', () => {
  test.each(['127.0.0.1', '127.9.9.9', 'localhost', '::1', '[::1]'])('%s is none', host => {
    expect(good(`sources: {a: http://x}\nserver: {host: "${host}"}`).server.host).toBe(host.replace(/[[\]]/g, ''))
  })

  test.each(['0.0.0.0', '::', '192.168.1.4', 'live.example', '127.0.0.1.example'])(
    '%s is refused, unless there are tokens or `auth: none` is said aloud',
    host => {
      const text = `sources: {a: http://x}\nserver: {host: "${host}", port: x}`
      expect(said(text)[0]).toBe(
        `2:16 server.host: "${host}" can be reached from other machines and whoever reaches it may read every feed ` +
          '(ask for tokens: `auth: {tokens: [..]}`, or say that it is meant: `auth: none` at the top level)',
      )
      const result = parse(`sources: {a: http://x}\nauth: none\nserver: {host: "${host}"}`)
      expect(result).toMatchObject({ ok: true, config: { auth: 'none' }, warnings: [{ path: 'server.host', place: { line: 3 } }] })
      const tokens = 'auth: {tokens: [{name: a, token: "${T}"}]}'
      const withTokens = parse(`sources: {a: http://x}\n${tokens}\nserver: {host: "${host}"}`, { env: { T: 'x'.repeat(16) } })
      expect(withTokens).toMatchObject({ ok: true, warnings: [] })
    },
  )
})

describe('from a file', () => {
  const folders: string[] = []
  const folder = (files: Readonly<Record<string, string>>): string => {
    const made = mkdtempSync(join(tmpdir(), 'config-'))
    folders.push(made)
    for (const [name, text] of Object.entries(files)) writeFileSync(join(made, name), text)
    return made
  }
  afterEach(() => {
    for (const made of folders.splice(0)) rmSync(made, { recursive: true })
  })

  test('variables come from the environment, then from .env beside it, and files from its folder', () => {
    const made = folder({
      'm.yaml': '\ufeffsources:\n  a:\n    url: ${BASE}/${PATHNAME}\n    headers: {x: "${file:secret}", y: "${file:./secret}"}\n',
      '.env': 'BASE=http://env-file.example\nPATHNAME="b c"\n',
      secret: 's3cret\n',
    })
    const result = loadConfig(join(made, 'm.yaml'), { env: { BASE: 'http://env.example' } })
    expect(result).toMatchObject({
      ok: true,
      config: {
        sources: [
          {
            http: {
              url: 'http://env.example/b%20c',
              headers: new Map([
                ['x', 's3cret'],
                ['y', 's3cret'],
              ]),
            },
          },
        ],
      },
    })
  })

  test('that cannot be read is a problem, not an exception', () => {
    const made = folder({})
    const file = join(made, 'm.yaml')
    expect(loadConfig(file, { env: {} })).toEqual({
      ok: false,
      problems: [{ file, path: '', message: 'the config cannot be read: there is no such file' }],
    })
    expect(loadConfig(made, { env: {} })).toEqual({
      ok: false,
      problems: [{ file: made, path: '', message: 'the config cannot be read: it is a folder' }],
    })
  })
})

describe('as an object', () => {
  test('is judged as a file is, by dotted path', () => {
    expect(
      configOf({ sources: { a: 'http://x', b: { system: 'cpu' } }, feeds: { f: { from: 'a', steps: [{ where: 'x > 1' }] } } }),
    ).toMatchObject({
      ok: true,
      config: { sources: [{ name: 'a' }, { name: 'b' }], feeds: [{ name: 'f' }] },
    })
    const result = configOf({
      sources: { a: { url: 'http://x', every: 3, timeot: '1s' } },
      feeds: { f: { from: 'a', steps: [{ where: 'x >' }] } },
    })
    expect(result.ok ? [] : result.problems.map(({ file, place, path, message }) => [file, place, path, message])).toEqual([
      [
        'config',
        undefined,
        'sources.a.every',
        'expected a time with a unit from 10ms to 24d, such as 10s, or {average: 10s}, or a cron pattern; found 3',
      ],
      ['config', undefined, 'sources.a.timeot', 'unknown key `timeot`'],
      ['config', undefined, 'feeds.f.steps[0].where', expect.any(String)],
    ])
  })

  test.each([[undefined], [null], [3], [[]], ['text'], [() => 1]])('%o is refused', value => {
    expect(configOf(value)).toMatchObject({ ok: false, problems: [{ path: '', expected: 'a map with `sources` and `feeds`' }] })
  })

  test('a loop in it does no harm', () => {
    const loop: Record<string, unknown> = { url: 'http://x' }
    loop['headers'] = { a: loop }
    expect(configOf({ sources: { a: loop } })).toMatchObject({ ok: false, problems: [{ path: 'sources.a.headers.a', found: 'a map' }] })
  })
})
