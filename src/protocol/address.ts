import { MillraceError } from '../model/errors.ts'
import { didYouMean } from '../lib/suggest.ts'

/** The parts of a view's canonical name. `where` is the printed form of its expression; lists are in their final order. */
export interface Address {
  readonly feed: string
  readonly fields?: readonly string[]
  readonly limit?: number
  readonly order?: readonly string[]
  /** By name. */
  readonly params?: ReadonlyMap<string, string>
  readonly where?: string
}

/** Before the name of a param. */
export const paramPrefix = 'p.'

const members = ['fields', 'limit', 'order', 'where'] as const

/** Names joined by commas; as JSON text where a name holds a comma, or the first begins like JSON text. */
function printList(names: readonly string[]): string {
  return names.some(name => name.includes(',')) || names[0]?.startsWith('[') === true || names[0] === ''
    ? JSON.stringify(names)
    : names.join(',')
}

function parseList(text: string): readonly string[] {
  if (!text.startsWith('[')) return text.split(',')
  try {
    const names: unknown = JSON.parse(text)
    if (Array.isArray(names) && names.every(name => typeof name === 'string')) return names
  } catch (error) {
    throw new MillraceError('bad_query', `'${text}' is no list of columns: ${String(error)}`)
  }
  throw new MillraceError('bad_query', `'${text}' is no list of columns`)
}

/** `name?k=v&..`: keys by code unit, values by encodeURIComponent; lone surrogates as U+FFFD. */
export function printAddress(address: Address): string {
  const pairs: [string, string][] = []
  if (address.fields !== undefined) pairs.push(['fields', printList(address.fields)])
  if (address.limit !== undefined) pairs.push(['limit', String(address.limit)])
  if (address.order !== undefined && address.order.length > 0) pairs.push(['order', printList(address.order)])
  const params = [...(address.params ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, value] of params) pairs.push([paramPrefix + encodeURIComponent(name), value])
  if (address.where !== undefined) pairs.push(['where', address.where])
  if (pairs.length === 0) return address.feed
  return `${address.feed}?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(value.replace(/\p{Cs}/gu, '\ufffd'))}`).join('&')}`
}

function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new MillraceError('bad_query', `limit is a whole number from 1, not '${text}'`)
  return Number(text)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', '%20'))
  } catch {
    throw new MillraceError('bad_query', `'${text}' is not percent-encoded UTF-8`)
  }
}

function* pairsOf(query: string): Generator<readonly [string, string]> {
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    if (pair !== '') yield equals < 0 ? [decode(pair), ''] : [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))]
  }
}

/**
 * Reads any spelling of an address; the caller makes it canonical.
 * @throws MillraceError `bad_query` for unknown, repeated or malformed members.
 */
export function parseAddress(text: string): Address {
  const mark = text.indexOf('?')
  if (mark < 0) return { feed: text }
  const found = new Map<string, string>()
  const params = new Map<string, string>()
  for (const [name, value] of pairsOf(text.slice(mark + 1))) {
    const param = name.startsWith(paramPrefix) ? name.slice(paramPrefix.length) : undefined
    if (param !== undefined && !params.has(param)) {
      params.set(param, value)
      continue
    }
    if (param === undefined && !members.some(member => member === name))
      throw new MillraceError('bad_query', `'${name}' is no member of an address${didYouMean(name, members)}`)
    if (param !== undefined || found.has(name)) throw new MillraceError('bad_query', `'${name}' stands twice in the address`)
    found.set(name, value)
  }
  const [fields, limit, order, where] = members.map(member => found.get(member))
  return {
    feed: text.slice(0, mark),
    ...(fields === undefined ? {} : { fields: parseList(fields) }),
    ...(limit === undefined ? {} : { limit: parseLimit(limit) }),
    ...(order === undefined || order === '' ? {} : { order: parseList(order) }),
    ...(params.size === 0 ? {} : { params }),
    ...(where === undefined ? {} : { where }),
  }
}
