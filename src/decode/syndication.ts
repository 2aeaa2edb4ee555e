import { createRequire } from 'node:module'
import type * as Feedsmith from 'feedsmith'
import type { Cell, Row } from '../model/row.ts'
import { rowOf } from '../model/row.ts'
import { DecodeError } from './decode-error.ts'
import { isMembers, type Members } from './path.ts'
import { rootName } from './xml.ts'
import { readXml, type XmlLimits, type XmlSink } from './xml-reader.ts'

const require = createRequire(import.meta.url)
let feedsmith: typeof Feedsmith | undefined

/** Read with the first feed: the parser is a sixth of what there is to load at a start, and few sources are feeds. */
function parseFeed(document: unknown): Cell {
  feedsmith ??= require('feedsmith') as typeof Feedsmith
  return feedsmith.parseFeed(document)
}

/** A document of JSON Feed. */
export function isJsonFeed(document: Cell): boolean {
  if (!isMembers(document) || !Array.isArray(document['items'])) return false
  const { version } = document
  return typeof version === 'string' && /^https?:\/\/jsonfeed\.org\/version\//.test(version)
}

/** Names of root elements: RSS, Atom, RSS 1.0. */
const roots = new Set(['rss', 'feed', 'RDF'])

export function isSyndicationRoot(name: string): boolean {
  return roots.has(name)
}

/** Reads well-formedness and size, counts what will be rows, and sees under which prefixes the feed itself stands. */
class Outline implements XmlSink {
  items = 0
  readonly prefixes = new Set<string>()
  #hasRoot = false

  open(name: string): void {
    const [, prefix = '', local] = /^(?:([^:]+):)?(item|entry|rss|feed)$/.exec(name) ?? []
    const isItem = local === 'item' || local === 'entry'
    const isFirst = isItem ? this.items++ === 0 : local !== undefined && !this.#hasRoot
    if (isFirst && prefix !== '') this.prefixes.add(prefix)
    this.#hasRoot = true
  }

  text(): void {}

  close(): void {}
}

/** Members of the feed by any of their names, the first that is there. */
function first(item: Members, ...paths: readonly string[]): Cell {
  for (const path of paths) {
    let found: Cell | undefined = item
    for (const name of path.split('.')) {
      if (Array.isArray(found)) found = (found as readonly Cell[])[0]
      found = isMembers(found) && Object.hasOwn(found, name) ? found[name] : undefined
    }
    if (Array.isArray(found)) found = (found as readonly Cell[])[0]
    if (typeof found === 'string' && found.trim() !== '') return found.trim()
  }
  return null
}

const hasZone = /(Z|GMT|UTC?|[ECMP][SD]T|[+-]\d\d:?\d\d)$/i

/** `2015-10-21T07:28:00.000Z`; a time that cannot be read, or does not say its zone, stays as it is written. */
function isoTime(written: Cell): Cell {
  if (typeof written !== 'string' || !hasZone.test(written)) return written
  const ms = Date.parse(written)
  return Number.isNaN(ms) ? written : new Date(ms).toISOString()
}

/** A guid of RSS is the link, unless it says that it is none. */
function permalinkOf({ guid }: Members): Cell {
  const value = isMembers(guid) && guid['isPermaLink'] !== false ? guid['value'] : undefined
  return typeof value === 'string' && /^https?:\/\//.test(value) ? value : null
}

/** The link that leads to the page: in Atom that without a relation, or `alternate`. */
function linkOf(item: Members): Cell {
  const links = Array.isArray(item['links']) ? (item['links'] as readonly Cell[]).filter(isMembers) : []
  const page = links.find(link => link['rel'] === undefined || link['rel'] === 'alternate') ?? links[0]
  return first(item, 'link', 'url', 'external_url') ?? (page === undefined ? permalinkOf(item) : first(page, 'href'))
}

function categoriesOf(item: Members): Cell {
  const listed = item['categories'] ?? item['tags']
  const names = (Array.isArray(listed) ? (listed as readonly Cell[]) : []).flatMap(entry =>
    typeof entry === 'string' ? entry : isMembers(entry) ? (first(entry, 'name', 'term', 'label') ?? []) : [],
  )
  return names.length === 0 ? null : names
}

function itemRow(item: Members): Row {
  const link = linkOf(item)
  return rowOf([
    ['id', first(item, 'guid.value', 'id', 'rdf.about') ?? link],
    ['title', first(item, 'title', 'title.value', 'dc.titles')],
    ['link', link],
    ['published', isoTime(first(item, 'pubDate', 'published', 'date_published', 'dc.dates', 'dcterms.dates', 'dcterms.created'))],
    ['updated', isoTime(first(item, 'updated', 'date_modified', 'atom.updated', 'dcterms.modified'))],
    ['author', first(item, 'authors.name', 'authors', 'dc.creators', 'itunes.author', 'authors.email')],
    ['categories', categoriesOf(item)],
    ['summary', first(item, 'description', 'summary', 'summary.value', 'dc.descriptions')],
    ['content', first(item, 'content.encoded', 'content.value', 'content', 'content_html', 'content_text')],
    ['enclosure', first(item, 'enclosures.url', 'attachments.url', 'media.contents.url')],
  ])
}

const beforePrefix = /<!\[CDATA\[[^]*?\]\]>|<!--[^]*?-->|<\?[^]*?\?>|<\/?[^\s<>/:!?]+:/g

/** The text with these prefixes left out of the names of elements: `<r:item>` is `<item>`. No `<` stands in an attribute of what was read. */
function withoutPrefixes(text: string, prefixes: ReadonlySet<string>): string {
  return text.replace(beforePrefix, found => {
    const open = found.startsWith('</') ? '</' : '<'
    return prefixes.has(found.slice(open.length, -1)) ? open : found
  })
}

/** Undefined: it cannot be read. */
function itemsOf(document: Cell): readonly Members[] | undefined {
  let read: Cell
  try {
    read = parseFeed(document)
  } catch {
    return undefined
  }
  const feed = isMembers(read) ? read['feed'] : undefined
  const items = isMembers(feed) ? (feed['items'] ?? feed['entries'] ?? []) : []
  return (items as readonly Cell[]).filter(isMembers)
}

/**
 * The items of RSS, Atom, RDF or JSON Feed as rows of the same columns, whatever the format; a column that no item has
 * is left out.
 * @param document the text of XML, or JSON already read
 * @throws DecodeError
 */
export function syndicationRows(document: Cell, limits: XmlLimits): readonly Row[] {
  // Well-formed, of bounded depth and free of entities of its own before anything is built of it.
  const outline = new Outline()
  if (typeof document === 'string') {
    if (!isSyndicationRoot(rootName(document) ?? ''))
      throw new DecodeError('decode', 'it is no RSS, Atom or RDF: its root element is called otherwise')
    readXml(document, limits, outline)
  }
  let items = itemsOf(document)
  // RSS is in no namespace, and often in one all the same: whatever that is called, what the feed itself stands under is left out.
  if ((items === undefined || items.length === 0) && outline.prefixes.size > 0 && typeof document === 'string')
    items = itemsOf(withoutPrefixes(document, outline.prefixes)) ?? items
  // One without any item, or anything that is known, is an empty feed.
  if (items === undefined && (outline.items > 0 || typeof document !== 'string'))
    throw new DecodeError('decode', 'it is no RSS, Atom, RDF or JSON feed that can be read')
  const rows = (items ?? []).map(itemRow)
  return rows.map(row => rowOf(Object.entries(row).filter(([, cell]) => cell !== null)))
}
