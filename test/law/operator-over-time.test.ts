import * as fc from 'fast-check'
import { map, type OperatorFunction } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { compileExpression } from '../../src/expression/expression.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { Extent } from '../../src/lib/option.ts'
import type { Cell, Row } from '../../src/model/row.ts'
import type { Sample } from '../../src/model/table.ts'
import { alert, type Alert } from '../../src/operator/alert.ts'
import type { Aggregate } from '../../src/operator/aggregate.ts'
import { change, naiveChange } from '../../src/operator/change.ts'
import { events, naiveEvents } from '../../src/operator/events.ts'
import { fill, naiveFill, type Fill } from '../../src/operator/fill.ts'
import { keep, naiveKeep } from '../../src/operator/keep.ts'
import { naiveRate, rate } from '../../src/operator/rate.ts'
import type { Value } from '../../src/operator/row-function.ts'
import { naiveSeries, series } from '../../src/operator/series.ts'
import type { Operator } from '../../src/operator/stage.ts'
import { naiveWindow, window, type Window } from '../../src/operator/window.ts'
import { naiveAlerts } from '../operator/naive-alerts.ts'
import { obeysOverTime, startMs, type Definition } from '../operator/timed-history.ts'

const runs = { numRuns: 80 }
const cel = (text: string) => compileExpression(text, { origin: 'config' })

interface Case {
  readonly create: (clock: Clock) => Operator
  readonly definition: Definition
  /** Time alone changes nothing. */
  readonly samplesOnly?: boolean
  /** When samples came does not count, only that they came. */
  readonly isTimeless?: boolean
  /** It looks at every row of every sample. */
  readonly looksAtAll?: boolean
}

const numbers = new Map<string, Value>([
  ['a', cel('n')],
  ['b', (row: Row) => row['__proto__'] ?? null],
  ['id', () => 'never'],
  ['late', cel('late')],
])
const cases: Readonly<Record<string, Case>> = {}

function add(name: string, one: Case): void {
  Object.assign(cases, { [name]: one })
}

for (const overMs of [2000, 5000, 12_000]) {
  add(`rate over ${overMs}`, {
    create: clock => rate({ overMs, columns: numbers, maxPoints: 1000 }, clock),
    definition: (inputs, now) => naiveRate(inputs, now, { overMs, columns: numbers }),
    samplesOnly: true,
  })
}
for (const over of [{}, { overMs: 3000 }, { overMs: 10_000 }] as { overMs?: number }[]) {
  add(`change ${JSON.stringify(over)}`, {
    create: clock => change({ ...over, columns: numbers, maxPoints: 1000 }, clock),
    definition: (inputs, now) => naiveChange(inputs, now, { ...over, columns: numbers }),
    samplesOnly: true,
    isTimeless: over.overMs === undefined,
  })
}
const aggregates = new Map<string, Aggregate>([
  ['some', { name: 'count', value: cel('n > 1') }],
  ['avg', { name: 'avg', value: cel('n') }],
  ['max', { name: 'max', value: cel('late') }],
  ['first', { name: 'first', value: cel('n') }],
  ['last', { name: 'last', value: cel('row["__proto__"]') }],
  ['distinct', { name: 'distinct', value: cel('region') }],
  ['p50', { name: 'p50', value: cel('n') }],
])
/** Aggregates that stay while the row stays. */
const steady = new Map([...aggregates].filter(([, { name }]) => name !== 'count'))
const happened = (row: Row): Cell => (typeof row['n'] === 'number' ? startMs + row['n'] * 10_000 : null)
const windows: Readonly<Record<string, Omit<Window, 'maxGroups'>>> = {
  'a window': { sizeMs: 5000, columns: aggregates, latenessMs: 0 },
  'a long window': { sizeMs: 60_000, columns: steady, latenessMs: 0 },
  'a window that slides': { sizeMs: 6000, slideMs: 2000, columns: aggregates, latenessMs: 0 },
  'a window that slides over what stays': { sizeMs: 9000, slideMs: 3000, columns: steady, latenessMs: 0 },
  'a window by time': { sizeMs: 5000, columns: aggregates, time: happened, latenessMs: 3000 },
  'a window by time that slides': { sizeMs: 12_000, slideMs: 4000, columns: aggregates, time: happened, latenessMs: 0 },
}
for (const [name, options] of Object.entries(windows)) {
  add(name, {
    create: clock => window({ ...options, maxGroups: 100 }, clock),
    definition: (inputs, now) => naiveWindow(inputs, now, options),
    samplesOnly: options.slideMs !== undefined,
  })
}

