import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePrometheus, looksLikePrometheus } from '../../src/decode/prometheus.ts'
import { prometheusNumber } from '../../src/decode/prometheus-line.ts'
import { printSeries } from '../../src/decode/prometheus-series.ts'
import { decoded, refusal, tableOf } from '../support/decode.ts'

const text = { isOpenMetrics: false, maxRows: 1000 }
const open = { isOpenMetrics: true, maxRows: 1000 }

function rows(body: string, options = text): readonly unknown[] {
  return decodePrometheus(body, options).rows
}

const exposition = `# HELP http_requests_total The number of "requests" \\\\ \\n more
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400",}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf -3982045
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
\trpc_duration_seconds { quantile = "0.5" , } NaN
`

describe('Prometheus text', () => {
  test('a series is a row: its labels are columns, its label set is the key', () => {
    const table = tableOf({ body: exposition, type: 'text/plain; version=0.0.4; charset=utf-8' })
    expect([...table.values()].slice(0, 2)).toEqual([
      {
        series: 'http_requests_total{code="200",method="post"}',
        metric: 'http_requests_total',
        method: 'post',
        code: '200',
        value: 1027,
        time: 1395066363000,
      },
      {
        series: 'http_requests_total{code="400",method="post"}',
        metric: 'http_requests_total',
        method: 'post',
        code: '400',
        value: 3,
        time: 1395066363000,
      },
    ])
    expect([...table.keys()].slice(2)).toEqual([
      'msdos_file_access_time_seconds{error="Cannot find file:\\n\\"FILE.TXT\\"",path="C:\\\\DIR\\\\FILE.TXT"}',
      'metric_without_timestamp_and_labels',
      'something_weird{problem="division by zero"}',
      'http_request_duration_seconds_bucket{le="0.05"}',
      'http_request_duration_seconds_bucket{le="+Inf"}',
      'http_request_duration_seconds_sum',
      'rpc_duration_seconds{quantile="0.5"}',
    ])
  })

  test('NaN and infinite values are null; infinite ones are said', () => {
    expect(rows('a NaN\nb -Inf\nc +Inf')).toMatchObject([{ value: null }, { value: null }, { value: null }])
    expect(decoded({ body: exposition }).remarks).toEqual([{ about: 'infinite', sentence: '1 sample is infinite: its value is null' }])
  })

  test('quoted names of Prometheus 3', () => {
    expect(rows('{"http.status","http.code"="200",ok="1"} 5\n{"my \\"metric\\"",} 1\nx{"a b"="c"} 2')).toEqual([
      { series: '{"http.status","http.code"="200",ok="1"}', metric: 'http.status', 'http.code': '200', ok: '1', value: 5 },
      { series: '{"my \\"metric\\""}', metric: 'my "metric"', value: 1 },
      { series: 'x{"a b"="c"}', metric: 'x', 'a b': 'c', value: 2 },
    ])
  })

  test('a label that is called as a column of ours stands in exported_..', () => {
    expect(rows('m{value="v",metric="w",exported_value="x",__proto__="p"} 1')[0]).toEqual(
      Object.fromEntries<unknown>([
        ['series', 'm{__proto__="p",exported_value="x",metric="w",value="v"}'],
        ['metric', 'm'],
        ['exported_exported_value', 'v'],
        ['exported_metric', 'w'],
        ['exported_value', 'x'],
        ['__proto__', 'p'],
        ['value', 1],
      ]),
    )
  })

  test('an empty label is none', () => {
    expect(rows('m{a="",b="c"} 1')).toEqual([{ series: 'm{b="c"}', metric: 'm', b: 'c', value: 1 }])
  })

  test.each([
    ['a', 'column 2: a value is missing, or a character stands in the name that none may have'],
    ['a-b 1', 'column 2: a value is missing, or a character stands in the name that none may have'],
    ['1a 1', 'column 1: a name of a metric is needed'],
    ['a ', 'column 3: a value is missing'],
    ['a x', 'column 3: a value is no number that a double can hold'],
    ['a 1e999', 'column 3: a value is no number that a double can hold'],
    ['a 0x10', 'column 3: a value is no number that a double can hold'],
    ['a 1 1.5', 'column 5: a time is a whole number of milliseconds'],
    ['a 1 2 3', 'column 7: more stands behind the value and time'],
    ['a{b="c} 1', 'column 5: the value of a label is not closed'],
    ['a{b=c} 1', 'column 5: a value of a label stands in quotes'],
    ['a{b="c" d="e"} 1', 'column 9: a comma or } is needed'],
    ['a{b} 1', 'column 4: a label needs = and a value in quotes'],
    ['a{1b="c"} 1', 'column 3: a name of a label is needed'],
    ['a{b="c",b="d"} 1', 'column 11: the label b stands there twice'],
    ['a{"b"} 1', 'column 6: a label needs = and a value in quotes'],
    ['{b="c"} 1', 'column 8: a name of a metric is needed'],
    ['{"b","c"} 1', 'column 9: a label needs = and a value in quotes'],
    ['# TYPE a banana', 'a has the type "banana", which is none'],
    ['# HELP 1a x', 'column 1: a name of a metric is needed'],
  ])('refused with line and reason: %s', (line, reason) => {
    expect(refusal(() => rows(`ok 1\n${line}\nok 2`))).toBe(`decode: line 2: ${reason}`)
  })
})

