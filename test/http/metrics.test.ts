import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createMetrics, type Measured } from '../../src/http/metrics.ts'

const measured: Measured = {
  connections: () => 3,
  views: () => ({ held: 2, putOff: 1, spentMs: 1500 }),
  config: () => ({ reloads: { accepted: 2, refused: 1, unchanged: 0 }, success: false, loadedAt: 1_769_090_000_500 }),
  shedding: () => 'no new views',
  sources: () => [
    { name: 'a', changed: 5, unchanged: 2, failed: 1, state: 'fresh', ageMs: 1500, learned: { price: 0.9, period: { periodMs: 60_000 } } },
    { name: 'b', changed: 0, unchanged: 0, failed: 0, state: 'waiting', ageMs: undefined, learned: undefined },
  ],
  feeds: () => [
    { name: 'a', rows: 7, readers: 4, bytesSent: 1000, messagesSent: 20, encodes: 5, degraded: 'cardinality' },
    { name: 'b', rows: 0, readers: 0, bytesSent: 0, messagesSent: 0, encodes: 0, degraded: undefined },
  ],
  state: () => ({ written: 9, failed: 1, bytes: 4096, setAside: 2, ageMs: 2500 }),
  sinks: () => [
    { kind: 'webhook', target: 'h.example', delivered: 5, failed: 2, refused: 1, waiting: 3 },
    { kind: 'webhook', target: 'h.example', delivered: 1, failed: 0, refused: 0, waiting: 1 },
  ],
  leftOut: () => new Map([['a', 4]]),
}

interface Family {
  readonly type: string
  readonly help: string
  readonly samples: { readonly name: string; readonly labels: string; readonly value: number }[]
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (\S+)$/

/** Reads the text format as `promtool check metrics` does; throws where a line is none. */
function parseExposition(text: string): Map<string, Family> {
  expect(text.endsWith('\n')).toBe(true)
  const families = new Map<string, Family>()
  const helps = new Map<string, string>()
  for (const line of text.split('\n').filter(Boolean)) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
    if (kind === 'HELP') helps.set(name, rest)
    else if (kind === 'TYPE') {
      if (families.has(name)) throw new Error(`${name} stands twice`)
      families.set(name, { type: rest, help: helps.get(name) ?? '', samples: [] })
    } else addSample(families, line)
  }
  return families
}

function addSample(families: Map<string, Family>, line: string): void {
  const [, name = '', labels = '', value] = sampleLine.exec(line) ?? []
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''))
  if (family === undefined) throw new Error(`no family of: ${line}`)
  if (family.samples.some(sample => sample.name === name && sample.labels === labels)) throw new Error(`twice: ${line}`)
  family.samples.push({ name, labels, value: Number(value) })
}

async function scraped(): Promise<{
  families: Map<string, Family>
  limited: (key: string) => void
  again: () => Promise<Map<string, Family>>
}> {
  const metrics = createMetrics(measured)
  const again = async (): Promise<Map<string, Family>> => parseExposition(await metrics.registry.metrics())
  return { families: await again(), limited: key => metrics.limited(key), again }
}

function valuesOf(families: Map<string, Family>, name: string): Record<string, number> {
  return Object.fromEntries(families.get(name)?.samples.map(({ labels, value }) => [labels, value]) ?? [])
}

test('every own metric is documented with its type and labels, and every documented one is exposed', async () => {
  const { limited, again } = await scraped()
  limited('maxConnections')
  const families = await again()
  const exposed = [...families]
    .filter(([name]) => name.startsWith('millrace_'))
    .map(([name, { type, samples }]) => {
      const labels = samples[0]?.labels.match(/\w+(?==)/g) ?? []
      return `${name} ${type} ${labels.join()}`
    })
  const documented = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
    .split('\n')
    .flatMap(line => {
      const [, name, type, labels = ''] = /^\| `(millrace_\w+)` \| (\w+) \| ([^|]*) ?\|/.exec(line) ?? []
      return name === undefined ? [] : [`${name} ${type} ${[...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).join()}`]
    })
  expect(exposed.sort()).toEqual(documented.sort())
})

test('names keep to the conventions: counters end in _total, others do not; each has a help text', async () => {
  const { families } = await scraped()
  const own = [...families].filter(([name]) => name.startsWith('millrace_'))
  expect(own.length).toBeGreaterThan(8)
  for (const [name, { type, help }] of own) {
    expect(`${name} ${name.endsWith('_total')}`).toBe(`${name} ${type === 'counter'}`)
    expect(help).toMatch(/^[A-Z1].*\.$/)
  }
})

test('values are those of the moment, also at the second scrape', async () => {
  const { families, again } = await scraped()
  for (const found of [families, await again()]) {
    expect(valuesOf(found, 'millrace_connections')).toEqual({ '': 3 })
    expect(valuesOf(found, 'millrace_polls_total')).toMatchObject({
      '{source="a",outcome="changed"}': 5,
      '{source="a",outcome="unchanged"}': 2,
      '{source="a",outcome="failed"}': 1,
    })
    expect(valuesOf(found, 'millrace_source_fresh')).toEqual({ '{source="a"}': 1, '{source="b"}': 0 })
    expect(valuesOf(found, 'millrace_source_age_seconds')).toEqual({ '{source="a"}': 1.5 })
    expect(valuesOf(found, 'millrace_feed_sent_bytes_total')).toEqual({ '{feed="a"}': 1000, '{feed="b"}': 0 })
    expect(valuesOf(found, 'millrace_feed_degraded')).toEqual({ '{feed="a",cause="cardinality"}': 1 })
    expect(valuesOf(found, 'millrace_state_writes_total')).toEqual({ '{outcome="written"}': 9, '{outcome="failed"}': 1 })
    expect(valuesOf(found, 'millrace_state_age_seconds')).toEqual({ '': 2.5 })
  }
})

test('sinks of one receiver are one: their figures add up', async () => {
  const { families } = await scraped()
  const [labels, count] = ['kind="webhook",target="h.example"', valuesOf(families, 'millrace_sink_messages_total')]
  expect(count).toEqual({ [`{${labels},outcome="delivered"}`]: 6, [`{${labels},outcome="refused"}`]: 1 })
  expect(valuesOf(families, 'millrace_sink_failures_total')).toEqual({ [`{${labels}}`]: 2 })
  expect(valuesOf(families, 'millrace_sink_waiting')).toEqual({ [`{${labels}}`]: 4 })
  expect(valuesOf(families, 'millrace_export_left_out_rows')).toEqual({ '{feed="a"}': 4 })
})

test('limits count by their key', async () => {
  const { limited, again } = await scraped()
  limited('maxUrl')
  limited('maxUrl')
  limited('messagesPerSecond')
  expect(valuesOf(await again(), 'millrace_limit_total')).toEqual({ '{limit="maxUrl"}': 2, '{limit="messagesPerSecond"}': 1 })
})

test('the process and Node.js tell of themselves', async () => {
  const { families } = await scraped()
  expect([...families.keys()]).toEqual(expect.arrayContaining(['process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds']))
})
