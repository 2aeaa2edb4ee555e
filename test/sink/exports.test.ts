import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { SinkWorld } from '../support/sink-world.ts'

let world: SinkWorld | undefined

afterEach(() => world?.close())

const all = (): boolean => true

function worldOf(metrics: object | readonly object[], feed: object = {}): SinkWorld {
  world = new SinkWorld({ f: { from: 's', ...feed, export: { metrics } } })
  return world
}

/** The text format, read by its grammar and not by ours: value by metric and labels. */
function scrape(text: string): Map<string, number> {
  const series = new Map<string, number>()
  const types = new Set<string>()
  for (const line of text.split('\n').slice(0, -1)) {
    const [, name] = /^# TYPE ([a-zA-Z_:][\w:]*) gauge$/.exec(line) ?? []
    if (name !== undefined && types.has(name)) throw new Error(`${name} has two heads`)
    if (name !== undefined) types.add(name)
    if (line.startsWith('#')) continue
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/s.exec(line)
    if (match === null) throw new Error(`no sample: ${line}`)
    const labels = [...(match[2] ?? '').matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/g)].map(
      ([, label = '', value = '']) =>
        [label, value.replace(/\\([\\"n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))] as const,
    )
    const id = JSON.stringify([match[1], labels])
    if (series.has(id) || !types.has(match[1] ?? '')) throw new Error(`twice, or without a head: ${line}`)
    series.set(id, Number(match[3]))
  }
  return series
}

describe('the numbers of a feed', () => {
  test('one sample a row; what is no number is absent, true is 1; the feed is polled for it', () => {
    const { s, waysOut } = worldOf([
      { name: 'bikes', value: 'n', labels: { region: 'region', half: 'n / 2' } },
      { name: 'is_low', value: 'n < 2' },
    ])
    expect(s.polling).toBe(true)
    expect(waysOut.exports.text(all)).toBe('')
    s.answer([
      { id: 'a', n: 1, region: 'x' },
      { id: 'b', n: null, region: 'y' },
      { id: 'c', n: 1e21, region: null },
    ])
    expect(waysOut.exports.text(all)).toBe(`# HELP bikes From f.
# TYPE bikes gauge
bikes{half="0.5",region="x"} 1
bikes{half="500000000000000000000"} 1e+21
# HELP is_low From f.
# TYPE is_low gauge
is_low{key="a"} 1
is_low{key="c"} 0
`)
  })

  test('are absent while the feed is stale or down, and there again with its next answer', async () => {
    const { s, clock, waysOut } = worldOf({ name: 'n', value: 'n' })
    const scraped = (): number => scrape(waysOut.exports.text(all)).size
    s.answer([{ id: 'a', n: 1 }])
    expect(scraped()).toBe(1)
    s.fail()
    await clock.advanceAsync(2999)
    expect(scraped()).toBe(1)
    await clock.advanceAsync(1)
    expect(scraped()).toBe(0)
    await clock.advanceAsync(60_000)
    expect(scraped()).toBe(0)
    s.answer([{ id: 'a', n: 1 }])
    expect(scraped()).toBe(1)
  })

  test('rows with the labels of others are left out, counted and said once; of two feeds with one metric there is one head', () => {
    world = new SinkWorld({
      f: { from: 's', export: { metrics: { name: 'n', value: 'n', labels: { region: 'region' } } } },
      g: { from: 's', export: { metrics: { name: 'n', value: 'n', labels: { of: '"g"', id: 'id' } } } },
    })
    const { s, waysOut, log } = world
    s.answer([
      { id: 'a', n: 1, region: 'x' },
      { id: 'b', n: 2, region: 'x' },
      { id: 'c', n: 3, region: 'x' },
    ])
    const text = waysOut.exports.text(all)
    waysOut.exports.text(all)
    expect(scrape(text).size).toBe(4)
    expect(text).toContain('n{region="x"} 1\n')
    expect([...waysOut.exports.leftOut]).toEqual([
      ['f', 2],
      ['g', 0],
    ])
    expect(log.lines).toEqual(["warn: 2 rows of feed 'f' are not exported: others have the same labels"])
    expect(scrape(waysOut.exports.text(feed => feed === 'g')).size).toBe(3)
    expect(waysOut.exports.text(feed => feed === 'g')).not.toContain('region')
  })

  test('whatever texts and numbers rows hold, each is one valid sample that reads back', () => {
    const cell = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('"', '\\', '\n', '\\n', '{a="b"} 1\n', ','),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    )
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.record({ label: cell, n: fc.double({ noNaN: true, noDefaultInfinity: true }) }), { maxLength: 8 }),
        rows => {
          const { s, waysOut } = new SinkWorld({
            f: { from: 's', export: { metrics: { name: 'n', value: 'n', labels: { id: 'id', label: 'label' } } } },
          })
          s.answer(rows.map((row, i) => ({ id: i, ...row })))
          const expected = rows.map(({ label, n }, i) => {
            const labels = [['id', String(i)], ...(String(label) === '' ? [] : [['label', String(label)]])]
            return [JSON.stringify(['n', labels]), n === 0 ? 0 : n]
          })
          expect([...scrape(waysOut.exports.text(all))].map(([id, n]) => [id, n === 0 ? 0 : n])).toEqual(expected)
        },
      ),
    )
  })
})