test('comments may be indented, a help may be of nothing, and gauge_histogram is a type', () => {
  const body = '\t# HELP a.b c\n  # HELP\n # TYPE  a  gauge_histogram\n\t# any\n\ta 1\n'
  expect(rows(body.replace('a.b', 'a'))).toEqual([{ series: 'a', metric: 'a', value: 1 }])
  expect(looksLikePrometheus(body)).toBe(true)
  expect(refusal(() => rows(' # TYPE a gauge\n# EOF', open))).toMatch(/^decode: line 1: column 2: /)
})

describe('OpenMetrics', () => {
  const body = `# TYPE foo counter
# UNIT foo seconds
# HELP foo help
foo_total{a="b"} 17.0 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67 1520879607.7
foo_created{a="b"} 1520430000.123
bar_bucket{le="0.1"} 8 # {} 0.054
# EOF
`
  test('times are seconds, exemplars are read and left out', () => {
    expect(rows(body, open)).toEqual([
      { series: 'foo_total{a="b"}', metric: 'foo_total', a: 'b', value: 17, time: 1520879607789 },
      { series: 'foo_created{a="b"}', metric: 'foo_created', a: 'b', value: 1520430000.123 },
      { series: 'bar_bucket{le="0.1"}', metric: 'bar_bucket', le: '0.1', value: 8 },
    ])
  })

  test('is told from Prometheus text by its media type, and by how it ends', () => {
    expect(tableOf({ body }).get('foo_total{a="b"}')).toMatchObject({ time: 1520879607789 })
    expect(refusal(() => decoded({ body: 'a 1\n', type: 'application/openmetrics-text; version=1.0.0' }))).toBe(
      'decode: the OpenMetrics text is cut short: it does not end with # EOF',
    )
  })

  test.each([
    ['a 1\n# EOF\nb 1', 'line 3: more stands behind # EOF'],
    ['a 1\n\n# EOF', 'line 2: OpenMetrics has no empty lines'],
    ['# hello\n# EOF', 'line 1: OpenMetrics has no comments but HELP, TYPE, UNIT and EOF'],
    ['a 1 # x\n# EOF', 'line 1: column 7: an exemplar begins with its labels'],
    ['a 1 # {a="b"}\n# EOF', 'line 1: column 14: the value of an exemplar is missing'],
    [`a 1 # {a="${'x'.repeat(128)}"} 1\n# EOF`, 'line 1: column 141: the labels of an exemplar have more than 128 characters'],
    ['a 1 x\n# EOF', 'line 1: column 5: a time is a number of seconds'],
  ])('refused: %j', (text, reason) => {
    expect(refusal(() => rows(text, open))).toBe(`decode: ${reason}`)
  })
})

