import { suggest } from '../lib/suggest.ts'

/** What words of other languages and tools are called here, the likelier first. */
const called: ReadonlyMap<string, readonly string[]> = new Map([
  ['int', ['integer']],
  ['str', ['string']],
  ['text', ['string']],
  ['bool', ['boolean']],
  ['float', ['number']],
  ['double', ['number']],
  ['decimal', ['number']],
  ['date', ['time', 'string']],
  ['datetime', ['time', 'string']],
  ['timestamp', ['time', 'string']],
  ['list', ['array']],
  ['map', ['object']],
  ['dict', ['object']],
])

/** The word of a fixed set that was probably meant. */
export function likelyWord(value: unknown, words: readonly string[]): { readonly hint?: string } {
  if (typeof value !== 'string') return {}
  const best = suggest(value, words) ?? called.get(value.toLowerCase())?.find(word => words.includes(word))
  return best === undefined ? {} : { hint: `did you mean \`${best}\`?` }
}
