import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { TlsOptions } from '../source/http.options.ts'
import type { Path } from './finding.ts'
import type { Judge } from './judge.ts'
import { readFault } from './variable.ts'

type Pems = Omit<TlsOptions, 'isInsecure'>

const kinds = ['ca', 'cert', 'key'] as const
const whatTheyAre = { ca: 'certificates', cert: 'a certificate', key: 'a private key' }

/**
 * The texts of the PEM files that a `tls` at a path names. Undefined where one cannot be read or used, which has been reported: a
 * connection would tell so much later, and less clearly.
 */
export function pemFiles(
  judge: Judge,
  path: Path,
  paths: { readonly [K in (typeof kinds)[number]]?: string | undefined },
): Pems | undefined {
  if ((paths.cert === undefined) !== (paths.key === undefined)) {
    const [there, absent] = paths.cert === undefined ? ['key', 'cert'] : ['cert', 'key']
    judge.report({ path: [...path, there], at: 'name', message: `\`${there}\` needs a \`${absent}\` beside it` })
    return undefined
  }
  const texts = new Map<string, string>()
  for (const kind of kinds) {
    const file = paths[kind]
    if (file === undefined) continue
    const text = readPem(judge, [...path, kind], file, whatTheyAre[kind])
    if (text === undefined) return undefined
    texts.set(kind, text)
  }
  const pems: Pems = Object.fromEntries(texts)
  return isUsable(judge, path, pems) ? pems : undefined
}

function readPem(judge: Judge, path: Path, file: string, what: string): string | undefined {
  try {
    const text = judge.readFile(file)
    if (/^-----BEGIN [A-Z0-9 ]+-----$/m.test(text)) return text
    judge.report({ path, at: 'value', message: `the file does not hold ${what} in PEM form` })
  } catch (error) {
    judge.report({ path, at: 'value', message: `the file cannot be read: ${readFault(error)}` })
  }
  return undefined
}

/** Which of them OpenSSL does not take; its messages quote nothing of them. */
function isUsable(judge: Judge, path: Path, { ca, cert, key }: Pems): boolean {
  const trials: readonly (readonly [(typeof kinds)[number], () => unknown, string])[] = [
    ['ca', () => certificatesOf(ca), 'the file does not hold certificates that can be used'],
    ['cert', () => certificatesOf(cert), 'the file does not hold a certificate that can be used'],
    ['key', () => createSecureContext({ key }), 'the file does not hold a private key that can be used; one with a passphrase cannot'],
    ['key', () => createSecureContext({ cert, key }), 'it is not the key of `cert`'],
  ]
  for (const [kind, attempt, message] of trials) {
    try {
      attempt()
    } catch {
      judge.report({ path: [...path, kind], at: 'value', message })
      return false
    }
  }
  return true
}

/** A secure context leaves out what it cannot read of those it is to trust. */
function certificatesOf(text = ''): X509Certificate[] {
  const blocks = text.match(/-----BEGIN [A-Z0-9 ]*CERTIFICATE-----[^]*?-----END [A-Z0-9 ]*CERTIFICATE-----/g) ?? []
  if (text !== '' && blocks.length === 0) throw new Error('no certificate')
  return blocks.map(block => new X509Certificate(block))
}
