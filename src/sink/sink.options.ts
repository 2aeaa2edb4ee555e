import { z } from 'zod'
import { expression, mapOf, text, time } from '../lib/option.ts'

/** What is said at once, as the templates of a webhook's body name it. */
export const messageColumns = ['id', 'at', 'feed', 'status', 'title', 'text', 'count', 'rows', 'cause', 'reason', 'since'] as const

const plainUrl = 'an http or https URL without user name and password'

function isPlainUrl(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, username, password } = new URL(address)
  return /^https?:$/.test(protocol) && username === '' && password === ''
}

const url = (description: string) =>
  z
    .string({ error: `expected ${plainUrl}` })
    .refine(isPlainUrl, { error: `expected ${plainUrl}: what it needs to let one in belongs into headers` })
    .meta({ description })

/** The client's own, and what says how a message is framed. */
const ownHeader = /^(connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade|webhook-.*)$/i

const headers = mapOf(
  z.string({ error: 'expected a text' }).regex(/^[\t\x20-\x7e\x80-\xff]*$/, { error: 'expected a text of one line' }),
  'headers by name',
)
  .refine(named => [...named.keys()].every(name => /^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name) && !ownHeader.test(name)), {
    error: 'expected names of headers, but for those that frame a message and webhook-*',
  })
  .optional()
  .meta({ description: 'Sent with each message.' })

/** `webhook: {url, headers, body, secret, groupWait}`: messages to a URL. */
export const webhookOptions = z.strictObject({
  url: url('Where each message is sent to, by POST; redirects are not followed.'),
  headers,
  body: z.unknown().optional().meta({
    description:
      'What is sent: a text, or anything else as JSON; the texts in it may hold CEL expressions over the message: "{{title}}". Default: the whole message as JSON.',
  }),
  secret: text('a secret').optional().meta({
    description: 'Signs each message with HMAC-SHA256 (header webhook-signature); behind `whsec_` it is read as base64.',
  }),
  groupWait: time({ most: 86_400_000 })
    .optional()
    .meta({ description: 'How long news of a feed is gathered before it is sent as one message; default 30s.' }),
})

/** `alertmanager: {url, headers, labels, resend}`: the alerts of a feed, to Prometheus' Alertmanager (API v2). */
export const alertmanagerOptions = z.strictObject({
  url: url('Where the Alertmanager is, such as http://127.0.0.1:9093; what is under a path is served under it.'),
  headers,
  labels: mapOf(expression(), 'labels by name')
    .refine(labels => [...labels.keys()].every(name => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)), {
      error: 'expected names of a-z, A-Z, 0-9 and _, beginning with no digit',
    })
    .optional()
    .meta({ description: 'Further labels, each a CEL expression over the row as it is when it begins to fire.' }),
  resend: time({ least: 1000, most: 3_600_000 })
    .optional()
    .meta({ description: 'How often what fires is sent again; it ends there when it was not for four times as long. Default 1m.' }),
})

export type WebhookOptions = z.output<typeof webhookOptions>
export type AlertmanagerOptions = z.output<typeof alertmanagerOptions>

/** One way out of a feed. */
export type SinkOptions =
  | { readonly kind: 'log' }
  | { readonly kind: 'webhook'; readonly options: WebhookOptions }
  | { readonly kind: 'alertmanager'; readonly options: AlertmanagerOptions }
