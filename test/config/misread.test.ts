import { describe, expect, test } from 'vitest'
import { good, said, withSteps } from '../support/config.ts'

/** What YAML reads otherwise than it was meant: each is told with the mend. */
describe('an unquoted expression that', () => {
  test.each([
    [
      'begins with !',
      '- where: !active',
      '6:16 feeds.f.steps[0].where: YAML reads a leading `!` as a tag (quote the expression: "!active")',
    ],
    [
      'begins with !, and goes on',
      '- where: !(a == b)',
      '6:16 feeds.f.steps[0].where: YAML reads a leading `!` as a tag (quote the expression: "!(a == b)")',
    ],
    [
      'begins with ! in a flow map',
      '- select: {off: !active}',
      '6:23 feeds.f.steps[0].select.off: YAML reads a leading `!` as a tag (quote the expression: "!active")',
    ],
    [
      'begins with [',
      '- where: [1, 2].exists(x, x == y)',
      '6:22 feeds.f.steps[0].where: YAML ends the value before this (quote the expression: where: "[1, 2].exists(x, x == y)")',
    ],
    [
      'begins with {',
      '- where: {a: 1}.a == b',
      '6:22 feeds.f.steps[0].where: YAML ends the value before this (quote the expression: where: "{a: 1}.a == b")',
    ],
    ['is a list', '- where: ["a", "b"]', '6:16 feeds.f.steps[0].where: expected an expression; found a list'],
    ['is a map', '- where: {a: 1}', '6:16 feeds.f.steps[0].where: expected an expression; found a map'],
    [
      'begins with a double quote',
      '- where: "EU" == region',
      '6:21 feeds.f.steps[0].where: YAML ends the value before this (quote the expression: where: \'"EU" == region\')',
    ],
    [
      'begins with a single quote',
      "- where: 'EU' == region",
      '6:21 feeds.f.steps[0].where: YAML ends the value before this (quote the expression: where: "\'EU\' == region")',
    ],
    [
      'holds both quotes',
      `- where: 'EU' == "x"`,
      `6:21 feeds.f.steps[0].where: YAML ends the value before this (quote the expression: where: '''EU'' == "x"')`,
    ],
    [
      'holds ": "',
      '- where: a ? b : c',
      '6:16 feeds.f.steps[0].where: `: ` inside an unquoted value begins a map (quote the expression: where: "a ? b : c")',
    ],
    [
      'holds ": " in a flow map',
      '- select: {x: a ? b : c}',
      '6:21 feeds.f.steps[0].select: `: ` inside an unquoted value begins a map (quote the expression)',
    ],
    [
      'holds a comma in a flow map',
      '- select: {x: min(a, b), y: c}',
      '6:21 feeds.f.steps[0].select.x: inside { } a comma ends the value (quote the expression: x: "min(a, b)")',
    ],
    [
      'holds two commas in a flow map',
      '- select: {x: f(a, b, c)}',
      '6:21 feeds.f.steps[0].select.x: inside { } a comma ends the value (quote the expression: x: "f(a, b, c)")',
    ],
    ['begins with *', '- where: *x', '6:16 feeds.f.steps[0].where: there is no anchor &x (if it is an expression, quote it: "*x")'],
    [
      'begins with @',
      '- where: @x == 1',
      '6:16 feeds.f.steps[0].where: an unquoted value cannot begin with this character (quote the expression: where: "@x == 1")',
    ],
    ['is empty', '- where:', '6:9 feeds.f.steps[0].where: expected an expression; found nothing'],
    ['begins with &', '- where: &x', '6:9 feeds.f.steps[0].where: YAML reads a leading `&` as an anchor (quote the text)'],
  ])('%s', (_, step, expected) => {
    expect(said(withSteps(step))).toEqual([expected])
  })

  test('holds " #" is cut there: an expression that is then wrong says so', () => {
    expect(said(withSteps('- where: tag == " #1"'))).toEqual([
      expect.stringMatching(
        /^6:23 feeds\.f\.steps\[0\]\.where: .* \(YAML reads ` #` as a comment: if it belongs to the expression, quote it\)$/,
      ),
    ])
    expect(said(withSteps('- where: tag == 1 # all of it'))).toEqual([])
    expect(said(withSteps('- where: tag == # all of it'))[0]).toContain('as a comment')
    expect(said(withSteps('- where: "tag ==" # all of it'))[0]).not.toContain('as a comment')
  })

  test('hides no other mistake', () => {
    const steps = ['- where: "EU" == region', '- select:', '    x: a ? b : c', '    y: [1].size()', "    z: 'a' + b", '- whre: 1']
    expect(said(`${withSteps(...steps)}\nservr: {}`).map(line => line.split(' ')[0])).toEqual([
      '6:21',
      '8:14',
      '9:17',
      '10:18',
      '11:9',
      '12:1',
    ])
  })
})

