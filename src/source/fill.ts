import { placeholder } from './each.options.ts'
import { PollError } from './failure.ts'
import type { HttpOptions } from './http.options.ts'

const longestValue = 1024

/**
 * What is asked, with a value in the place of `{name}`: encoded as one segment of the path or one value of the query. It cannot lead
 * elsewhere than the template does.
 * @throws PollError `http` for a value that would
 */
export function fillOptions(options: HttpOptions, name: string, value: string): HttpOptions {
  const url = fillUrl(options.url, name, value)
  const headers = new Map([...options.headers].map(([header, text]) => [header, text.replace(placeholder(name), () => value)]))
  const isPlain = [...headers.values()].every(text => /^[\t\x20-\x7e\x80-\xff]*$/.test(text))
  if (!isPlain) throw refusal(name, 'is no text for a header')
  return { ...options, url, headers }
}

function fillUrl(template: string, name: string, value: string): string {
  if (value === '' || value.length > longestValue)
    throw refusal(name, value === '' ? 'is empty' : `is longer than ${longestValue} characters`)
  if (/\p{Cs}/u.test(value)) throw refusal(name, 'is no text')
  const filled = template.replace(placeholder(name), () => encoded(value))
  // A segment of dots would climb; nothing else of what is encoded means anything to a URL.
  if (!URL.canParse(filled) || new URL(filled).href !== filled) throw refusal(name, 'would lead elsewhere in the URL')
  return filled
}

/** An apostrophe is the one letter that a query has encoded and `encodeURIComponent` does not. */
function encoded(value: string): string {
  return encodeURIComponent(value).replaceAll("'", '%27')
}

function refusal(name: string, why: string): PollError {
  return new PollError('http', `a value of \`${name}\` ${why}`)
}
