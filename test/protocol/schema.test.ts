import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../src/model/errors.ts'
import type { ClientMessage } from '../../src/protocol/messages.ts'
import { idOf, readClientMessage } from '../../src/protocol/schema.ts'

const since = { epoch: '0mi4k2x8b7f3', version: 0 }
const long = (length: number): string => 'x'.repeat(length)

/** The message, or why it is refused; what else is thrown is thrown on. */
function attempt(message: Record<string, unknown>): ClientMessage | MillraceError {
  try {
    return readClientMessage(message)
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
}

describe('is taken as it is', () => {
  test.each<Record<string, unknown>>([
    { type: 'hello' },
    { type: 'hello', id: 'a', token: long(16_384), client: long(200), features: Array.from({ length: 32 }, () => long(64)) },
    { type: 'subscribe', feed: 'quotes' },
    { type: 'subscribe', id: -1, feed: 'quotes', limit: 1, order: [], fields: [], where: '', throttle: 0.5, since },
    {
      type: 'subscribe',
      id: long(64),
      feed: 'q',
      params: { day: 'today' },
      since: { ...since, version: 2 ** 53 - 1, count: 0, sum: '0'.repeat(16) },
    },
    { type: 'unsubscribe', feed: 'quotes' },
    { type: 'get', id: 0, feed: 'quotes', limit: 2 ** 31 },
    { type: 'list' },
    { type: 'list', own: true },
    { type: 'resync', feed: 'quotes' },
    { type: 'resync', feed: 'quotes', reason: 'checksum' },
    { type: 'ping' },
  ])('%j', message => {
    expect(readClientMessage(message)).toEqual(message)
  })
})

test('members that are not known are dropped', () => {
  expect(readClientMessage({ type: 'ping', id: 1, colour: 'red', since: 5 })).toEqual({ type: 'ping', id: 1 })
  expect(readClientMessage({ type: 'subscribe', feed: 'q', since: { ...since, more: 1 } })).toEqual({ type: 'subscribe', feed: 'q', since })
})

describe('is refused', () => {
  test.each<[MillraceError['code'], Record<string, unknown>, string]>([
    ['bad_message', {}, 'a message needs a member `type`, a text'],
    ['bad_message', { type: 5 }, 'a message needs a member `type`, a text'],
    ['bad_message', { type: 'subscribe' }, 'feed'],
    ['bad_message', { type: 'subscribe', feed: '' }, 'feed'],
    ['bad_message', { type: 'subscribe', feed: ['quotes'] }, 'feed'],
    ['bad_message', { type: 'subscribe', feed: 'q', id: '' }, 'id'],
    ['bad_message', { type: 'subscribe', feed: 'q', id: long(65) }, 'id'],
    ['bad_message', { type: 'subscribe', feed: 'q', id: 1.5 }, 'id'],
    ['bad_message', { type: 'subscribe', feed: 'q', since: null }, 'since'],
    ['bad_message', { type: 'subscribe', feed: 'q', since: { ...since, epoch: 'x' } }, 'since.epoch'],
    ['bad_message', { type: 'subscribe', feed: 'q', since: { ...since, version: -1 } }, 'since.version'],
    ['bad_message', { type: 'subscribe', feed: 'q', since: { ...since, version: 2 ** 53 } }, 'since.version'],
    ['bad_message', { type: 'subscribe', feed: 'q', since: { ...since, sum: 'ABC' } }, 'since.sum'],
    ['bad_message', { type: 'subscribe', feed: 'q', limit: 0, since: null }, 'limit'],
    ['bad_message', { type: 'get', feed: 'q' }, 'id'],
    ['bad_message', { type: 'resync', feed: 'q', reason: 'boredom' }, 'reason'],
    ['bad_message', { type: 'list', own: 'yes' }, 'own'],
    ['bad_message', { type: 'hello', token: long(16_385) }, 'token'],
    ['bad_query', { type: 'subscribe', feed: 'q', limit: 0 }, 'limit'],
    ['bad_query', { type: 'subscribe', feed: 'q', limit: 2 ** 31 + 1 }, 'limit'],
    ['bad_query', { type: 'subscribe', feed: 'q', limit: '5' }, 'limit'],
    ['bad_query', { type: 'subscribe', feed: 'q', where: 5 }, 'where'],
    ['bad_query', { type: 'subscribe', feed: 'q', fields: 'price' }, 'fields'],
    ['bad_query', { type: 'subscribe', feed: 'q', fields: [''] }, 'fields.0'],
    ['bad_query', { type: 'subscribe', feed: 'q', order: Array.from({ length: 17 }, () => 'a') }, 'order'],
    ['bad_query', { type: 'subscribe', feed: 'q', throttle: -1 }, 'throttle'],
    ['bad_query', { type: 'subscribe', feed: 'q', throttle: '1s' }, 'throttle'],
    ['bad_query', { type: 'get', id: 1, feed: 'q', params: [] }, 'params'],
    ['unsupported', { type: 'subscribr' }, "unknown type 'subscribr'; did you mean 'subscribe'?"],
    ['unsupported', { type: '__proto__' }, "unknown type '__proto__'"],
    ['unsupported', { type: 'constructor' }, "unknown type 'constructor'"],
    ['unsupported', { type: long(10_000) }, `unknown type '${long(64)}'`],
  ])('as %s: %j', (code, message, told) => {
    expect(() => readClientMessage(message)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(told) }))
  })
})

test('details name each member that was wrong, 8 at most', () => {
  const message = { type: 'subscribe', feed: 'q', limit: 0, where: 1, fields: Array.from({ length: 20 }, () => 5) }
  const fault = attempt(message)
  expect(fault).toBeInstanceOf(MillraceError)
  const { details } = fault as MillraceError
  expect(details).toHaveLength(8)
  expect(details.slice(0, 2)).toMatchObject([{ path: 'where' }, { path: 'fields.0' }])
})

test('the id of a message that cannot be read is still found, where it is one', () => {
  expect(idOf({ type: 'nonsense', id: 7 })).toBe(7)
  expect(idOf({ id: 'seven' })).toBe('seven')
  for (const id of [null, 1.5, '', long(65), {}, [], true, undefined]) expect(idOf({ id })).toBeUndefined()
})

test('whatever a client says, it is taken or refused by a MillraceError', () => {
  const names = ['type', 'id', 'feed', 'where', 'fields', 'order', 'limit', 'params', 'throttle', 'since', 'own', 'reason', '__proto__']
  const values = fc.oneof(fc.constantFrom('subscribe', 'get', 'list', 'hello', 'ping', 'resync', 'unsubscribe'), fc.jsonValue())
  const message = fc.array(fc.tuple(fc.constantFrom(...names), values), { maxLength: 8 }).map(entries => Object.fromEntries(entries))
  fc.assert(
    fc.property(message, said => {
      const answer = attempt(said)
      expect(answer instanceof MillraceError ? answer.message.length <= 200 : answer.type === said['type']).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('a param of any name is a param', () => {
  const message = JSON.parse('{"type":"subscribe","feed":"quotes","params":{"__proto__":{"x":1}}}') as Record<string, unknown>
  const { params } = readClientMessage(message) as { readonly params?: object }
  expect(Object.keys(params ?? {})).toEqual(['__proto__'])
  expect(() => readClientMessage({ type: 'subscribe', feed: 'quotes', params: [] })).toThrow('params: expected an object')
})
