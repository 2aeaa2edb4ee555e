import { createHmac } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { Cell } from '../model/row.ts'
import type { Outlet } from './courier.ts'
import { compileBody, type Body } from './body.ts'
import { messageRow, type Message } from './message.ts'
import { Poster } from './post.ts'
import type { WebhookOptions } from './sink.options.ts'

const defaultGroupWaitMs = 30_000

/** A secret behind `whsec_` is base64, as receivers that speak Standard Webhooks hand it out. */
function keyOf(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret)
}

/** The signature of a message, by the scheme of Standard Webhooks: HMAC-SHA256 of `id.timestamp.body`. */
export function signatureOf(secret: string, id: string, timestamp: string, body: string): string {
  return `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}

/** Messages by POST to a URL. */
export function webhookOutlet({ url, headers, body, secret, groupWait }: WebhookOptions, clock: Clock): Outlet {
  const poster = new Poster(new URL(url), headers, clock)
  const render = body === undefined ? undefined : compileBody(body)
  return {
    kind: 'webhook',
    target: poster.host,
    groupWaitMs: groupWait ?? defaultGroupWaitMs,
    deliver(message) {
      const sent = render?.(messageRow(message)) ?? wholeMessage(message)
      const { id } = message
      // Of the try, not of the message: receivers refuse what is old.
      const timestamp = String(Math.floor(clock.now() / 1000))
      return poster.post(sent.text, {
        'content-type': sent.type,
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        ...(secret === undefined ? {} : { 'webhook-signature': signatureOf(secret, id, timestamp, sent.text) }),
      })
    },
    close: () => poster.close(),
  }
}

/** All of it as JSON; what does not belong to its kind is left out. */
function wholeMessage(message: Message): Body {
  const members: Record<string, Cell> = Object.fromEntries(Object.entries(messageRow(message)).filter(([, cell]) => cell !== null))
  if (message.outage !== undefined) members['feeds'] = message.outage.feeds
  return { text: JSON.stringify(members), type: 'application/json' }
}
