import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decoded, refusal } from '../support/decode.ts'
import { at, failing, isThere } from './corpora.ts'

const promType = 'text/plain; version=0.0.4'
const openType = 'application/openmetrics-text'

interface Case {
  readonly text: Buffer
  readonly isGood: boolean
  /** What its own parser says of it. */
  readonly reason: string
}

function accepts(text: Buffer, type: string): boolean {
  return refusal(() => decoded({ body: text, type })) === 'accepted'
}

const goLiteral = String.raw`(\`[^\`]*\`|"(?:[^"\\\n]|\\.)*")`
/** `in: .., err: ..`, as both of Go's parsers write their cases. */
const goCase = new RegExp(String.raw`\b(?:in|input):\s+${goLiteral},\s*(?:[a-z]\w*:[^"\`]*,\s*)?(?:(?:err|errUTF8):\s+${goLiteral})?`, 'g')

function goBytes(literal: string): Buffer {
  if (literal.startsWith('`')) return Buffer.from(literal.slice(1, -1))
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }
  const parts = literal.slice(1, -1).matchAll(/\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\(.)|[^\\]+/gi)
  return Buffer.concat(
    [...parts].map(([all, byte, unit, escaped]) => {
      if (byte !== undefined) return Buffer.from([Number.parseInt(byte, 16)])
      if (unit !== undefined) return Buffer.from(String.fromCharCode(Number.parseInt(unit, 16)))
      return Buffer.from(escaped === undefined ? all : (escapes[escaped] ?? escaped))
    }),
  )
}

function goCases(...path: readonly string[]): readonly Case[] {
  const source = readFileSync(at(...path), 'utf8')
  return [...source.matchAll(goCase)].map(([, text = '', error]) => {
    const reason = error === undefined ? '' : goBytes(error).toString()
    return { text: goBytes(text), isGood: reason === '' || reason === 'EOF', reason }
  })
}

/** `"""text"""` that is handed to the parser as it stands. */
function pythonTexts(...path: readonly string[]): readonly Buffer[] {
  const source = readFileSync(at(...path), 'utf8')
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t' }
  const texts = source.matchAll(/text_string_to_metric_families\("""((?:[^\\]|\\.)*?)"""(\s*%)?/gs)
  return [...texts].flatMap(([, text = '', filled]) =>
    filled === undefined ? [Buffer.from(text.replace(/\\(.)/g, (_, c: string) => escapes[c] ?? c))] : [],
  )
}

/** What a metric means is not judged: a row is what a line says. Nor are escapes that are none, which stand for themselves. */
const meaning =
  /second (HELP|TYPE) line|expected float as value for|negative (count|bucket)|invalid escape sequence|is reserved|unexpected end of input stream/

describe.skipIf(!isThere('common'))("Prometheus' library for Go", () => {
  test('its own cases are read or refused as it does', () => {
    const cases = goCases('common', 'expfmt', 'text_parse_test.go')
    expect(cases.length).toBeGreaterThan(60)
    const failed = failing('prometheus/common, expfmt', cases, ({ text, isGood }) => accepts(text, promType) === isGood)
    expect(failed.filter(({ isGood, reason }) => isGood || !meaning.test(reason))).toEqual([])
  })
})

describe.skipIf(!isThere('prometheus'))("Prometheus' own parsers", () => {
  const folder = ['prometheus', 'model', 'textparse']

  test('the text format is read or refused as they do', () => {
    const cases = goCases(...folder, 'promparse_test.go')
    expect(cases.length).toBeGreaterThan(20)
    expect(failing('prometheus, text', cases, ({ text, isGood }) => accepts(text, promType) === isGood)).toEqual([])
  })

  test('OpenMetrics is read or refused as they do', () => {
    const cases = goCases(...folder, 'openmetricsparse_test.go')
    expect(cases.length).toBeGreaterThan(60)
    expect(failing('prometheus, OpenMetrics', cases, ({ text, isGood }) => accepts(text, openType) === isGood)).toEqual([])
  })

  test('of whole expositions each line is a row', () => {
    const names = readdirSync(at(...folder, 'testdata'))
    const isWhole = (name: string): boolean => {
      const body = readFileSync(at(...folder, 'testdata', name))
      const lines = body
        .toString()
        .split('\n')
        .filter(line => line !== '' && !line.startsWith('#'))
      const rows = decoded({ body, type: name.includes('.om.') ? openType : promType }).document as readonly unknown[]
      return lines.length > 0 && rows.length === lines.length
    }
    expect(failing('prometheus, expositions', names, isWhole)).toEqual([])
  })
})

describe.skipIf(!isThere('client_python'))("Prometheus' library for Python", () => {
  test('what it reads of the text format is read, but for a comma that stands alone', () => {
    const texts = pythonTexts('client_python', 'tests', 'test_parser.py')
    expect(texts.length).toBeGreaterThan(20)
    const failed = failing('client_python, text', texts, text => accepts(text, promType))
    expect(failed.map(String).filter(text => !text.includes('{,}'))).toEqual([])
  })

  test('what it reads of OpenMetrics is read', () => {
    const texts = pythonTexts('client_python', 'tests', 'openmetrics', 'test_parser.py')
    expect(texts.length).toBeGreaterThan(40)
    expect(failing('client_python, OpenMetrics', texts, text => accepts(text, openType))).toEqual([])
  })
})
