import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Poll } from '../../src/source/ask.ts'
import { HeldBody } from '../../src/source/held-body.ts'
import { answered, httpSource } from '../support/http-source.ts'
import { Upstream, type Behaviour } from '../support/upstream.ts'
import { at, failing, isThere } from './corpora.ts'

/** As the corpus writes them: a number is so many seconds from now. */
type Header = readonly [name: string, value: string | number, ...rest: readonly unknown[]]

interface Step {
  readonly response_headers?: readonly Header[]
  readonly response_status?: unknown
  readonly expected_type?: 'cached' | 'not_cached' | 'etag_validated' | 'lm_validated'
  readonly expected_response_headers?: readonly (readonly [name: string, value: string])[]
  readonly expected_request_headers?: readonly (readonly [name: string, value: string])[]
}

interface Case {
  readonly id: string
  /** Absent: what a cache must do. */
  readonly kind?: 'optimal' | 'check'
  readonly cdn_only?: boolean
  readonly browser_only?: boolean
  readonly requests: readonly [Step, ...Step[]]
}

/** What the one who asks would have to do: a poll asks in its own way. */
const ofTheAsker = ['request_headers', 'request_method', 'request_body', 'cache', 'disconnect', 'magic_locations', 'interim_responses']

function isOurs({ requests, cdn_only, browser_only }: Case): boolean {
  return cdn_only !== true && browser_only !== true && requests.every(step => ofTheAsker.every(key => !(key in step)))
}

/** As long as those of the corpus, whose Content-Length says so. */
const body = '[{"id":1}]'.padEnd(36)

const dates = /^(date|expires|last-modified)$/i

function rawHeaders(headers: readonly Header[]): string[] {
  const now = Date.now()
  return headers.flatMap(([name, value]) => [
    name,
    typeof value === 'number' && dates.test(name) ? new Date(now + value * 1000).toUTCString() : String(value),
  ])
}

/** Answers as the corpus' own server does: 304 to whoever asks on the condition that it gave out before. */
function step({ response_headers: headers = [], expected_type: type }: Step, before: Step | undefined): Behaviour {
  return (request, response) => {
    const given = new Map(rawPairs(before?.response_headers ?? []))
    const isHeld = [
      ['etag', 'if-none-match'],
      ['last-modified', 'if-modified-since'],
    ].some(([validator = '', condition = '']) => given.has(validator) && request.headers[condition] === given.get(validator))
    const isConfirmed = type?.endsWith('validated') === true && isHeld
    response.sendDate = false
    response.writeHead(isConfirmed ? 304 : 200, rawHeaders(headers)).end(isConfirmed ? undefined : body)
  }
}

function rawPairs(headers: readonly Header[]): [string, string][] {
  return headers.map(([name, value]) => [name.toLowerCase(), String(value)])
}

