import { expect, test } from 'vitest'
import { alertLines } from '../../src/elements/alert-list.ts'

test('firing first, then pending, then resolved, then what is not known; within a state as the feed orders them', () => {
  const row = (key: string, state: string) => ({ key, state })
  const rows = [row('a', 'resolved'), row('b', 'pending'), row('c', 'asleep'), row('d', 'firing'), row('e', 'pending'), row('f', 'firing')]
  expect(alertLines(rows).map(({ key }) => key)).toEqual(['d', 'f', 'b', 'e', 'a', 'c'])
})

test('an alert says its text, else the name of its row; each state has a tone of its own', () => {
  const [said, bare] = alertLines([
    { key: 'eu', state: 'firing', since: 5, severity: 'page', text: 'eu has 3 bikes' },
    { key: '["eu",1]', state: 'resolved', since: null, severity: null, text: null },
  ])
  expect(said).toEqual({ key: 'eu', state: 'firing', tone: 'down', severity: 'page', text: 'eu has 3 bikes', since: 5 })
  expect(bare).toEqual({ key: '["eu",1]', state: 'resolved', tone: 'fresh', severity: '', text: 'eu · 1', since: undefined })
})