describe('what OpenMetrics demands of numbers', () => {
  const typed = (type: string, ...lines: readonly string[]): string => [`# TYPE a ${type}`, ...lines, '# EOF'].join('\n')

  test.each([
    ['counter', ['a_total -1'], 'line 2: a_total counts, and is negative'],
    ['summary', ['a_sum -1', 'a_count -1'], 'line 3: a_count counts, and is negative'],
    ['gaugehistogram', ['a_gsum -1', 'a_bucket{le="+Inf"} -1'], 'line 3: a_bucket{le="+Inf"} counts, and is negative'],
    ['gauge', ['a 1', 'b 1', 'a 2'], 'line 4: a stands there twice'],
    ['gauge', ['a 1 5', 'a 2'], 'line 3: a stands there twice'],
    ['gauge', ['a 1', 'a 2 5'], 'line 3: a stands there twice'],
    ['gauge', ['a{b="c"} 1 5', 'a{b="c"} 2 4.9'], 'line 3: a{b="c"} stood there before with a newer time'],
    [
      'histogram',
      ['a_bucket{x="1",le="1"} 3', 'a_bucket{x="2",le="1"} 1', 'a_bucket{x="1",le="+Inf"} 5', 'a_bucket{x="1",le="2.5"} 2'],
      'line 5: the bucket le="2.5" holds fewer than that of le="1", which is within it',
    ],
  ])('is refused where it does not hold, with the line: %s %j', (type, lines, reason) => {
    expect(refusal(() => rows(typed(type, ...lines), open))).toBe(`decode: ${reason}`)
    // Of a metric that says nothing of itself, and in the text format, it is what the exporter says.
    expect(refusal(() => rows(lines.join('\n').replaceAll(/ (5|4.9)$/gm, ' 5000')))).toBe('accepted')
  })

  test('of several times the newest counts', () => {
    const body = typed('gauge', 'a 1 5', 'b 7 5', 'a 2 7.5', 'a 3 7.5')
    expect(rows(body, open)).toEqual([
      { series: 'a', metric: 'a', value: 3, time: 7500 },
      { series: 'b', metric: 'b', value: 7, time: 5000 },
    ])
    expect(decoded({ body }).remarks).toEqual([])
  })

  test('is no more than what would make a number wrong: what real exporters do is read', () => {
    const lenient = [
      typed('counter', 'a_total NaN', 'a -0'),
      typed('summary', 'a{quantile="0.5"} -1', 'a_sum -3', 'a_count 2'),
      // Counted without a lock, and in an order of its own.
      typed('histogram', 'a_sum -1', 'a_count 3', 'a_bucket{le="+Inf"} 2', 'a_bucket{le="1"} 2', 'a_bucket{le="x"} 9'),
      typed('info', 'a_info 2', '# TYPE a counter'),
    ]
    for (const body of lenient) expect(refusal(() => rows(body, open))).toBe('accepted')
  })
})

