import { z } from 'zod'
import { mapOf, oneOf, text, time } from '../../lib/option.ts'

/** No message begins with `expected`: what was found is never shown. */
const secret = z
  .string({ error: 'a secret is a text, by `${VAR}` or `${file:..}`' })
  .min(1, { error: 'a secret is a text that is not empty, by `${VAR}` or `${file:..}`' })

/** What may stand in a header: a line end would begin another one. */
const lineSecret = secret.refine(value => /^[\t\x20-\x7e\x80-\xff]*$/.test(value), {
  error: 'a secret that goes into a header is one line of Latin letters',
})

const headerName = z
  .string({ error: 'expected the name of a header' })
  .regex(/^[!#$%&'*+.^_`|~0-9a-z-]+$/i, { error: 'expected the name of a header' })

const httpUrl = z
  .string({ error: 'expected an http or https URL' })
  .refine(url => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol), { error: 'expected an http or https URL' })

const person = z.strictObject({
  user: text('a name').meta({ description: 'Who asks.' }),
  password: secret.meta({ description: 'By ${VAR} or ${file:..}.' }),
})

const loginRequest = z.strictObject({
  url: httpUrl.meta({ description: 'Where to log in.' }),
  method: oneOf(['GET', 'POST', 'PUT']).optional().meta({ description: 'Default POST.' }),
  headers: mapOf(lineSecret, 'headers by name').optional().meta({ description: 'Sent with it.' }),
  body: z.unknown().optional().meta({ description: 'A text as it is, anything else as JSON.' }),
})

/** Exactly one of some members. */
function isOne(...members: readonly unknown[]): boolean {
  return members.filter(member => member !== undefined).length === 1
}

const login = z
  .strictObject({
    request: loginRequest.meta({
      description: 'Made when a token is needed: at first, when it has expired, and after a 401; once a poll at most.',
    }),
    token: text('a path such as data.token').optional().meta({ description: 'Where the token stands in the JSON of the answer.' }),
    header: headerName.optional().meta({ description: 'The header of the answer that is the token.' }),
    cookie: text('the name of a cookie').optional().meta({ description: 'The cookie of the answer that is the token.' }),
    expires: time({ least: 1000 }).optional().meta({ description: 'How long a token is good; default: until a 401.' }),
    as: z
      .strictObject({ header: headerName.optional(), query: text('the name of a query parameter').optional() })
      .refine(({ header, query }) => isOne(header, query), { error: 'expected `header` or `query`' })
      .optional()
      .meta({
        description: 'How the token is sent: as this header or query parameter; default Authorization: Bearer, and a cookie as a cookie.',
      }),
  })
  .refine(({ token, header, cookie }) => isOne(token, header, cookie), {
    error: 'expected one of `token`, `header` and `cookie`: where the token is',
  })

const apiKey = z
  .strictObject({
    header: headerName.optional().meta({ description: 'The header that it is sent as.' }),
    query: text('the name of a query parameter').optional().meta({ description: 'The query parameter that it is sent as.' }),
    value: lineSecret.meta({ description: 'By ${VAR} or ${file:..}.' }),
  })
  .refine(({ header, query }) => isOne(header, query), { error: 'expected `header` or `query`: what the key is sent as' })

const oauth2 = z.strictObject({
  tokenUrl: httpUrl.meta({ description: 'The token endpoint.' }),
  clientId: text('a client id').meta({ description: 'Who asks.' }),
  clientSecret: secret.meta({ description: 'By ${VAR} or ${file:..}.' }),
  scope: text('scopes with spaces between them').optional().meta({ description: 'What is asked for; default: what the client may.' }),
})

/** `auth` of a source: how it says who asks. */
export const sourceAuthSchema = z
  .strictObject({
    basic: person.optional().meta({ description: 'User and password with each request (RFC 7617).' }),
    digest: person.optional().meta({ description: 'User and password, never sent themselves (RFC 7616: MD5 and SHA-256, qop auth).' }),
    bearer: lineSecret.optional().meta({ description: 'A token, sent as Authorization: Bearer.' }),
    apiKey: apiKey.optional().meta({ description: 'A key, sent as a header or query parameter.' }),
    oauth2: oauth2.optional().meta({ description: 'Client credentials (RFC 6749 4.4): a token is taken and renewed.' }),
    login: login.optional().meta({ description: 'A request whose answer has a token, which is used until it expires or is refused.' }),
  })
  .refine(kinds => isOne(...Object.values(kinds)), {
    error: 'expected one of basic, digest, bearer, apiKey, oauth2 and login',
    // A mistyped kind is told as such.
    when: ({ issues }) => issues.length === 0,
  })

/** How a secret is sent with each request. */
export interface SentAs {
  readonly kind: 'header' | 'query' | 'cookie'
  readonly name: string
  /** Before the secret: `Bearer `. */
  readonly prefix: string
}

/** A request whose answer has a token. */
export interface TokenOptions {
  readonly kind: 'token'
  /** For people: `login`, `oauth2`. */
  readonly what: string
  readonly request: {
    readonly url: string
    readonly method: 'GET' | 'POST' | 'PUT'
    /** Lower-case names. */
    readonly headers: ReadonlyMap<string, string>
    readonly body?: string
  }
  readonly from: { readonly kind: 'path' | 'header' | 'cookie'; readonly name: string }
  readonly as: SentAs
  readonly expiresMs?: number
  /** Where the answer says for how many seconds. */
  readonly expiresPath?: string
}

/** `auth` of a source, in code units. */
export type SourceAuthOptions =
  | { readonly kind: 'fixed'; readonly as: SentAs; readonly secret: string }
  | { readonly kind: 'digest'; readonly user: string; readonly password: string }
  | TokenOptions

const asBearer: SentAs = { kind: 'header', name: 'authorization', prefix: 'Bearer ' }

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function sentAs({ header, query }: { readonly header?: string | undefined; readonly query?: string | undefined }): SentAs {
  return header === undefined
    ? { kind: 'query', name: query ?? '', prefix: '' }
    : { kind: 'header', name: header.toLowerCase(), prefix: '' }
}

export function sourceAuthOptions({ basic, digest, bearer, apiKey, oauth2, login }: z.output<typeof sourceAuthSchema>): SourceAuthOptions {
  if (basic !== undefined)
    return { kind: 'fixed', as: { ...asBearer, prefix: 'Basic ' }, secret: base64(`${basic.user}:${basic.password}`) }
  if (digest !== undefined) return { kind: 'digest', ...digest }
  if (apiKey !== undefined) return { kind: 'fixed', as: sentAs(apiKey), secret: apiKey.value }
  if (oauth2 !== undefined) return clientCredentials(oauth2)
  if (login !== undefined) return loginOptions(login)
  return { kind: 'fixed', as: asBearer, secret: bearer ?? '' }
}

function clientCredentials({ tokenUrl, clientId, clientSecret, scope }: z.output<typeof oauth2>): TokenOptions {
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) })
  const headers = new Map([
    ['authorization', `Basic ${base64(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)}`],
    ['content-type', 'application/x-www-form-urlencoded'],
  ])
  return {
    kind: 'token',
    what: 'oauth2',
    request: { url: tokenUrl, method: 'POST', headers, body: form.toString() },
    from: { kind: 'path', name: 'access_token' },
    as: asBearer,
    expiresPath: 'expires_in',
  }
}

function loginOptions({ request, token, header, cookie, expires, as }: z.output<typeof login>): TokenOptions {
  const headers = new Map([...(request.headers ?? [])].map(([name, value]) => [name.toLowerCase(), value]))
  const { body } = request
  if (body !== undefined && typeof body !== 'string' && !headers.has('content-type')) headers.set('content-type', 'application/json')
  const written = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const otherwise: SentAs = cookie === undefined ? asBearer : { kind: 'cookie', name: cookie, prefix: '' }
  return {
    kind: 'token',
    what: 'login',
    request: { url: request.url, method: request.method ?? 'POST', headers, ...(written === undefined ? {} : { body: written }) },
    from:
      token === undefined
        ? { kind: header === undefined ? 'cookie' : 'header', name: header?.toLowerCase() ?? cookie ?? '' }
        : { kind: 'path', name: token },
    as: as === undefined ? otherwise : sentAs(as),
    ...(expires === undefined ? {} : { expiresMs: expires }),
  }
}
