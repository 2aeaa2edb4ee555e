import { createHash, randomBytes } from 'node:crypto'
import { noCredentials, type Asker, type Credentials, type Outgoing } from './authorizer.ts'

/** What a server wants to be answered (RFC 7616 3.3). */
export interface Challenge {
  readonly realm: string
  readonly nonce: string
  readonly opaque: string | undefined
  readonly algorithm: 'MD5' | 'MD5-sess' | 'SHA-256' | 'SHA-256-sess'
  /** Undefined: RFC 2069, before there was one. */
  readonly qop: 'auth' | undefined
  /** The nonce was good once, and user and password are. */
  readonly isStale: boolean
}

/** Best first. */
const algorithms = ['SHA-256', 'SHA-256-sess', 'MD5', 'MD5-sess'] as const

/** The strongest of the challenges of WWW-Authenticate that can be met; undefined: none can. */
export function digestChallenge(header: string | readonly string[] | undefined): Challenge | undefined {
  const lines = typeof header === 'string' ? [header] : (header ?? [])
  const challenges = lines.flatMap(schemesOf).map(challengeOf)
  const known = challenges.filter(challenge => challenge !== undefined)
  return known.sort((a, b) => algorithms.indexOf(a.algorithm) - algorithms.indexOf(b.algorithm))[0]
}

/** One line may hold several challenges, with commas within and between. */
function schemesOf(line: string): string[] {
  return line.split(/(?:^|,)\s*(?=[A-Za-z][\w-]*\s+[\w-]+\s*=)/).filter(scheme => /^digest\s/i.test(scheme))
}

function challengeOf(scheme: string): Challenge | undefined {
  const parameters = new Map<string, string>()
  for (const [, name = '', quoted, plain] of scheme.slice('digest'.length).matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g))
    parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '')
  const [realm, nonce] = [parameters.get('realm'), parameters.get('nonce')]
  const asked = (parameters.get('algorithm') ?? 'MD5').toLowerCase()
  const algorithm = algorithms.find(known => known.toLowerCase() === asked)
  const qops = parameters
    .get('qop')
    ?.toLowerCase()
    .split(/[\s,]+/)
  if (realm === undefined || nonce === undefined || algorithm === undefined || qops?.includes('auth') === false) return undefined
  const isStale = parameters.get('stale')?.toLowerCase() === 'true'
  return { realm, nonce, opaque: parameters.get('opaque'), algorithm, qop: qops === undefined ? undefined : 'auth', isStale }
}

export interface Answered extends Outgoing {
  readonly user: string
  readonly password: string
  /** How many requests the nonce has answered, this one included. */
  readonly count: number
  readonly cnonce: string
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** The header Authorization that meets a challenge (RFC 7616 3.4). */
export function digestAuthorization(challenge: Challenge, { user, password, method, path, count, cnonce }: Answered): string {
  const { realm, nonce, opaque, algorithm, qop } = challenge
  const hash = (text: string): string =>
    createHash(algorithm.startsWith('MD5') ? 'md5' : 'sha256')
      .update(text)
      .digest('hex')
  const secret = hash(`${user}:${realm}:${password}`)
  const a1 = algorithm.endsWith('-sess') ? hash(`${secret}:${nonce}:${cnonce}`) : secret
  const a2 = hash(`${method}:${path}`)
  const nc = count.toString(16).padStart(8, '0')
  const response = hash(qop === undefined ? `${a1}:${nonce}:${a2}` : `${a1}:${nonce}:${nc}:${cnonce}:${qop}:${a2}`)
  const counted = qop === undefined ? '' : `, qop=${qop}, nc=${nc}`
  const ours = qop === undefined && !algorithm.endsWith('-sess') ? '' : `, cnonce=${quoted(cnonce)}`
  const theirs = opaque === undefined ? '' : `, opaque=${quoted(opaque)}`
  return `Digest username=${quoted(user)}, realm=${quoted(realm)}, nonce=${quoted(nonce)}, uri=${quoted(path)}, algorithm=${algorithm}, response="${response}"${counted}${ours}${theirs}`
}

/** Whether a header Authorization meets this challenge, and not one before it. */
function answers(authorization: string, { realm, nonce }: Challenge): boolean {
  return authorization.includes(` realm=${quoted(realm)}, nonce=${quoted(nonce)}, `)
}

/** User and password, which never go out themselves; a challenge is kept and met until another one comes. */
export class DigestAsker implements Asker {
  readonly scene = undefined
  readonly #user: string
  readonly #password: string
  #challenge: Challenge | undefined
  #count = 0

  constructor(user: string, password: string) {
    this.#user = user
    this.#password = password
  }

  begin(): void {
    // A challenge comes with an answer: nothing is fetched.
  }

  credentials(outgoing: Outgoing): Promise<Credentials> {
    if (this.#challenge === undefined) return Promise.resolve(noCredentials)
    // Not from the seeded chance of tests: a server holds it against replays.
    const answered = {
      user: this.#user,
      password: this.#password,
      ...outgoing,
      count: ++this.#count,
      cnonce: randomBytes(16).toString('hex'),
    }
    return Promise.resolve({ headers: { authorization: digestAuthorization(this.#challenge, answered) }, query: {} })
  }

  /** The first challenge is to be met; a later one only where it is another nonce that was wanted, whether it says so or not. */
  refused(used: Credentials, headers: Readonly<Record<string, string | string[] | undefined>>): boolean {
    const challenge = digestChallenge(headers['www-authenticate'])
    const before = this.#challenge
    this.#challenge = challenge
    // Several ask with one nonce where they share this: its requests are counted on.
    if (challenge?.nonce !== before?.nonce) this.#count = 0
    if (challenge === undefined) return false
    const sent = used.headers['authorization']
    return sent === undefined || challenge.isStale || !answers(sent, challenge)
  }

  objection(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
    const header = headers['www-authenticate']
    if (digestChallenge(header) !== undefined) return undefined
    const isAsked = [header ?? []].flat().some(line => schemesOf(line).length > 0)
    return isAsked ? 'it asks for a digest of another kind than MD5 or SHA-256 with qop auth' : 'it asks for no digest'
  }

  accepted(): void {
    // The challenge is met until another one comes.
  }
}
