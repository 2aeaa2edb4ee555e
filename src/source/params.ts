import { quotable } from '../decode/decode-error.ts'
import { didYouMean } from '../lib/suggest.ts'
import { MillraceError } from '../model/errors.ts'
import type { ParamOptions } from './params.options.ts'

/**
 * A value in the one form that it has; undefined where it is none. It becomes one segment of a path or one value: what would climb is none.
 */
export function paramValue({ type, pattern, maxLength }: Omit<ParamOptions, 'name'>, given: string): string | undefined {
  const value = canonical(type, given)
  if (value === undefined || value === '' || value.length > maxLength || value === '.' || value === '..' || /\p{Cs}/u.test(value))
    return undefined
  return pattern === undefined || pattern.test(value) ? value : undefined
}

function canonical(type: ParamOptions['type'], given: string): string | undefined {
  if (type === 'string') return given
  if (type === 'boolean') return given === 'true' || given === 'false' ? given : undefined
  const number = /^-?\d+(\.\d+)?(e[+-]?\d{1,3})?$/i.test(given) ? Number(given) : Number.NaN
  if (!Number.isFinite(number) || (type === 'integer' && !Number.isSafeInteger(number))) return undefined
  return String(number === 0 ? 0 : number)
}

/**
 * A set of params as it is named: by name, without those that are as by default.
 * @throws MillraceError `bad_query` for one that is unknown, missing or ill-typed
 */
export function readParams(
  feed: string,
  declared: readonly ParamOptions[],
  given: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  for (const name of given.keys())
    if (!declared.some(param => param.name === name)) {
      const names = declared.map(param => param.name)
      throw new MillraceError('bad_query', `feed '${feed}' declares no param '${quotable(name, 64)}'${didYouMean(name, names)}`)
    }
  const set = new Map<string, string>()
  for (const param of [...declared].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const text = given.get(param.name)
    if (text === undefined && param.default === undefined)
      throw new MillraceError('bad_query', `feed '${feed}' needs the param '${param.name}': ${wanted(param)}`)
    const value = text === undefined ? param.default : paramValue(param, text)
    if (value === undefined) throw new MillraceError('bad_query', `the param '${param.name}' of feed '${feed}' is ${wanted(param)}`)
    if (value !== param.default) set.set(param.name, value)
  }
  return set
}

function wanted({ type, pattern, maxLength }: ParamOptions): string {
  const what = { string: 'a text', number: 'a number', integer: 'a whole number', boolean: 'true or false' }[type]
  const like = pattern === undefined ? '' : ` like ${quotable(pattern.source.slice(4, -2), 80)}`
  return `${what}${like}, up to ${maxLength} characters`
}

/** What readers are told of params, by name. */
export function describeParams(declared: readonly ParamOptions[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    declared.map(({ name, type, pattern, default: otherwise, maxLength }) => [
      name,
      {
        type,
        ...(pattern === undefined ? {} : { pattern: pattern.source.slice(4, -2) }),
        ...(otherwise === undefined ? {} : { default: otherwise }),
        max: maxLength,
      },
    ]),
  )
}
