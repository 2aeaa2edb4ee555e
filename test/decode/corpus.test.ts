import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decoded, newTabulator } from '../support/decode.ts'

/** What is known of one payload: where its rows stand (any of `rows`), and what tells them apart (any of `keys`; `#`: nothing does). */
interface Label {
  readonly file: string
  readonly type: string
  readonly rows: readonly string[]
  readonly keys?: readonly (string | readonly string[])[]
  /** It is itself the one row. */
  readonly document?: boolean
}

const folder = new URL('../fixture/corpus/', import.meta.url)
const labels = JSON.parse(readFileSync(new URL('labels.json', folder), 'utf8')) as readonly Label[]

interface Finding {
  readonly file: string
  /** `none`: no key was found, and that was said with what was tried. */
  readonly verdict: 'right' | 'none' | 'wrong'
  readonly said: string
}

/** What a source says of the first answer: `3 rows at data.stations, key station_id, unique in 1 poll so far`. */
function read(said: string): { readonly rows: string; readonly key: string; readonly isDocument: boolean } {
  const at =
    /^\d+ rows? (?:in the document|at (?<path>.+?))(?: \(arrays stand at .*? too\))?, (?:key (?<key>\[.*?\]|.+?)(?:, unique in|, by which the answer)|no key found \((?:tried|no column))/.exec(
      said,
    )
  if (at === null) return { rows: said.startsWith('1 row, the document itself') ? '.' : '?', key: '#', isDocument: true }
  return { rows: at.groups?.['path'] ?? '.', key: at.groups?.['key'] ?? '#', isDocument: false }
}

/** That there is no key is right where there is none, and else at least no lie. */
function verdictOf(keys: readonly string[], key: string, isDocument: boolean): Finding['verdict'] {
  if (isDocument || (keys.includes(key) && (key !== '#' || keys.length === 1))) return 'right'
  return key === '#' ? 'none' : 'wrong'
}

function judge(label: Label): Finding {
  const source = newTabulator()
  const body = readFileSync(new URL(label.file, folder))
  source.take(decoded({ body, type: label.type }))
  const { rows, key, isDocument } = read(source.found)
  const keys = (label.keys ?? []).map(one => (typeof one === 'string' ? one : `[${one.join(', ')}]`))
  const isPlace = label.rows.includes(rows) && isDocument === (label.document ?? (isDocument && label.rows.includes('.')))
  const verdict = isPlace ? verdictOf(keys, key, isDocument) : 'wrong'
  return { file: label.file, verdict, said: source.found }
}

const findings = labels.map(judge)
const of = (verdict: Finding['verdict']): readonly string[] =>
  findings.filter(one => one.verdict === verdict).map(({ file, said }) => `${file}: ${said}`)

describe('rows and key by looking, on payloads of public APIs', () => {
  test('the corpus is large, and none of it stands there twice', () => {
    expect(new Set(labels.map(({ file }) => file)).size).toBe(labels.length)
    expect(labels.length).toBeGreaterThanOrEqual(100)
  })

  test('right, or said aloud that no key was found, on 95 of 100; a wrong key on none', () => {
    const [right, none, wrong] = [of('right'), of('none'), of('wrong')]
    process.stdout.write(
      `rows and key by looking: ${right.length} right, ${none.length} said that there is no key, ${wrong.length} wrong, of ${labels.length}\n`,
    )
    expect(wrong).toEqual([])
    expect((right.length + none.length) / labels.length).toBeGreaterThanOrEqual(0.95)
    expect(right.length / labels.length).toBeGreaterThanOrEqual(0.85)
  })
})
