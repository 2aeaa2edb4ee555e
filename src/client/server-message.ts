import { errorTable, MillraceError } from '../model/errors.ts'
import { freshnessStates } from '../model/freshness.ts'
import { cellOf, type Row } from '../model/row.ts'
import { keyOf } from '../model/key.ts'
import type { ErrorMessage, ServerMessage } from '../protocol/messages.ts'

/**
 * A frame as it was understood. `unknown`: of a type this client does not know, to be ignored.
 * `malformed`: not what its type says; `table` is set where only one table is affected.
 */
export type Reading =
  | { readonly kind: 'message'; readonly message: ServerMessage }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'malformed'; readonly why: string; readonly table?: { readonly feed: string; readonly type: string } }

type Members = Readonly<Record<string, unknown>>
type Check = (value: unknown) => boolean

const isText: Check = value => typeof value === 'string'
const isNumber: Check = value => typeof value === 'number'
const isBoolean: Check = value => typeof value === 'boolean'
const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value)
const isObjects: Check = value => Array.isArray(value) && value.every(isObject)
const isTexts: Check = value => Array.isArray(value) && value.every(isText)
const isVersion: Check = value => Number.isSafeInteger(value) && (value as number) >= 0
const isId: Check = value => isText(value) || Number.isSafeInteger(value)
const isOneOf =
  (values: readonly string[]): Check =>
  value =>
    values.includes(value as string)
const optional =
  (check: Check): Check =>
  value =>
    value === undefined || check(value)

const snapshotMembers = {
  feed: isText,
  kind: isText,
  key: isText,
  columns: isTexts,
  order: isTexts,
  epoch: isText,
  to: isVersion,
  tick: isNumber,
  at: isNumber,
  rows: isObjects,
}

const shapes: Readonly<Record<ServerMessage['type'], Readonly<Record<string, Check>>>> = {
  welcome: { id: optional(isId), heartbeat: value => isNumber(value) && (value as number) > 0, limits: isObject, auth: optional(isText) },
  subscribed: { id: optional(isId), feed: isText, epoch: isText, version: isVersion, resumed: isBoolean },
  snapshot: snapshotMembers,
  result: { ...snapshotMembers, id: isId },
  delta: {
    feed: isText,
    from: isVersion,
    to: isVersion,
    tick: isNumber,
    at: isNumber,
    set: optional(value => isObject(value) && Object.values(value).every(isObject)),
    del: optional(isTexts),
    columns: optional(isTexts),
  },
  tick: { tick: isNumber, messages: isVersion },
  status: { feed: isText, state: isOneOf(freshnessStates), since: isNumber },
  check: { feed: isText, version: isVersion, count: isVersion, sum: isText },
  error: { id: optional(isId), feed: optional(isText), code: isText, message: isText },
  unsubscribed: { id: optional(isId), feed: isText, code: optional(isText) },
  beat: {},
  pong: { id: optional(isId) },
  ping: { n: isVersion },
  explained: { id: isId, feed: isText, key: isText, inputs: isObjects, windows: isObjects, polls: isObjects },
  feeds: { id: optional(isId), feeds: isObjects },
}

function unkeyed(message: ServerMessage): boolean {
  if (message.type !== 'snapshot' && message.type !== 'result') return false
  return message.rows.some((row: Row) => keyOf(cellOf(row, message.key)) === undefined)
}

function malformed(members: Members, why: string): Reading {
  const { type, feed } = members
  if (typeof feed !== 'string') return { kind: 'malformed', why }
  return type === 'snapshot' || type === 'delta' || type === 'check'
    ? { kind: 'malformed', why, table: { feed, type } }
    : { kind: 'malformed', why }
}

function parse(data: unknown): unknown {
  if (typeof data !== 'string') return undefined
  try {
    return JSON.parse(data)
  } catch {
    return undefined // The one thing a truncated frame can say; the caller treats it as malformed.
  }
}

/** Reads one frame. Members that this version does not know are left alone. Never throws. */
export function readServerMessage(data: unknown): Reading {
  const members = parse(data)
  if (!isObject(members)) return { kind: 'malformed', why: 'a frame that is no JSON object' }
  const type = members['type']
  if (typeof type !== 'string') return { kind: 'malformed', why: 'a message without a type' }
  if (!Object.hasOwn(shapes, type)) return { kind: 'unknown' }
  for (const [name, check] of Object.entries(shapes[type as ServerMessage['type']])) {
    if (!check(Object.hasOwn(members, name) ? members[name] : undefined)) return malformed(members, `'${name}' of a '${type}' message`)
  }
  const message = members as unknown as ServerMessage
  if (unkeyed(message)) return malformed(members, `a row without a key in a '${type}' message`)
  return { kind: 'message', message }
}

/** Whether trying again can help: what the server says, else what the table says of the code. */
export function isRetryable(error: { readonly code: string; readonly retry?: unknown }): boolean {
  if (typeof error.retry === 'boolean') return error.retry
  return Object.hasOwn(errorTable, error.code) && errorTable[error.code as keyof typeof errorTable].retry
}

/** A refusal as an error; codes of a later server become `internal`. */
export function toError({ code, message, details }: ErrorMessage): MillraceError {
  const known = Object.hasOwn(errorTable, code)
  return new MillraceError(
    known ? code : 'internal',
    known ? message : `${code as string}: ${message}`,
    Array.isArray(details) ? details : [],
  )
}
