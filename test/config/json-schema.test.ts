import { expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { jsonSchema } from '../../src/config/json-schema.ts'
import { isValid } from '../support/json-schema.ts'
import { good, parse } from '../support/config.ts'

const schema = jsonSchema()

const sound = [
  `
sources:
  stations:
    url: https://bikes.example/stations.json
    every: 10s
    rows: data.stations
    key: station_id
    ignore: [last_reported]
feeds:
  empty:
    from: stations
    steps:
      - where: num_bikes_available == 0
      - select: [num_docks_available, region_id]
      - select: {docks: num_docks_available, share: num_docks_available / 40.0}
      - top: {by: -docks, limit: 20}
  regions:
    from: stations
    steps:
      - group:
          by: [region_id]
          columns:
            bikes: sum(num_bikes_available)
`,
  'sources: {a: http://x}',
  'sources: {a: http://x}\ntests: {some name: {start: "2026-01-01T00:00:00Z", steps: [{answer: {a: [1]}}, {wait: 1m}, {expect: {a: [{b: 1}]}}, {changes: {a: {set: {k: {b: 1}}, del: [x]}}}, {state: {a: stale}}, {fail: a}]}}',
  'sources: {a: http://x}\nfeeds: {f: {from: a, sinks: [log, {webhook: "http://i"}, {alertmanager: "http://i"}, {webhook: {url: "http://h", headers: {A: b}, body: {a: [1]}, groupWait: 1s}}, {alertmanager: {url: "http://h", labels: {a: b}}}], export: {metrics: [{name: n, value: 1, labels: {a: b}}]}}}',
  'sources: {a: {system: cpu}}\nauth: none\nserver: {port: 0, host: 0.0.0.0, hosts: [x.example], origins: ["https://y.example"], heartbeat: 5s}',
  'sources: {a: http://x}\nauth: {tokens: [{name: a, token: abcdefghijklmnop, feeds: [a*], admin: true, expires: "2030-01-31T12:00:00Z"}], ticket: 10s}',
  `
sources: {a: http://x}
feeds:
  g: {from: [a, f]}
  f:
    from: a
    steps:
      - rate: {over: 1m, columns: {r: n}}
      - change: {columns: {c: n}, maxPoints: 100}
      - window: {size: 5m, slide: 10s, columns: {a: avg(n)}}
      - fill: {columns: {a: last, b: 0, c: true}, maxAge: 1m}
      - distinct: {by: a}
      - join: {with: a, on: n, columns: {t: right.title}}
      - keep: 10m
      - alert: {when: a < 5, for: 1m, resolve: a > 8, keepFiringFor: 5m, onMissing: keep, severity: page, text: "{{a}}"}
      - keep: 500
      - events: {keep: 100, columns: [a]}
      - series: {keep: 1h, columns: {a: n}}
`,
  'sources: {a: {url: http://x, headers: {A: 1}, key: [a, b], body: {any: [thing]}, method: POST}}\ndefaults: {every: 1s, maxBody: 1MiB}',
  'sources: {a: http://x}\nfeeds: {f: {from: a, order: [-x, y], demand: always, public: false, steps: [{where: true}, {derive: {one: 1}}]}}',
  'sources: {a: {url: http://x, budget: api}}\nbudgets: {api: {rate: 60/1m, maxConcurrent: 2, spacing: 100ms}, other: {}}',
  'sources: {a: http://x}\nlimits: {maxMessage: 1MiB, historyAge: 1h, maxConnections: 5, upgradesPerSecond: off, maxLoopDelay: 1s}\nlog: {level: debug, format: json}',
  'sources: {a: http://x}\nstate: ./state\nlimits: {saveEvery: 30s}',
]

test.each(sound)('a sound config is of the schema: %#', text => {
  expect(parse(text)).toMatchObject({ ok: true })
  expect(isValid(schema, parseYaml(text))).toBe(true)
})

const wrong = [
  'feeds: {}',
  'sources: {a: 3}',
  'sources: {A: http://x}',
  'sources: {a: {every: 1s}}',
  'sources: {a: {url: http://x, evry: 1s}}',
  'sources: {a: {url: http://x, every: 10}}',
  'sources: {a: {system: cpus}}',
  'sources: {a: {system: cpu, url: http://x}}',
  'sources: {a: {url: http://x, headers: {a: [1]}}}',
  'sources: {a: http://x}\ndashboards: {}',
  'sources: {a: http://x}\nstate: ""',
  'sources: {a: http://x}\nstate: {folder: x}',
  'sources: {a: http://x}\nserver: {port: 70000}',
  'sources: {a: http://x}\nlimits: {maxMessage: 64}',
  'sources: {a: http://x}\nbudgets: {api: {rate: 60}}',
  'sources: {a: http://x}\nbudgets: {api: {rate: 0/1m}}',
  'sources: {a: http://x}\nbudgets: {api: {rates: 1/1m}}',
  'sources: {a: http://x}\nlimits: {maxConnections: 0}',
  'sources: {a: http://x}\nlimits: {maxConnections: off}',
  'sources: {a: http://x}\nlimits: {upgradesPerSecond: on}',
  'sources: {a: http://x}\nlimits: {maxLoopDelay: 5}',
  'sources: {a: http://x}\nauth: {tokens: []}',
  'sources: {a: http://x}\nauth: {tokens: [{name: a}]}',
  'sources: {a: http://x}\nauth: nobody',
  'sources: {a: http://x}\nfeeds: {f: {}}',
  'sources: {a: http://x}\nfeeds: {f: {from: a, steps: [{whre: x}]}}',
  'sources: {a: http://x}\nfeeds: {f: {from: a, steps: [{where: x, top: {by: x, limit: 1}}]}}',
  'sources: {a: http://x}\nfeeds: {f: {from: a, steps: [{top: {by: x}}]}}',
  'sources: {a: http://x}\nfeeds: {f: {from: a, steps: [{select: {a: [1]}}]}}',
  'sources: {a: http://x}\nfeeds: {f: {from: a, steps: [{select: []}]}}',
  'sources: {a: http://x}\nfeeds: {f: {from: a, steps: [{select: [1]}]}}',
  'sources: {a: http://x}\nfeeds: {f: {from: a, steps: [{rate: {columns: {a: n}}}]}}',
  'sources: {a: http://x}\nfeeds: {f: {from: a, steps: [{window: {size: 5, columns: {a: avg(n)}}}]}}',
  'sources: {a: http://x}\nfeeds: {f: {from: a, steps: [{keep: 0}]}}',
  'sources: {a: http://x}\nfeeds: {f: {from: a, steps: [{alert: {when: a < 5, for: 60}}]}}',
  'sources: {a: http://x}\nfeeds: {f: {from: a, steps: [{fill: {columns: {a: first}}}]}}',
  'sources: {a: http://x}\nfeeds: {f: {from: a, steps: [{group: {by: x, n: count()}}]}}',
]

test.each(wrong)('what an editor must underline is not of the schema: %s', text => {
  expect(parse(text)).toMatchObject({ ok: false })
  expect(isValid(schema, parseYaml(text))).toBe(false)
})

interface Described {
  readonly description?: string
  readonly default?: unknown
}

function propertiesOf(section: string): Readonly<Record<string, Described>> {
  const { properties } = schema as {
    readonly properties: Readonly<Record<string, { readonly properties?: Readonly<Record<string, Described>> }>>
  }
  return properties[section]?.properties ?? {}
}

test('every key has a description', () => {
  const sections = ['server', 'limits', 'log', 'defaults'].flatMap(section => Object.entries(propertiesOf(section)))
  expect(sections.length).toBeGreaterThan(50)
  expect(sections.filter(([, { description }]) => typeof description !== 'string').map(([key]) => key)).toEqual([])
})

test('each default that it shows is the one in force', () => {
  const defaults = (section: string): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(propertiesOf(section)).flatMap(([key, { default: value }]) => (value === undefined ? [] : [[key, value]])),
    )
  const shown = { server: defaults('server'), limits: defaults('limits'), log: defaults('log') }
  expect(shown.server).toMatchObject({ port: 8080, heartbeat: '25s' })
  expect(Object.keys(shown.limits)).toHaveLength(34)
  const { server, limits, log } = good('sources: {a: http://x}')
  expect(good(JSON.stringify({ sources: { a: 'http://x' }, ...shown }))).toMatchObject({ server, limits, log })
})

test('is plain JSON', () => {
  expect(JSON.parse(JSON.stringify(schema))).toEqual(schema)
})
