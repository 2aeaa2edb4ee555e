import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { SourceConfig } from '../../src/config/config.ts'
import { good, parse, said } from '../support/config.ts'

const fixture = (name: string): string => readFileSync(new URL(`../fixture/self-signed-${name}.pem`, import.meta.url), 'utf8')
const [cert, key] = [fixture('cert'), fixture('key')]
const files = {
  'tls/cert.pem': cert,
  'tls/key.pem': key,
  'tls/note.txt': 'no certificate',
  'tls/broken.pem': cert.replace(/^MII.*$/m, 'xx'),
}

function tlsOf(source: SourceConfig | undefined): unknown {
  return source?.kind === 'http' ? source.http.tls : undefined
}

test('its files are read from where the config is; what is checked is what will be used', () => {
  const { sources } = good(
    'defaults: {tls: {ca: tls/cert.pem}}\nsources: {a: https://x, b: {url: https://y, tls: {cert: tls/cert.pem, key: tls/key.pem}}}',
    { files },
  )
  expect(sources.map(tlsOf)).toEqual([
    { isInsecure: false, ca: cert },
    { isInsecure: false, cert, key },
  ])
})

test.each([
  ['ca: tls/gone.pem', '5:11 sources.a.tls.ca: the file cannot be read: there is no such file'],
  ['ca: tls/note.txt', '5:11 sources.a.tls.ca: the file does not hold certificates in PEM form'],
  ['ca: tls/broken.pem', '5:11 sources.a.tls.ca: the file does not hold certificates that can be used'],
  ['cert: tls/key.pem\n      key: tls/key.pem', '5:13 sources.a.tls.cert: the file does not hold a certificate that can be used'],
  ['cert: tls/cert.pem', '5:7 sources.a.tls.cert: `cert` needs a `key` beside it'],
  ['key: tls/key.pem', '5:7 sources.a.tls.key: `key` needs a `cert` beside it'],
  [
    'cert: tls/cert.pem\n      key: tls/cert.pem',
    '6:12 sources.a.tls.key: the file does not hold a private key that can be used; one with a passphrase cannot',
  ],
])('%s', (tls, message) => {
  expect(said(`sources:\n  a:\n    url: https://x\n    tls:\n      ${tls}`, { files })).toEqual([message])
})

test('no value in force shows what the files hold', () => {
  const result = parse('sources: {a: {url: https://x, tls: {cert: tls/cert.pem, key: tls/key.pem}}}', { files })
  const shown = result.ok ? JSON.stringify(result.inForce()) : ''
  expect(shown).toContain('tls/cert.pem')
  expect(shown).not.toContain('PRIVATE')
})