describe.skipIf(!isThere('cache-tests'))('cache-tests', () => {
  let cases: readonly (Case & { readonly suite: string })[]
  let upstream: Upstream

  beforeAll(async () => {
    const suites = (await import(pathToFileURL(at('cache-tests', 'tests', 'index.mjs')).href)) as {
      readonly default: readonly { readonly id: string; readonly tests: readonly Case[] }[]
    }
    cases = suites.default.flatMap(({ id, tests }) => tests.filter(isOurs).map(one => ({ ...one, suite: id })))
    upstream = await Upstream.start()
  })
  afterAll(() => upstream.close())

  async function polls({ requests }: Case, count: number): Promise<readonly Poll[]> {
    const steps = requests.slice(0, count)
    upstream.script(...steps.map((one, index) => step(one, steps[index - 1])))
    const { ask } = httpSource({ url: upstream.url, format: 'json', timeout: '2s' })
    const found: Poll[] = []
    try {
      for (let i = 0; i < steps.length; i++) found.push(await ask.poll())
      return found
    } finally {
      await ask.close()
    }
  }

  test('what can be confirmed is asked for on that condition, and a confirmation is believed', async () => {
    const validated = cases.filter(({ requests: [, second] }) => second?.expected_type?.endsWith('validated') === true)
    const outcomes = new Map<string, string>()
    for (const one of validated) {
      const [, second] = await polls(one, 2)
      const asked = upstream.last?.headers ?? {}
      const wanted = one.requests[1]?.expected_request_headers ?? []
      const isAsWanted = wanted.every(([name, value]) => asked[name.toLowerCase()] === value)
      outcomes.set(one.id, second?.kind === 'failed' || second?.status !== 304 ? 'not confirmed' : isAsWanted ? 'ok' : 'asked otherwise')
    }
    const failed = failing('cache-tests, conditional requests', [...outcomes], ([, outcome]) => outcome === 'ok')
    expect(failed).toEqual([
      // An ETag without its quotes is given back as it came.
      ['conditional-etag-strong-generate-unquoted', 'asked otherwise'],
      // Its Content-Encoding is none.
      ['304-etag-update-response-Content-Encoding', 'not confirmed'],
      // A 304 of another ETag confirms another body than the one held.
      ['304-etag-update-response-ETag', 'not confirmed'],
    ])
  })

  test('the header fields of what is confirmed are those stored, put right by the confirmation', () => {
    const updating = cases.filter(({ suite, requests: [, second] }) => suite === 'update304' && second !== undefined)
    const isUpdated = ({ requests: [first, second] }: Case): boolean => {
      const held = new HeldBody()
      const headers = Object.fromEntries(rawPairs(first.response_headers ?? []))
      held.hold({ body: Buffer.from(body), headers, url: 'http://x.example/', isSame: false })
      const confirmed = held.confirmed(Object.fromEntries(rawPairs(second?.response_headers ?? []))) ?? {}
      return (second?.expected_response_headers ?? []).every(([name, value]) => confirmed[name.toLowerCase()] === value)
    }
    const failed = failing('cache-tests, updates by 304', updating, isUpdated)
    // Of what a cache must do; what tells of a body that a 304 does not have stays, as RFC 9111 3.2 has it.
    expect(failed.filter(({ kind }) => kind === undefined)).toEqual([])
    expect(failed.map(({ id }) => id.replace('304-etag-update-response-', ''))).toEqual([
      'Content-Encoding',
      'Content-Range',
      'Content-Type',
      'ETag',
    ])
  })

  test('how long an answer may be kept is read as a cache must read it', async () => {
    const suites = new Set(['cc-freshness', 'cc-parse', 'age-parse', 'expires', 'expires-parse', 'cc-response', 'pragma'])
    const isRight = new Map<Case, boolean>()
    for (const one of cases.filter(({ suite, requests }) => suites.has(suite) && requests.length === 2)) {
      const expected = one.requests[1]?.expected_type
      if (expected !== 'cached' && expected !== 'not_cached') continue
      const [first] = await polls(one, 1)
      const { maxAgeMs = 0, ageMs = 0 } = (first && answered(first).hints) ?? {}
      // The corpus asks for the second time after 3 s.
      isRight.set(one, maxAgeMs - ageMs > 3000 === (expected === 'cached'))
    }
    const failed = failing('cache-tests, lifetimes', [...isRight], ([, right]) => right)
    // Of what a cache must do. What it may do as it likes is printed in the score alone.
    expect(failed.filter(([{ kind }]) => kind === undefined).map(([{ id }]) => id)).toEqual([
      // A date that is written in no form of HTTP is read all the same: it is a hint, and tells of an age elsewhere.
      'freshness-expires-invalid-utc',
      'freshness-expires-invalid-no-comma',
      'freshness-expires-invalid-multiple-spaces',
      'freshness-expires-invalid-date-dashes',
      // Who polls is no shared cache.
      'cc-resp-private-shared',
    ])
  })
})
