import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Row } from '../../src/model/row.ts'
import { decoded, refusal } from '../support/decode.ts'
import { at, failing, isThere } from './corpora.ts'

describe.skipIf(!isThere('csv-spectrum'))('csv-spectrum', () => {
  /** Its CSV and its JSON are of different numbers. */
  const wrongInItself = ['location_coordinates.csv']

  test('is read as its JSON says, where nothing is an empty text', () => {
    const names = readdirSync(at('csv-spectrum', 'csvs'))
    const failed = failing('csv-spectrum', names, name => {
      const document = decoded({ body: readFileSync(at('csv-spectrum', 'csvs', name)), type: 'text/csv' }).document as readonly Row[]
      const expected: unknown = JSON.parse(readFileSync(at('csv-spectrum', 'json', name.replace('.csv', '.json')), 'utf8'))
      const read = document.map(row => Object.fromEntries(Object.entries(row).map(([column, cell]) => [column, cell ?? ''])))
      return JSON.stringify(read) === JSON.stringify(expected)
    })
    expect(failed).toEqual(wrongInItself)
  })
})

describe.skipIf(!isThere('OpenMetrics'))('OpenMetrics', () => {
  const parsers = ['OpenMetrics', 'tests', 'testdata', 'parsers']
  const accepts = (name: string): boolean =>
    refusal(() => decoded({ body: readFileSync(at(...parsers, name, 'metrics')), type: 'application/openmetrics-text' })) === 'accepted'
  const shallParse = (name: string): boolean =>
    (JSON.parse(readFileSync(at(...parsers, name, 'test.json'), 'utf8')) as { readonly shouldParse: boolean }).shouldParse

  test('all that is good is read', () => {
    expect(failing('OpenMetrics, good', readdirSync(at(...parsers)).filter(shallParse), accepts)).toEqual([])
  })

  test('what is no line of it is refused, and what would make a number wrong; the rest of what a metric means is not judged', () => {
    const bad = readdirSync(at(...parsers)).filter(name => !shallParse(name))
    const meaning =
      /^bad_(clashing_names|counter_values|exemplars_on|grouping|histograms|info_and|metadata_in|missing_or_invalid_labels|repeated|stateset|unit_)/
    const blanks = /^bad_(exemplars_[2-5]|help_[23]|invalid_labels_6|missing_or_extra_commas_2|type_[67]|value_[123])$/
    const read = failing('OpenMetrics, bad', bad, name => !accepts(name))
    expect(read.filter(name => !meaning.test(name) && !blanks.test(name))).toEqual([])
    // Counts below zero, a series back in time or twice, buckets that fall.
    const wrong = [
      ...[1, 6, 7, 11, 12, 18].map(i => `counter_values_${i}`),
      ...[4, 6, 9, 10].map(i => `grouping_or_ordering_${i}`),
      'histograms_10',
    ]
    expect(read.filter(name => wrong.includes(name.replace('bad_', '')))).toEqual([])
  })
})

describe.skipIf(!isThere('JSONTestSuite'))('JSONTestSuite', () => {
  const reads = (name: string): string =>
    refusal(() => decoded({ body: readFileSync(at('JSONTestSuite', 'test_parsing', name)) }, { format: 'json' }))

  test('y_ is read, n_ refused, i_ either', () => {
    const names = readdirSync(at('JSONTestSuite', 'test_parsing'))
    const expected = (name: string): boolean => name.startsWith('i_') || (reads(name) === 'accepted') === name.startsWith('y_')
    expect(failing('JSONTestSuite', names, expected)).toEqual([])
  })
})

describe.skipIf(!isThere('feedparser'))("feedparser's well-formed set", () => {
  const base = ['feedparser', 'tests', 'wellformed']

  test('is read, but for items of which nothing is known and documents that declare entities', () => {
    const files = readdirSync(at(...base)).flatMap(set =>
      readdirSync(at(...base, set))
        .filter(name => name.endsWith('.xml'))
        .map(name => join(set, name)),
    )
    const read = (name: string): string => refusal(() => decoded({ body: readFileSync(at(...base, name)), type: 'application/xml' }))
    const failed = failing('feedparser', files, name => read(name) === 'accepted')
    const reason = /^decode: (it is no RSS|the XML cannot be read: line \d+: it declares entities)/
    expect(failed.filter(name => !reason.test(read(name)))).toEqual([])
    expect(failed.length / files.length).toBeLessThan(0.1)
  })
})
