import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { configOf, type ConfigResult } from '../../src/config/load.ts'
import { printProblems } from '../../src/config/problem.ts'
import { SourceText } from '../../src/config/source-text.ts'
import { Veil } from '../../src/config/veil.ts'
import { parse } from '../support/config.ts'

interface Written {
  readonly source?: Readonly<Record<string, unknown>>
  readonly sinks?: readonly unknown[]
  readonly auth?: unknown
  readonly env?: Readonly<Record<string, string>>
}

const url = 'http://x.example/'
const login = (more: object, at = url): Written => ({ source: { url, auth: { login: { request: { url: at, ...more }, token: 'token' } } } })
const webhook = (more: object): Written => ({ sinks: [{ webhook: { url, ...more } }] })

/** Every place of a config that may hold a secret. */
const places: Readonly<Record<string, (secret: string) => Written>> = {
  'a password in a URL': secret => ({ source: { url: `http://me:${secret}@x.example/` } }),
  'a parameter in a URL': secret => ({ source: { url: `${url}?page=1&token=${secret}` } }),
  'a parameter': secret => ({ source: { url, query: { region: 'north', api_key: secret } } }),
  'a header': secret => ({ source: { url, headers: { Accept: 'text/plain', 'X-Api-Key': secret } } }),
  'a cookie': secret => ({ source: { url, headers: { Cookie: `sid=${secret}; lang=en` } } }),
  'a header that says who asks': secret => ({ source: { url, headers: { Authorization: `Bearer ${secret}` } } }),
  'a body': secret => ({ source: { url, method: 'POST', body: { user: 'me', login: [{ password: secret }] } } }),
  'a body that is a text': secret => ({ source: { url, method: 'POST', body: JSON.stringify({ user: 'me', password: secret }) } }),
  'basic auth': secret => ({ source: { url, auth: { basic: { user: 'me', password: secret } } } }),
  'digest auth': secret => ({ source: { url, auth: { digest: { user: 'me', password: secret } } } }),
  'a bearer': secret => ({ source: { url, auth: { bearer: secret } } }),
  'an API key': secret => ({ source: { url, auth: { apiKey: { header: 'X-Key', value: secret } } } }),
  'client credentials': secret => ({ source: { url, auth: { oauth2: { tokenUrl: url, clientId: 'me', clientSecret: secret } } } }),
  'the body of a login': secret => login({ body: { user: 'me', password: secret } }),
  'a header of a login': secret => login({ headers: { 'X-Api-Key': secret } }),
  'the URL of a login': secret => login({}, `${url}?secret=${secret}`),
  'the environment of a command': secret => ({ source: { exec: 'psql --csv', env: { PGUSER: 'me', PGPASSWORD: secret } } }),
  'a header of a command': secret => ({ source: { exec: `curl -H 'X-Api-Key: ${secret}' ${url}` } }),
  'an option of a command': secret => ({ source: { exec: ['tool', '--token', secret, '--csv'] } }),
  'a user of a command': secret => ({ source: { exec: ['curl', '-u', `me:${secret}`, url] } }),
  'what is subscribed with': secret => ({ source: { url: 'ws://x.example/', subscribe: JSON.stringify({ op: 'auth', token: secret }) } }),
  'the URL of a webhook': secret => webhook({ url: `${url}?key=${secret}` }),
  'the path of a webhook': secret => webhook({ url: `https://hooks.example/services/T0/B1/${secret}` }),
  'a webhook that is a URL': secret => ({ sinks: [{ webhook: `https://hooks.example/services/${secret}` }] }),
  'a header of a webhook': secret => webhook({ headers: { Authorization: `Basic ${secret}` } }),
  'what signs a webhook': secret => webhook({ secret }),
  'the body of a webhook': secret => webhook({ body: { token: secret, text: '{{title}}' } }),
  'a header of an Alertmanager': secret => ({ sinks: [{ alertmanager: { url, headers: { 'X-Scope-Token': secret } } }] }),
  'a token': secret => ({ auth: { tokens: [{ name: 'reader', token: secret, feeds: ['*'] }] } }),
  'a variable': secret => ({ source: { url: `${url}\${WHERE}/rows` }, env: { WHERE: secret } }),
}

const secrets = fc.stringMatching(/^[A-Za-z][A-Za-z0-9+/=_.~-]{13,20}[0-9][A-Za-z]$/)

function configWith({ source = { url }, sinks = [], auth = 'none' }: Written, fault: string): object {
  const steps = [{ alert: { when: 'n > 1' } }]
  const atFault = fault === 'an unknown key' ? { evry: '1s' } : fault === 'another type' ? { every: [1] } : {}
  return { auth, sources: { s: { ...source, ...atFault } }, feeds: { f: { from: 's', steps, ...(sinks.length === 0 ? {} : { sinks }) } } }
}

/** All that is said of a config: of one that is good the values in force and warnings, else what is wrong with it. */
function told(result: ConfigResult): string {
  if (!result.ok) return printProblems(result.problems) + JSON.stringify(result.problems)
  return printProblems(result.warnings) + JSON.stringify([result.warnings, result.inForce()])
}

const styles = fc.record({
  defaultStringType: fc.constantFrom('PLAIN' as const, 'QUOTE_DOUBLE' as const, 'QUOTE_SINGLE' as const),
  collectionStyle: fc.constantFrom('any' as const, 'flow' as const, 'block' as const),
  lineWidth: fc.constantFrom(0, 80),
})

interface Breaking {
  /** Where, as a share of the text. */
  readonly at: number
  readonly text: string
}

/** So far before it stand the names by which a secret is known to be one. */
const longestName = 80

/** The text with something written into it, but neither into the secret or the words around it nor into what it is called. */
function withinBut(text: string, secret: string, { at, text: added }: Breaking): string {
  const place = Math.floor(at * text.length)
  const from = text.indexOf(secret)
  const end = text.indexOf('\n', from)
  const isInside = from >= 0 && place > from - longestName && place < end
  const index = isInside ? end : place
  return text.slice(0, index) + added + text.slice(index)
}

const breakings = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  text: fc.constantFrom('"', '}', ': ', '[', '\t', '\n', '*', '- ', "'"),
})

describe('no secret is told, wherever in a config it stands', () => {
  test.each(Object.entries(places))('%s', (_, place) => {
    const faults = fc.constantFrom('none', 'an unknown key', 'another type')
    fc.assert(
      fc.property(secrets, faults, styles, fc.option(breakings), (secret, fault, style, breaking) => {
        const written = place(secret)
        const config = configWith(written, fault)
        let text = stringify(config, style)
        if (breaking !== null) text = withinBut(text, secret, breaking)
        expect(told(parse(text, { env: written.env ?? {} }))).not.toContain(secret)
        expect(told(configOf(config))).not.toContain(secret)
      }),
      { numRuns: 1 },
    )
  })
})

test('of a secret that begins like another nothing is told either', () => {
  const source = new SourceText('password: hunter2\ntoken: hunter2secret9\nb: 1')
  const problem = { file: 'm.yaml', path: '', place: { line: 3, column: 1, text: 'b: 1', length: 1 }, message: "no 'hunter2secret9'" }
  expect(new Veil(source, undefined, true).over(problem).message).toBe("no '***'")
})
