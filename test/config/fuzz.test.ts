import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { configOf, parseConfig, type ConfigResult } from '../../src/config/load.ts'
import { printProblems } from '../../src/config/problem.ts'
import { parse } from '../support/config.ts'

/** A result that keeps its word: problems have a place inside the text, stand in order, none twice. */
function checkResult(result: ConfigResult, text?: string): void {
  if (result.ok) return
  expect(result.problems.length).toBeGreaterThan(0)
  const lines = text?.split(/\r\n|\r|\n/) ?? []
  let last = 0
  for (const { place, message } of result.problems) {
    expect(message).not.toBe('')
    if (place === undefined) continue
    expect(place.line).toBeGreaterThanOrEqual(last)
    expect(place.line).toBeLessThanOrEqual(lines.length)
    expect(place.column).toBeLessThanOrEqual((lines[place.line - 1]?.length ?? 0) + 1)
    last = place.line
  }
  const printed = result.problems.map(problem => JSON.stringify(problem))
  expect(new Set(printed).size).toBe(printed.length)
  expect(printProblems(result.problems)).toMatch(/\d+ problems?$/)
}

const words =
  'sources feeds server limits log defaults auth none url system cpu from steps where select derive top group by columns limit every ' +
  '{ } [ ] " \' # ! &a *a | > --- ${A} ${ $${ ${file:x} x==1 sum(x) 10s 10 null ~ 0x1F .inf __proto__ << é😀 \u0000 \ufdd0'
const blanks = [': ', ', ', '- ', '? ', ' #', '\n', '\n  ', '\n    ', '\r\n', '\t', '%YAML 1.1\n']
const wordsOfYaml = fc.constantFrom(':', ...words.split(' '), ...blanks, ...blanks)

describe('whatever is given, nothing is thrown', () => {
  test('random text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), text => checkResult(parse(text), text)),
      { numRuns: 200 },
    )
  })

  test('random words of YAML', () => {
    const text = fc.array(wordsOfYaml, { maxLength: 40 }).map(words => words.join(''))
    fc.assert(
      fc.property(text, yaml => checkResult(parse(yaml, { env: { A: '1' } }), yaml)),
      { numRuns: 600 },
    )
  })

  test('a good file with one stretch of it replaced', () => {
    const whole = [
      'server: {port: 0}',
      'defaults:',
      '  every: 5s',
      'sources:',
      '  a: http://x.example/${A}',
      '  b: {url: "http://y.example", headers: {x: "y"}}',
      'feeds:',
      '  f:',
      '    from: a',
      '    steps:',
      '      - where: n > 1 && region == "EU"',
      '      - group: {by: region, columns: {sum: sum(n)}, having: sum > 0}',
      '',
    ].join('\n')
    const edit = fc.record({ from: fc.nat(whole.length), length: fc.nat(12), by: fc.oneof(wordsOfYaml, fc.string({ maxLength: 3 })) })
    fc.assert(
      fc.property(edit, ({ from, length, by }) => {
        const text = whole.slice(0, from) + by + whole.slice(from + length)
        checkResult(parse(text, { env: { A: '1' } }), text)
      }),
      { numRuns: 600 },
    )
  })

  test('random values as an object', () => {
    const key = fc.constantFrom(
      'sources',
      'feeds',
      'server',
      'a',
      'url',
      'from',
      'steps',
      'where',
      'group',
      'by',
      'columns',
      '__proto__',
      'limits',
      'port',
    )
    const { tree } = fc.letrec(tie => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom('a', 'http://x', '10s', 1, null, true, undefined, 'sum(x)'),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
      ),
    }))
    fc.assert(
      fc.property(tree, value => checkResult(configOf(value))),
      { numRuns: 500 },
    )
  })
})

const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/)
const column = fc.constantFrom('id', 'n', 'region', '__proto__', 'constructor', 'in', 'a b')
const time = fc.constantFrom('250ms', '1s', '1.5m', '2h')
const step = fc.oneof(
  fc.record({ where: fc.constantFrom('n > 1', 'region == "EU" && !(n in [1, 2])', 'true') }),
  fc.record({ select: fc.dictionary(column, fc.constantFrom('n', 'n * 2', '1'), { minKeys: 1, maxKeys: 4 }) }),
  fc.record({
    top: fc.record({
      by: fc.oneof(
        column,
        column.map(one => `-${one}`),
      ),
      limit: fc.integer({ min: 1, max: 9 }),
    }),
  }),
  fc.record({ derive: fc.dictionary(column, fc.constantFrom('n', 'region'), { minKeys: 1, maxKeys: 4 }) }),
)
/** Only the first step knows nothing of its columns; the others might name one that is gone. */
const config = fc
  .record({
    names: fc.uniqueArray(name, { minLength: 1, maxLength: 8 }),
    every: time,
    steps: fc.array(step, { maxLength: 1 }),
    from: fc.nat(),
  })
  .map(({ names, every, steps, from }) => {
    const half = Math.ceil(names.length / 2)
    return {
      sources: Object.fromEntries(
        names.slice(0, half).map((one, i) => [one, i % 2 === 0 ? `http://${one}.example/` : { file: `${one}.json`, every }]),
      ),
      feeds: Object.fromEntries(names.slice(half).map((one, i) => [one, { from: names[(from + i) % (half + i)], steps }])),
    }
  })

test('a random sound config loads, from an object and from the same as JSON, to the same', () => {
  fc.assert(
    fc.property(config, value => {
      const fromObject = configOf(value)
      if (!fromObject.ok) throw new Error(printProblems(fromObject.problems))
      const fromText = parseConfig(JSON.stringify(value, undefined, 2), 'c.json', { env: {}, readFile: () => '' })
      if (!fromText.ok) throw new Error(printProblems(fromText.problems))
      expect(fromText.config).toEqual(fromObject.config)
      expect(fromText.warnings).toEqual(fromObject.warnings)
      expect(fromText.inForce().map(({ path, value: shown }) => [path, shown])).toEqual(
        fromObject.inForce().map(({ path, value: shown }) => [path, shown]),
      )
      expect(fromObject.config.feeds.map(feed => feed.name)).toEqual(Object.keys(value.feeds))
    }),
    { numRuns: 200 },
  )
})