describe('native histograms', () => {
  const spread = 'schema:0,zero_threshold:1e-3,zero_count:4,positive_spans:[0:2,1:2],positive_deltas:[2,1,-3,3]'
  const body = `# TYPE h histogram
h{a="b"} {count:24,sum:100.5,${spread}} 1520879607.789 # {id="x"} 0.5
# TYPE g gaugehistogram
g { count : 3 , sum : -1 }
{"q r",a="b"} {count:1,sum:NaN,${spread}}
# EOF
`
  test('of each the count and the sum are rows, which is said', () => {
    expect(rows(body, open)).toEqual([
      { series: 'h_count{a="b"}', metric: 'h_count', a: 'b', value: 24, time: 1520879607789 },
      { series: 'h_sum{a="b"}', metric: 'h_sum', a: 'b', value: 100.5, time: 1520879607789 },
      { series: 'g_gcount', metric: 'g_gcount', value: 3 },
      { series: 'g_gsum', metric: 'g_gsum', value: -1 },
      { series: '{"q r_count",a="b"}', metric: 'q r_count', a: 'b', value: 1 },
      { series: '{"q r_sum",a="b"}', metric: 'q r_sum', a: 'b', value: null },
    ])
    const remark = { about: 'histograms', sentence: 'of 3 native histograms the count and the sum are rows, and the buckets are left out' }
    expect(decoded({ body }).remarks).toEqual([remark])
  })

  test('told as classic ones too they are no other rows for that', () => {
    const both = `h {count:24,sum:100,${spread}}\nh_bucket{le="+Inf"} 24\nh_count 24\nh_sum 100\n`
    expect(rows(both)).toEqual([
      { series: 'h_bucket{le="+Inf"}', metric: 'h_bucket', le: '+Inf', value: 24 },
      { series: 'h_count', metric: 'h_count', value: 24 },
      { series: 'h_sum', metric: 'h_sum', value: 100 },
    ])
  })

  test('told for several times are worth the newest, and refused where none is', () => {
    const at = (...times: readonly string[]): string => times.map((time, i) => `h {count:${i},sum:${i}}${time}\n`).join('') + '# EOF\n'
    expect(rows(at(' 5', ' 6'), open)).toEqual([
      { series: 'h_count', metric: 'h_count', value: 1, time: 6000 },
      { series: 'h_sum', metric: 'h_sum', value: 1, time: 6000 },
    ])
    expect(refusal(() => rows(at(' 6', ' 5'), open))).toBe('decode: line 2: h stood there before with a newer time')
    expect(refusal(() => rows(at('', ''), open))).toBe('decode: line 2: h stands there twice')
  })

  test.each([
    ['h {count:24', 'column 12: a native histogram is not closed by }'],
    ['h {count:24,sum}', 'column 16: a native histogram is of names, each with : and a value'],
    ['h {count:24,spans:[0:2}', 'column 19: a native histogram is of names, each with : and a value'],
    [
      'h {count:24} 1',
      'column 3: a native histogram has a count and a sum, which are all that is read of it: ask for the text format instead',
    ],
    [
      'h {count:24,sum:x}',
      'column 3: a native histogram has a count and a sum, which are all that is read of it: ask for the text format instead',
    ],
    ['h{a="b"} {c="d"} 1', 'column 10: a value is no number that a double can hold'],
  ])('refused with line and reason: %s', (line, reason) => {
    expect(refusal(() => rows(`ok 1\n${line}`))).toBe(`decode: line 2: ${reason}`)
  })
})

describe("what Prometheus' API answers to an instant query", () => {
  const answer = (...result: readonly object[]): string => JSON.stringify({ status: 'success', data: { resultType: 'vector', result } })
  const at = (metric: object, value: string): object => ({ metric, value: [1764115200.781, value] })

  test('is a row for each series, without the time of the question; none is an empty table of the same key', () => {
    const body = answer(at({ __name__: 'up', job: 'a', value: 'x' }, '1'), at({ job: 'b' }, 'NaN'), at({}, '+Inf'))
    expect(decoded({ body }).document).toEqual([
      { series: 'up{job="a",value="x"}', metric: 'up', job: 'a', exported_value: 'x', value: 1 },
      { series: '{job="b"}', job: 'b', value: null },
      { series: '{}', value: null },
    ])
    expect(decoded({ body }).remarks).toEqual([{ about: 'infinite', sentence: '1 sample is infinite: its value is null' }])
    expect(decoded({ body: answer() })).toMatchObject({ document: [], key: 'series' })
    expect(refusal(() => decoded({ body }, { maxRows: 2 }))).toBe('too_large: maxRows: 2 exceeded')
  })

  test('stays the JSON that it is where that, or where its rows are, is said, and where it is another answer', () => {
    const body = answer(at({ job: 'a' }, '1'))
    for (const more of [{ rows: 'data.result' }, { format: 'json' as const }])
      expect(decoded({ body }, more).document).toEqual(JSON.parse(body))
    const histogram = answer({ metric: { job: 'a' }, histogram: [1, {}] })
    expect(decoded({ body: histogram }).document).toEqual(JSON.parse(histogram))
  })
})