const extents: readonly Extent[] = [
  { kind: 'count', count: 3 },
  { kind: 'time', ms: 7000 },
  { kind: 'time', ms: 60_000 },
]
for (const keeps of extents) {
  const isTimeless = keeps.kind === 'count'
  const of = keeps.kind === 'count' ? '3' : `${keeps.ms} ms`
  add(`series of ${of}`, {
    create: clock => series({ columns: numbers, keep: keeps, maxPoints: 1000 }, clock),
    definition: inputs => naiveSeries(inputs, { columns: numbers, keep: keeps }),
    samplesOnly: true,
    looksAtAll: true,
  })
  add(`events of ${of}`, {
    create: clock => events({ keep: keeps, maxPoints: 1000 }, clock),
    definition: inputs => naiveEvents(inputs, { keep: keeps }),
    samplesOnly: true,
  })
  add(`keep ${of}`, {
    create: clock => keep({ extent: keeps }, clock),
    definition: inputs => naiveKeep(inputs, keeps),
    samplesOnly: true,
    isTimeless: isTimeless || keeps.ms > 10_000,
  })
}
add('events of some columns', {
  create: clock => events({ columns: ['n', 'late'], keep: { kind: 'count', count: 50 }, maxPoints: 1000 }, clock),
  definition: inputs => naiveEvents(inputs, { columns: ['n', 'late'], keep: { kind: 'count', count: 50 } }),
  samplesOnly: true,
})
const fills: readonly Fill[] = [
  {
    columns: new Map<string, 'last' | number | boolean>([
      ['n', 'last'],
      ['late', 0],
      ['id', 1],
      ['__proto__', 'last'],
    ]),
    maxAgeMs: 6000,
  },
  {
    columns: new Map<string, 'last' | number | boolean>([
      ['n', 'last'],
      ['region', false],
    ]),
  },
]
for (const options of fills) {
  add(`fill up to ${options.maxAgeMs ?? 'any'} ms`, {
    create: clock => fill(options, clock),
    definition: inputs => naiveFill(inputs, options),
    samplesOnly: true,
    isTimeless: options.maxAgeMs === undefined,
  })
}

const alerts: Readonly<Record<string, Partial<Alert>>> = {
  'an alert at once': { forMs: 0 },
  'an alert for 3 s': { forMs: 3000, text: (row, key) => `${key} ${JSON.stringify(row['n'])}` },
  'an alert that resolves by itself': { forMs: 1000, resolve: cel('n == 0'), keepFiringForMs: 4000 },
  'an alert that resolves what is gone': { forMs: 2000, keepFiringForMs: 2000, onMissing: 'resolve' },
  'an alert of what is gone': { forMs: 3000, onMissing: 'fire' },
}
for (const [name, options] of Object.entries(alerts)) {
  const whole: Alert = { when: cel('n > 1'), forMs: 0, keepFiringForMs: 0, onMissing: 'keep', maxGroups: 100, ...options }
  add(name, {
    create: clock => alert(whole, clock),
    definition: (inputs, now) => naiveAlerts(inputs, now, whole),
  })
}

const names = Object.keys(cases)

function lawOf(name: string, wrap: (operator: Operator) => Operator = operator => operator) {
  const one = cases[name]
  if (one === undefined) throw new Error(name)
  const { create, definition, samplesOnly = false } = one
  return obeysOverTime(clock => wrap(create(clock)), definition, { samplesOnly })
}

