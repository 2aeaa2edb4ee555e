import { z } from 'zod'
import { flag, time } from '../lib/option.ts'

export const shortestToken = 16
const longestToken = 1024

/**
 * What RFC 6750 lets stand behind `Bearer`. No message begins with `expected`: what was found is never shown. Editors, which
 * see `${TOKEN}`, are told of a text alone.
 */
const token = z
  .string({ error: 'a token is a text, by `${VAR}` or `${file:..}`' })
  .refine(text => text.length >= shortestToken, {
    error: `a token has at least ${shortestToken} characters; \`millrace token\` makes one`,
  })
  .refine(text => text.length <= longestToken, { error: `a token has at most ${longestToken} characters` })
  .refine(text => /^[A-Za-z0-9._~+/-]+=*$/.test(text), {
    error: 'a token is of letters, digits and -._~+/ alone; `millrace token` makes one',
  })

const wantedGrant = 'expected the name of a source or feed, the beginning of some and `*`, or `*` for all'

const grant = z.string({ error: wantedGrant }).regex(/^(\*|\$?[a-z][a-z0-9_-]{0,63}|[$a-z][a-z0-9_-]{0,63}\*)$/, { error: wantedGrant })

const wantedName = 'expected a name of letters, digits, spaces and ._@-, up to 64 characters, such as wallboard'
const wantedInstant = 'expected a date and time with its zone, such as 2030-01-31T12:00:00Z'

function isInstant(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text) && !Number.isNaN(Date.parse(text))
}

const tokenSchema = z.strictObject({
  name: z
    .string({ error: wantedName })
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$/, { error: wantedName })
    .meta({ description: 'Whose token it is: what logs and `$clients` say.' }),
  token: token.meta({ description: 'The secret itself, by ${VAR} or ${file:/run/secrets/x}.' }),
  feeds: z
    .array(grant, { error: 'expected a list of feeds' })
    .min(1, { error: 'expected at least one feed, or `*`' })
    .prefault(['*'])
    .meta({ description: 'What its readers may follow: names, beginnings such as stock-*, or * for all. Nothing else exists for them.' }),
  admin: flag().prefault(false).meta({ description: 'Whether it opens the feed $clients and what changes the server.' }),
  expires: z
    .string({ error: wantedInstant })
    .refine(isInstant, { error: wantedInstant })
    .optional()
    .meta({ description: 'When it ends, such as 2030-01-31T12:00:00Z; default never.' }),
})

/** The keys of `auth`, where it is not `none`. */
export const authSchema = z.strictObject({
  tokens: z
    .array(tokenSchema, { error: 'expected a list of tokens' })
    .min(1, { error: 'expected at least one token; `auth: none` says that nobody is asked for one' })
    .meta({ description: 'Whoever has one of them may read what it opens.' }),
  ticket: time({ least: 1000, most: 3_600_000 })
    .prefault('30s')
    .meta({ description: 'Life of a ticket, which stands for a token in the URL of one WebSocket.' }),
  warnBefore: time({ least: 1000, most: 86_400_000 })
    .prefault('60s')
    .meta({ description: 'How long before the end of its token a reader is told of it.' }),
})

export interface TokenOptions {
  readonly name: string
  readonly token: string
  /** Names, and beginnings with `*` behind them. */
  readonly feeds: readonly string[]
  readonly admin: boolean
  /** ms since 1970 UTC. */
  readonly expiresAt?: number
}

/** `auth` in code units. */
export interface AuthOptions {
  readonly tokens: readonly TokenOptions[]
  readonly ticketMs: number
  readonly warnBeforeMs: number
}

export function authOptions({ tokens, ticket, warnBefore }: z.output<typeof authSchema>): AuthOptions {
  return {
    tokens: tokens.map(({ expires, ...rest }) => ({ ...rest, ...(expires === undefined ? {} : { expiresAt: Date.parse(expires) }) })),
    ticketMs: ticket,
    warnBeforeMs: warnBefore,
  }
}
