import { z } from 'zod'
import { suggest } from '../lib/suggest.ts'
import { MillraceError } from '../model/errors.ts'
import type { ClientMessage } from './messages.ts'

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const id = z.union([z.int(), z.string().min(1).max(64)])
const feed = z.string().min(1)
const name = z.string().min(1).max(1024)
const query = {
  where: z.string().optional(),
  fields: z.array(name).max(1000).optional(),
  order: z.array(name).max(16).optional(),
  limit: z
    .int()
    .min(1)
    .max(2 ** 31)
    .optional(),
  // Taken as it is: zod's own objects lose a member called `__proto__`.
  params: z.custom<Record<string, unknown>>(isObject, { error: 'expected an object' }).optional(),
}
const since = z.object({
  epoch: z.string().regex(/^[0-9a-z]{12}$/),
  version: z.int().min(0),
  count: z.int().min(0).optional(),
  sum: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
})

const schemas = {
  hello: z.object({
    type: z.literal('hello'),
    id: id.optional(),
    token: z.string().max(16_384).optional(),
    client: z.string().max(200).optional(),
    features: z.array(z.string().max(64)).max(32).optional(),
  }),
  subscribe: z.object({
    type: z.literal('subscribe'),
    id: id.optional(),
    feed,
    ...query,
    throttle: z.number().min(0).optional(),
    since: since.optional(),
  }),
  unsubscribe: z.object({ type: z.literal('unsubscribe'), id: id.optional(), feed }),
  get: z.object({ type: z.literal('get'), id, feed, ...query }),
  list: z.object({ type: z.literal('list'), id: id.optional(), own: z.boolean().optional() }),
  explain: z.object({ type: z.literal('explain'), id, feed, key: z.string().max(65_536) }),
  resync: z.object({
    type: z.literal('resync'),
    id: id.optional(),
    feed,
    reason: z.enum(['gap', 'checksum', 'apply']).optional(),
  }),
  ping: z.object({ type: z.literal('ping'), id: id.optional() }),
  pong: z.object({ type: z.literal('pong'), n: z.int().min(0) }),
} as const

type MessageType = keyof typeof schemas

/** The members whose faults are `bad_query`: the message itself is in order. */
const queryMembers = new Set<PropertyKey>(['where', 'fields', 'order', 'limit', 'params', 'throttle'])

/** The id of a message, where it has a usable one; for answering what cannot be read otherwise. */
export function idOf(message: Readonly<Record<string, unknown>>): string | number | undefined {
  const found = id.safeParse(message['id'])
  return found.success ? found.data : undefined
}

/**
 * A client's message, checked; members it does not know are dropped.
 * @throws MillraceError `bad_message`, `bad_query`, and `unsupported` for an unknown type.
 */
export function readClientMessage(message: Readonly<Record<string, unknown>>): ClientMessage {
  const { type } = message
  if (typeof type !== 'string') throw new MillraceError('bad_message', 'a message needs a member `type`, a text')
  if (!Object.hasOwn(schemas, type)) {
    const best = suggest(type.slice(0, 64), Object.keys(schemas))
    throw new MillraceError('unsupported', `unknown type '${type.slice(0, 64)}'${best === undefined ? '' : `; did you mean '${best}'?`}`)
  }
  const result = schemas[type as MessageType].safeParse(message)
  if (result.success) return result.data as ClientMessage
  const details = result.error.issues.map(issue => ({ path: issue.path.map(String).join('.'), message: issue.message }))
  const [first] = details
  const isQuery = result.error.issues.every(issue => issue.path[0] !== undefined && queryMembers.has(issue.path[0]))
  const text = first === undefined ? 'the message is malformed' : `${first.path}: ${first.message}`
  throw new MillraceError(isQuery ? 'bad_query' : 'bad_message', text, details.slice(0, 8))
}
