import { describe, expect, test } from 'vitest'
import { good, said } from '../support/config.ts'

const withFeed = (...lines: readonly string[]): string =>
  ['sources: {a: http://x}', 'feeds:', '  f:', '    from: a', ...lines.map(line => `    ${line}`)].join('\n')

describe('sinks', () => {
  test('each kind, with its options', () => {
    const { feeds } = good(
      withFeed(
        'sinks:',
        '  - log',
        '  - webhook: {url: "https://h.example/x", headers: {X-Team: ops}, body: {text: "{{title}}"}, secret: "${S}", groupWait: 5s}',
        '  - alertmanager: {url: "http://am.example:9093", labels: {team: team}, resend: 30s}',
      ),
      { env: { S: 'hush' } },
    )
    expect(feeds[0]?.sinks).toEqual([
      { kind: 'log' },
      {
        kind: 'webhook',
        options: {
          url: 'https://h.example/x',
          headers: new Map([['X-Team', 'ops']]),
          body: { text: '{{title}}' },
          secret: 'hush',
          groupWait: 5000,
        },
      },
      { kind: 'alertmanager', options: { url: 'http://am.example:9093', labels: new Map([['team', 'team']]), resend: 30_000 } },
    ])
  })

  test('a URL is enough to begin', () => {
    const { feeds } = good(withFeed('sinks: [{webhook: "https://h.example/x"}, {alertmanager: "http://am.example:9093"}]'))
    expect(feeds[0]?.sinks).toEqual([
      { kind: 'webhook', options: { url: 'https://h.example/x' } },
      { kind: 'alertmanager', options: { url: 'http://am.example:9093' } },
    ])
    expect(said(withFeed('sinks: [{webhook: nowhere}]'))).toEqual([
      '5:23 feeds.f.sinks[0].webhook: expected an http or https URL without user name and password: what it needs to let one in belongs into headers; found nowhere',
    ])
  })

  test.each([
    [['sinks: log'], '5:12 feeds.f.sinks: expected a list of sinks, `- log` or `- name: options`; found log'],
    [['sinks: [log, log]'], '5:18 feeds.f.sinks[1]: the same as feeds.f.sinks[0], which is told already'],
    [
      [
        'sinks:',
        '  - webhook: {url: "http://h", body: a}',
        '  - webhook: {url: "http://h", body: b}',
        '  - webhook: {body: a, url: "http://h"}',
      ],
      '8:9 feeds.f.sinks[2]: the same as feeds.f.sinks[0], which is told already',
    ],
    [['sinks: [mail]'], '5:13 feeds.f.sinks[0]: expected one sink: log, webhook, alertmanager; found mail'],
    [['sinks:', '  - webhok: {}'], '6:9 feeds.f.sinks[0].webhok: unknown sink `webhok` (did you mean `webhook`?)'],
    [['sinks:', '  - log: {}'], '6:9 feeds.f.sinks[0].log: `log` has no options: write `- log`'],
    [
      ['sinks:', '  - webhook: {}'],
      '6:9 feeds.f.sinks[0].webhook.url: missing key `url`; expected an http or https URL without user name and password',
    ],
    [
      ['sinks:', '  - webhook: {url: "http://h", groupwait: 5s}'],
      '6:36 feeds.f.sinks[0].webhook.groupwait: unknown key `groupwait` (did you mean `groupWait`?)',
    ],
    [
      ['sinks:', '  - webhook: {url: "http://h", groupWait: 0s}'],
      '6:47 feeds.f.sinks[0].webhook.groupWait: expected a time with a unit up to 1d, such as 10s; found 0s',
    ],
    [
      ['sinks:', '  - webhook: {url: "http://h", body: {a: [{b: "{{titel}}"}]}}'],
      "6:54 feeds.f.sinks[0].webhook.body.a[0].b: there is no column 'titel'; did you mean 'title'?",
    ],
    [
      ['sinks:', '  - webhook: {url: "http://h", headers: {Webhook-Id: x}}'],
      '6:45 feeds.f.sinks[0].webhook.headers: expected names of headers, but for those that frame a message and webhook-*; found a map',
    ],
    [
      ['sinks:', '  - alertmanager: {url: "http://h", labels: {"a-b": x}}'],
      '6:49 feeds.f.sinks[0].alertmanager.labels: expected names of a-z, A-Z, 0-9 and _, beginning with no digit; found a map',
    ],
    [
      ['sinks:', '  - alertmanager: {url: "http://h", labels: {a: "x +"}}'],
      '6:57 feeds.f.sinks[0].alertmanager.labels.a: expected a value, found the end',
    ],
  ])('%j', (lines, problem) => {
    expect(said(withFeed(...lines))).toEqual([problem])
  })
})

describe('export', () => {
  test('one metric or several', () => {
    const one = good(withFeed('export: {metrics: {name: n, value: bikes}}')).feeds[0]?.metrics
    expect(one).toEqual([{ name: 'n', value: 'bikes' }])
    const two = good(withFeed('export: {metrics: [{name: n, value: 1, labels: {a: b}}, {name: "m:x", value: n > 2}]}')).feeds[0]?.metrics
    expect(two).toEqual([
      { name: 'n', value: '1', labels: new Map([['a', 'b']]) },
      { name: 'm:x', value: 'n > 2' },
    ])
  })

  test.each([
    [
      ['export: {metrics: {name: a-b, value: n}}'],
      '5:30 feeds.f.export.metrics.name: expected a name of a-z, A-Z, 0-9, _ and :, beginning with no digit; found a-b',
    ],
    [['export: {metrics: {name: n}}'], '5:14 feeds.f.export.metrics.value: missing key `value`; expected an expression'],
    [
      ['export: {metrics: {name: n, value: n, labels: {__a: b}}}'],
      '5:51 feeds.f.export.metrics.labels: expected names of a-z, A-Z, 0-9 and _, beginning with no digit and not with __; found a map',
    ],
    [
      ['steps: [{group: {by: region, columns: {bikes: sum(n)}}}]', 'export: {metrics: [{name: n, value: bikse, labels: {r: region}}]}'],
      "6:41 feeds.f.export.metrics[0].value: there is no column 'bikse'; did you mean 'bikes'?",
    ],
    [
      ['steps: [{group: {by: region, columns: {bikes: sum(n)}}}]', 'export: {metrics: {name: n, value: bikes, labels: {r: reigon}}}'],
      "6:59 feeds.f.export.metrics.labels.r: there is no column 'reigon'; did you mean 'region'?",
    ],
  ])('%j', (lines, problem) => {
    expect(said(withFeed(...lines))).toEqual([problem])
  })
})
