import { PollError } from './failure.ts'
import type { HttpOptions } from './http.options.ts'
import { placeholder } from './each.options.ts'

const longestValue = 1024

/**
 * What is asked, with values in the places of `{name}`: each encoded as one segment of the path or one value of the query. They cannot
 * lead elsewhere than the template does, and none is looked for in another.
 * @throws PollError `http` for a value that would
 */
export function fillOptions(options: HttpOptions, values: ReadonlyMap<string, string>): HttpOptions {
  for (const [name, value] of values) check(name, value)
  const named = placeholder(...values.keys())
  const fill = (text: string, encode: (value: string) => string): string =>
    text.replace(named, (_, raw: string | undefined, coded: string | undefined) => encode(values.get(raw ?? coded ?? '') ?? ''))
  const url = fill(options.url, encoded)
  // A segment of dots would climb; nothing else of what is encoded means anything to a URL.
  if (!URL.canParse(url) || new URL(url).href !== url) throw refusal([...values.keys()].join(', '), 'would lead elsewhere in the URL')
  const headers = new Map([...options.headers].map(([header, text]) => [header, fill(text, value => value)]))
  for (const text of headers.values())
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) throw refusal([...values.keys()].join(', '), 'is no text for a header')
  return { ...options, url, headers }
}

function check(name: string, value: string): void {
  if (value === '') throw refusal(name, 'is empty')
  if (value.length > longestValue) throw refusal(name, `is longer than ${longestValue} characters`)
  if (/\p{Cs}/u.test(value)) throw refusal(name, 'is no text')
}

/** An apostrophe is the one letter that a query has encoded and `encodeURIComponent` does not. */
function encoded(value: string): string {
  return encodeURIComponent(value).replaceAll("'", '%27')
}

function refusal(name: string, why: string): PollError {
  return new PollError('http', `a value of \`${name}\` ${why}`)
}
