import type { z } from 'zod'
import { suggest } from '../lib/suggest.ts'
import { isRecord, pathKey, valueAt, type Finding, type Path } from './finding.ts'
import { likelyWord } from './likely-word.ts'
import { knownKeys } from './known-keys.ts'

type Issue = z.core.$ZodIssue

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
}

/** What zod says of its own accord, where a schema has no words for it. */
const zodsOwn = /^(Invalid|Too (small|big)|Unrecognized)/

function oneOf(words: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'disjunction' }).format(words)
}

function bound(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const [word, limit] = issue.code === 'too_small' ? ['at least', issue.minimum] : ['at most', issue.maximum]
  if (issue.origin === 'string')
    return issue.code === 'too_small' && limit === 1 ? 'a text that is not empty' : `${word} ${limit} characters`
  if (issue.origin === 'array' || issue.origin === 'set' || issue.origin === 'map')
    return `${word} ${limit} ${limit === 1 ? 'entry' : 'entries'}`
  return `${issue.inclusive === false ? (issue.code === 'too_small' ? 'more than' : 'less than') : word} ${limit}`
}

/** What was wanted, in words; undefined where only the issue's own message can tell. */
function expectedOf(issue: Issue): string | undefined {
  if (!zodsOwn.test(issue.message)) return issue.message.startsWith('expected ') ? issue.message.slice('expected '.length) : undefined
  if (issue.code === 'invalid_type') return kinds[issue.expected] ?? issue.expected
  if (issue.code === 'too_small' || issue.code === 'too_big') return bound(issue)
  if (issue.code === 'invalid_value') return oneOf(issue.values.map(String))
  if (issue.code === 'invalid_format') return issue.format === 'url' ? 'a URL' : `a text like ${issue.pattern ?? issue.format}`
  if (issue.code === 'not_multiple_of') return `a multiple of ${issue.divisor}`
  if (issue.code !== 'invalid_union') return undefined
  return [...new Set(issue.errors.flat().map(one => expectedOf(one) ?? one.message))].join(' or ')
}

const mostKeysShown = 12

function knownHere(known: readonly string[]): string | undefined {
  return known.length === 0 || known.length > mostKeysShown ? undefined : `known here: ${known.join(', ')}`
}

function unknownKey(key: string, known: readonly string[], path: Path): IssueFinding {
  const best = suggest(key, known)
  const hint = best === undefined ? knownHere(known) : `did you mean \`${best}\`?`
  return {
    path: [...path, key],
    at: 'name',
    message: `unknown key \`${key}\``,
    ...(best === undefined ? {} : { meant: best }),
    ...(hint === undefined ? {} : { hint }),
  }
}

/** The words of a fixed set, as they are expected. */
function wordsOf(expected: string): readonly string[] {
  return /^[\w-]+(, [\w-]+)*,? or [\w-]+$/.test(expected) ? expected.split(/,? or |, /) : []
}

/** The branch of a union that the writer was after: the one whose issues lie deepest, with the fewest of them. */
function likeliest(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const deep = (branch: readonly Issue[]): boolean => branch.every(issue => issue.path.length > 0 || issue.code === 'unrecognized_keys')
  return branches.filter(deep).sort((a, b) => a.length - b.length)[0]
}

/** What a schema says of a value, as findings; `base` is the path of the value. */
export function findingsOf(issues: readonly Issue[], schema: z.core.$ZodType, value: unknown, base: Path): Finding[] {
  const findings = issues.flatMap(issue => findingsOfOne(issue, schema, value, base))
  // A mistyped key is one mistake, not an unknown key and a missing one.
  const mistyped = new Set(findings.flatMap(({ path, meant }) => (meant === undefined ? [] : [pathKey([...path.slice(0, -1), meant])])))
  return findings.filter(({ path, isMissing: missing }) => missing !== true || !mistyped.has(pathKey(path)))
}

interface IssueFinding extends Finding {
  /** The known key that an unknown one was probably meant to be. */
  readonly meant?: string
  readonly isMissing?: boolean
}

function findingsOfOne(issue: Issue, schema: z.core.$ZodType, value: unknown, base: Path): IssueFinding[] {
  const inner = issue.path.filter(member => typeof member !== 'symbol')
  const path = [...base, ...inner]
  if (issue.code === 'unrecognized_keys') return issue.keys.map(key => unknownKey(key, knownKeys(schema, inner), path))
  const branch = issue.code === 'invalid_union' ? likeliest(issue.errors) : undefined
  if (branch === undefined) return [wrongValue(issue, valueAt(value, inner), path, isMissing(value, inner))]
  const below = branch.map(one => ({ ...one, path: [...issue.path, ...one.path] }))
  return findingsOf(below, schema, value, base)
}

function isMissing(value: unknown, path: Path): boolean {
  const parent = valueAt(value, path.slice(0, -1))
  return path.length > 0 && isRecord(parent) && valueAt(value, path) === undefined
}

function wrongValue(issue: Issue, value: unknown, path: Path, missing: boolean): IssueFinding {
  const expected = expectedOf(issue)
  if (missing) {
    const message = `missing key \`${String(path.at(-1))}\``
    return { path, at: 'name', message, ...(expected === undefined ? {} : { expected }), found: 'nothing', isMissing: true }
  }
  if (expected === undefined) return { path, at: 'value', message: issue.message }
  return { path, at: 'value', expected, ...likelyWord(value, wordsOf(expected)) }
}