test('by looking: samples or descriptions before anything else', () => {
  for (const body of [exposition, '# just a comment\na_b 1', 'up{job="x"} 1 1395066363000', '{"a.b"} 2', 'a NaN'])
    expect(looksLikePrometheus(body)).toBe(true)
  for (const body of ['a,b\n1,2', 'hello world', '<a>1</a>', '# comment\na,b', '12 13', '']) expect(looksLikePrometheus(body)).toBe(false)
})

test('what is printed is read again: any names, any label values, any numbers', () => {
  const name = fc.oneof(fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,8}$/), fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }))
  const label = fc.tuple(
    name,
    fc.string({ unit: 'binary', maxLength: 8 }).filter(value => value !== ''),
  )
  const labels = fc.uniqueArray(label, { selector: ([key]) => key, maxLength: 4 })
  const value = fc.double({ noNaN: true, noDefaultInfinity: true }).map(number => (number === 0 ? 0 : number))
  const series = fc.record({ name, labels, value, time: fc.option(fc.nat()) })
  fc.assert(
    fc.property(fc.array(series, { maxLength: 5 }), all => {
      const written = all.map(
        one => `${printSeries(one.name, one.labels)} ${String(one.value)}${one.time === null ? '' : ` ${one.time}`}\n`,
      )
      const read = decodePrometheus(written.join(''), text).rows
      expect(read.map(({ series, metric, value, time = null }) => ({ series, metric, value, time }))).toEqual(
        all.map(one => ({ series: printSeries(one.name, one.labels), metric: one.name, value: one.value, time: one.time })),
      )
    }),
    { numRuns: 500 },
  )
})

test('numbers as Prometheus writes them', () => {
  expect(['1', '-1.5', '.5', '5.', '1e5', '1E-5', '+1'].map(prometheusNumber)).toEqual([1, -1.5, 0.5, 5, 100000, 0.00001, 1])
  expect(['+Inf', 'Inf', '-inf', 'infinity', 'NaN', 'nan'].map(prometheusNumber)).toEqual([
    Infinity,
    Infinity,
    -Infinity,
    Infinity,
    NaN,
    NaN,
  ])
  expect(['', '-', '1e', '1_000', '0x1', 'e5', '1e400'].map(prometheusNumber)).toEqual(Array.from({ length: 7 }))
})

test('random pieces are refused with their line or read', () => {
  const piece = fc.constantFrom(
    'a',
    '_b',
    '{',
    '}',
    '"',
    '\\',
    '=',
    ',',
    ' ',
    '1',
    '+Inf',
    '#',
    '# TYPE ',
    '# HELP ',
    'counter',
    '\n',
    '\t',
    '# EOF',
    '{"x"',
    'é',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), fc.boolean(), (pieces, isOpenMetrics) => {
      expect(refusal(() => decodePrometheus(pieces.join(''), { isOpenMetrics, maxRows: 3 }))).toMatch(
        /^(accepted|decode: line \d+: |decode: the OpenMetrics text is cut short|too_large: maxRows: 3 exceeded)/,
      )
    }),
    { numRuns: 3000 },
  )
})

test('a label value of megabytes is read in time that grows with it', () => {
  expect(rows(`a{b="${'\\\\'.repeat(500_000)}"} 1`)).toHaveLength(1)
  expect(refusal(() => rows(`a{b="${'x'.repeat(1_000_000)}`))).toMatch(/^decode: line 1: /)
})
