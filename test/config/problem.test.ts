import { expect, test } from 'vitest'
import { printProblem, printProblems, type Problem } from '../../src/config/problem.ts'
import { SourceText } from '../../src/config/source-text.ts'

function problem(text: string, from: number, to: number): Problem {
  return { file: 'm.yaml', place: new SourceText(text).place(from, to), path: 'a.b', message: 'wrong', hint: 'mend it' }
}

test('shows file, line, column, path, the line with a caret under each character, and the mend', () => {
  expect(printProblem(problem('one\n  two: three\n', 11, 16))).toBe(
    ['m.yaml:2:8: a.b: wrong', '  2 |   two: three', '    |        ^^^^^', '  mend it'].join('\n'),
  )
})

test('knows lines that end with \\n, \\r\\n and \\r', () => {
  const source = new SourceText('a\nb\r\nc\rd')
  expect([0, 1, 2, 3, 5, 6, 7, 8].map(offset => [source.place(offset, offset).line, source.place(offset, offset).column])).toEqual([
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
    [3, 1],
    [3, 2],
    [4, 1],
    [4, 2],
  ])
  expect(source.place(2, 3).text).toBe('b')
  expect(source.place(99, 99)).toEqual({ line: 4, column: 2, length: 1, text: 'd' })
})

test('marks at most the line, and at least one character', () => {
  expect(
    printProblem(problem('ab\ncd', 1, 5))
      .split('\n')
      .slice(1, 3),
  ).toEqual(['  1 | ab', '    |  ^'])
  expect(
    printProblem(problem('', 0, 0))
      .split('\n')
      .slice(1, 3),
  ).toEqual(['  1 | ', '    | ^'])
})

test('cuts a long line around what it means', () => {
  const lines = printProblem(problem(`${'x'.repeat(500)}HERE${'y'.repeat(500)}`, 500, 504)).split('\n')
  const [shown = '', carets = ''] = lines.slice(1, 3)
  expect(shown.length).toBeLessThan(130)
  expect(shown.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('HERE')
})

test('lets nothing in a file steer the terminal', () => {
  const text = printProblem({ ...problem('\ta: \u001b[31mred\u202e', 1, 2), message: 'found \u001b]0;x\u0007', file: 'a\nb' })
  for (const character of ['\u001b', '\u0007', '\u202e', '\t']) expect(text).not.toContain(character)
  expect(text.split('\n')).toHaveLength(4)
})

test('puts the caret right behind wide characters of two units', () => {
  expect(
    printProblem(problem('a: 😀 x', 6, 7))
      .split('\n')
      .slice(1, 3),
  ).toEqual(['  1 | a: 😀 x', '    |      ^'])
})

test('is coloured only where asked for', () => {
  const colored = printProblem(problem('abc', 1, 2), { color: true })
  expect(colored).toContain('\u001b[1mm.yaml:1:2: a.b: wrong\u001b[0m')
  expect(colored).toContain('\u001b[31m^\u001b[0m')
  // oxlint-disable-next-line no-control-regex
  expect(colored.replaceAll(/\u001b\[\d+m/g, '')).toBe(printProblem(problem('abc', 1, 2)))
})

test('counts problems, or warnings where there are only such', () => {
  const one: Problem = { file: 'f', path: '', message: 'wrong' }
  expect(printProblems([one, one])).toBe('f: wrong\n\nf: wrong\n\n2 problems')
  expect(printProblems([{ ...one, isWarning: true }])).toBe('f: warning: wrong\n\n1 warning')
})
