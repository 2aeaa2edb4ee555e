import { isMap, parseDocument, stringify } from 'yaml'

/** As it is printed: no line is folded, since a folded URL is hard to read, and flow maps are written tightly. */
const style = { lineWidth: 0, flowCollectionPadding: false } as const

/** A source as YAML, as it stands in a config. */
export function printSource(name: string, source: object): string {
  return stringify({ sources: { [name]: source } }, style)
}

/**
 * The text of a config with one more source at the end of `sources`; its comments and the order of all else stay.
 * @param text of a config in YAML without faults; empty: there is none yet
 */
export function addSource(text: string, name: string, source: object): string {
  if (text.trim() === '') return printSource(name, source)
  const document = parseDocument(text, { schema: 'core', version: '1.2', stringKeys: true })
  if (isMap(document.get('sources'))) document.addIn(['sources'], document.createPair(name, source))
  else document.set('sources', document.createNode({ [name]: source }))
  return document.toString(style)
}
