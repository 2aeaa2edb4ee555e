import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { commandWords } from '../../src/lib/command-words.ts'

test.each([
  ['uptime', ['uptime']],
  ["  psql  --csv -c 'select 1'  ", ['psql', '--csv', '-c', 'select 1']],
  ['say "a \\"b\\" \\\\ \\n" c', ['say', 'a "b" \\ \\n', 'c']],
  ["a'b c'd", ['ab cd']],
  ['a\\ b', ['a b']],
  ['x \'\' ""', ['x', '', '']],
  ["jq '.[] | {a}'", ['jq', '.[] | {a}']],
  ['df --output=source,pcent', ['df', '--output=source,pcent']],
])('%s', (command, words) => {
  expect(commandWords(command)).toEqual(words)
})

test.each([
  ['', 'expected a command'],
  ['  ', 'expected a command'],
  ["a 'b", 'expected quotes to be closed'],
  ['a "b\\"', 'expected quotes to be closed'],
  ['a \\', 'expected quotes to be closed'],
  ['ls | wc', "expected a command without '|', as no shell runs it; quote it, or say [sh, -c, ..]"],
  ['echo $HOME', "expected a command without '$', as no shell runs it; quote it, or say [sh, -c, ..]"],
])('refuses: %s', (command, why) => {
  expect(() => commandWords(command)).toThrow(why)
})

test('what stands in quotes comes out as it went in', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), words => {
      const quoted = words.map(word => `"${word.replaceAll(/(["\\])/g, '\\$1')}"`).join(' ')
      expect(commandWords(quoted)).toEqual(words)
    }),
  )
})
