import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { good, said } from '../support/config.ts'

function source(members: string): string {
  return `sources:\n  a: {url: "http://x", ${members}}`
}

function httpOf(members: string): object | undefined {
  const [first] = good(source(members)).sources
  return first?.kind === 'http' ? first.http : undefined
}

test('without a word of it the format is detected', () => {
  expect(httpOf('every: 5s')).not.toHaveProperty('format')
})

test('a pattern is a regular expression with the flags gmu, and says that it is a text', () => {
  expect(httpOf(`pattern: '^(?<n>\\d+)$'`)).toMatchObject({ pattern: /^(?<n>\d+)$/gmu })
  expect(httpOf(`pattern: '(?<n>x)', format: text, charset: latin1`)).toMatchObject({ format: 'text', charset: 'latin1' })
  expect(httpOf('format: csv, header: false')).toMatchObject({ format: 'csv', header: false })
})

test('what docs/formats.md shows is a sound config', () => {
  const [, shown = ''] = /```yaml\n([^]*?)```/.exec(readFileSync(new URL('../../docs/formats.md', import.meta.url), 'utf8')) ?? []
  expect(good(shown).sources.map(({ name }) => name)).toEqual(['nginx', 'prices', 'node'])
})

describe('refused', () => {
  test.each([
    ['format: yaml', 'sources.a.format: expected json, ndjson, geojson, csv, xml, syndication, prometheus, or text; found yaml'],
    ['format: text', 'sources.a.format: `format: text` needs a `pattern` with named groups'],
    [`pattern: '\\d+'`, "sources.a.pattern: expected a regular expression with a named group, such as (?<name>\\w+); found '\\d+'"],
    [`pattern: '(?<n>['`, "sources.a.pattern: expected a regular expression (flags gmu): Unterminated character class; found '(?<n>['"],
    [`pattern: '(?<n>x)', format: csv`, 'sources.a.pattern: a `pattern` reads `format: text`, not csv'],
    ['header: true, format: json', 'sources.a.header: `header` belongs to `format: csv`'],
    ['charset: klingon', 'sources.a.charset: expected a charset that is known, such as windows-1252; found klingon'],
  ])('%s', (members, problem) => {
    expect(said(source(members)).map(line => line.replace(/^\d+:\d+ /, ''))).toEqual([problem])
  })
})