describe('YAML that is none', () => {
  test.each([
    ['sources: [', '1:11 sources: a bracket is not closed, or what it holds is not indented'],
    ['sources: {a: http://x}}', '1:23 sources.a: this bracket closes nothing'],
    ['sources:\n\ta: 1', '2:1 indent with spaces: YAML knows no tabs here'],
    ['sources: {a: http://x}\n---\nfeeds: {}', '2:1 a config is one document: `---` begins a second one'],
    ['sources: "http', '1:15 sources: a quote is never closed'],
    ['log: info\n  level: warn', '1:6 log: this has a value, and the line below is indented as if it belonged to it'],
    ['? [a]\n: b', '1:3 expected a name before the colon'],
    ['sources: {a: http://x}\nfeeds', '2:1 expected a colon, a blank and a value after this name'],
    ['- a\nsources: {}\nfeeds: {}', expect.stringMatching(/^2:1 /)],
    ['sources: {a, b: http://x}', expect.stringMatching(/^1:11 sources\.a: this name has no value/)],
    ['a: &x [*x]', expect.stringMatching(/^1:8 a\[0\]: the alias \*x stands inside its own anchor$/)],
    [`a: ${'['.repeat(100_000)}`, expect.stringMatching(/^1:\d+ nested deeper than 200 levels$/)],
    ['- '.repeat(100_000), expect.stringMatching(/^1:\d+ nested deeper than 200 levels$/)],
    [`a: ${'x'.repeat(2 ** 20)}`, '1:1 the file is longer than 1 MiB'],
  ])('%.60s', (text, expected) => {
    expect(said(text)).toContainEqual(expected)
  })

  test('cannot blow up: a small file of aliases that stands for a billion values', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let i = 1; i < 10; i++) lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`)
    expect(said(lines.join('\n'))).toContainEqual(expect.stringMatching(/more than 100000 values$/))
  })
})

describe('a `${` that is not closed hides nothing that follows', () => {
  const rest = '  b: {url: http://y, evry: 10s}'
  const others = (column: number): string[] => [
    `2:${column} sources.a.every: expected a time with a unit from 10ms to 24d, such as 10s, or {average: 10s}, or a cron pattern; found 10`,
    '3:22 sources.b.evry: unknown key `evry` (did you mean `every`?)',
  ]
  const unclosed = (column: number, path: string): string =>
    `2:${column} sources.a.${path}: \`\${\` is not closed (write \${NAME}, or $\${ for the characters themselves)`

  test.each([
    ['{url: "http://h/${TOKEN", every: 10}', 22, 'url', 39],
    ["{url: 'http://h/${TOKEN', every: 10}", 22, 'url', 39],
    ['{url: http://h, headers: {x: ${A, y: b}, every: 10}', 35, 'headers.x', 54],
    ['{url: http://h/${A, every: 10}', 21, 'url', 33],
  ])('%s', (source, at, path, every) => {
    expect(said(`sources:\n  a: ${source}\n${rest}`)).toEqual([unclosed(at, path), ...others(every)])
  })

  test('and quotes, commas and braces may stand in what is closed, or meant as it is', () => {
    const { sources } = good(
      `sources:
  a: {url: http://h, headers: {a: "\${A:-it's}", b: "\${B:-x, y}", c: "\${C}", d: "$\${", e: '\${D:-"}'}}`,
      { env: { C: 'c' } },
    )
    expect(sources[0]).toMatchObject({
      http: {
        headers: new Map([
          ['a', "it's"],
          ['b', 'x, y'],
          ['c', 'c'],
          ['d', '${'],
          ['e', '"'],
        ]),
      },
    })
  })
})
