import { randomText } from '../lib/random.ts'
import { MillraceError } from '../model/errors.ts'
import { features, subprotocol, type ErrorMessage, type RequestId, type WelcomeMessage } from '../protocol/messages.ts'
import { idOf } from '../protocol/schema.ts'
import type { ConnectionContext } from './context.ts'

/** What an error is told of: a message of the client's, as far as it could be read. */
export interface Answerable {
  readonly id?: RequestId | undefined
  readonly feed?: string | undefined
}

const longestFeed = 2048

/** What can be told of a message that may be none. */
export function answerable(message: Readonly<Record<string, unknown>>): Answerable {
  const { feed } = message
  return { id: idOf(message), feed: typeof feed === 'string' ? feed : undefined }
}

export function echo(id: RequestId | undefined): { readonly id?: RequestId } {
  return id === undefined ? {} : { id }
}

export function welcomeMessage(context: ConnectionContext, id: RequestId | undefined, isSigned: boolean): WelcomeMessage {
  const { maxFeedsPerConnection, maxMessageBytes, messagesPerSecond } = context.limits
  return {
    type: 'welcome',
    ...echo(id),
    protocol: subprotocol,
    server: context.server,
    heartbeat: context.heartbeat.intervalMs,
    features,
    limits: { feeds: maxFeedsPerConnection, message: maxMessageBytes, messagesPerSecond },
    ...(isSigned ? {} : { auth: 'required' }),
  }
}

/** What the client is told of whatever was thrown: of a fault of the server only where its log has it. */
export function errorMessage(context: ConnectionContext, { id, feed }: Answerable, thrown: unknown): ErrorMessage {
  const { code, message, retry, details } = thrown instanceof MillraceError ? thrown : fault(context, thrown)
  for (const detail of details) if ('limit' in detail) context.limited(detail.limit)
  const told = feed === undefined ? {} : { feed: feed.slice(0, longestFeed) }
  return { type: 'error', ...echo(id), ...told, code, message, retry, ...(details.length === 0 ? {} : { details }) }
}

function fault({ random, log }: ConnectionContext, thrown: unknown): MillraceError {
  const id = randomText(random, 8)
  log.error({ id, err: thrown }, `a client's message led to a fault (${id})`)
  return new MillraceError('internal', `a fault of the server; its log has it under ${id}`)
}