describe('L10: at every tick and after every timer an operator that looks back is its definition', () => {
  test.each(names)('%s', name => {
    fc.assert(lawOf(name), runs)
  })
})

type Fault = OperatorFunction<Sample, Sample>

const standStill: Readonly<Record<string, () => Fault>> = {
  'time stands still': () => map(sample => ({ ...sample, time: 1 })),
}
const unseen: Readonly<Record<string, () => Fault>> = {
  'only new rows count as changed': () =>
    map(sample =>
      sample.changes === 'all' ? sample : { ...sample, changes: new Map([...sample.changes].filter(([, row]) => row === undefined)) },
    ),
}
const forgetful: Readonly<Record<string, () => Fault>> = {
  'rows that leave stay': () => {
    const rows = new Map<string, Row>()
    return map(sample => {
      for (const [key, row] of sample.table.rows) rows.set(key, row)
      return { ...sample, table: { ...sample.table, rows } }
    })
  },
}

function isSeen(law: ReturnType<typeof lawOf>): boolean {
  return fc.check(law, { numRuns: 400, seed: 7, endOnFailure: true }).failed
}

describe('the law sees faults before', () => {
  test.each(names)('%s', name => {
    expect(fc.check(lawOf(name), { numRuns: 50, seed: 7 }).failed).toBe(false)
    const { isTimeless = false, looksAtAll = false } = cases[name] ?? {}
    const faults = { ...forgetful, ...(isTimeless ? {} : standStill), ...(looksAtAll ? {} : unseen) }
    for (const [fault, make] of Object.entries(faults)) {
      const law = lawOf(name, operator => samples => samples.pipe(make(), operator))
      expect([fault, isSeen(law)]).toEqual([fault, true])
    }
  })
})

const patient: Alert = {
  when: cel('n > 1'),
  forMs: 3000,
  keepFiringForMs: 0,
  onMissing: 'keep',
  maxGroups: 100,
  text: (row, key) => `${key} ${JSON.stringify(row['n'])}`,
}

/** Operators that are not quite what the definition of a case says. */
const wrong: readonly (readonly [name: string, fault: string, create: Case['create']])[] = [
  ['rate over 5000', 'one sample too many', clock => rate({ overMs: 6000, columns: numbers, maxPoints: 1000 }, clock)],
  ['rate over 5000', 'numbers forgotten', clock => rate({ overMs: 5000, columns: numbers, maxPoints: 3 }, clock)],
  ['change {"overMs":3000}', 'another time ago', clock => change({ overMs: 2000, columns: numbers, maxPoints: 1000 }, clock)],
  ['a window', 'another size', clock => window({ sizeMs: 6000, columns: aggregates, latenessMs: 0, maxGroups: 100 }, clock)],
  ['a window', 'rows left out', clock => window({ sizeMs: 5000, columns: aggregates, latenessMs: 0, maxGroups: 2 }, clock)],
  [
    'a window that slides',
    'a pane too many',
    clock => window({ sizeMs: 8000, slideMs: 2000, columns: aggregates, latenessMs: 0, maxGroups: 100 }, clock),
  ],
  [
    'a window by time',
    'less patience',
    clock => window({ sizeMs: 5000, columns: aggregates, time: happened, latenessMs: 2000, maxGroups: 100 }, clock),
  ],
  ['an alert for 3 s', 'less patience', clock => alert({ ...patient, forMs: 2000 }, clock)],
  ['an alert for 3 s', 'what is gone resolves', clock => alert({ ...patient, onMissing: 'resolve' }, clock)],
  ['an alert for 3 s', 'what fires goes on', clock => alert({ ...patient, keepFiringForMs: 1000 }, clock)],
  ['change {}', 'a time ago', clock => change({ overMs: 1000, columns: numbers, maxPoints: 1000 }, clock)],
]

test.each(wrong)('the law of %s sees: %s', (name, _, create) => {
  const one = cases[name]
  if (one === undefined) throw new Error(name)
  expect(isSeen(obeysOverTime(create, one.definition, { samplesOnly: one.samplesOnly ?? false }))).toBe(true)
})
