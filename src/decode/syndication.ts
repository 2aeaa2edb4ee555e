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

/** Reads well-formedness and size, and counts what will be rows. */
class ItemCount implements XmlSink {
  items = 0

  open(name: string): void {
    if (/^([^:]+:)?(item|entry)$/.test(name)) this.items++
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

/** @param items how many there are to be read: one without any, or anything that is known, is an empty feed */
function parsed(document: Cell | string, items: number): Cell {
  try {
    return parseFeed(document)
  } catch {
    if (items === 0) return { feed: { items: [] } }
    throw new DecodeError('decode', 'it is no RSS, Atom, RDF or JSON feed that can be read')
  }
}

/**
 * The items of RSS, Atom, RDF or JSON Feed as rows of the same columns, whatever the format; a column that no item has
 * is left out.
 * @param document the text of XML, or JSON already read
 * @throws DecodeError
 */
export function syndicationRows(document: Cell, limits: XmlLimits): readonly Row[] {
  // Well-formed, of bounded depth and free of entities of its own before anything is built of it.
  const count = new ItemCount()
  if (typeof document !== 'string') count.items = 1
  else if (isSyndicationRoot(rootName(document) ?? '')) readXml(document, limits, count)
  else throw new DecodeError('decode', 'it is no RSS, Atom or RDF: its root element is called otherwise')
  const read = parsed(document, count.items)
  const feed = isMembers(read) ? read['feed'] : undefined
  const items = isMembers(feed) ? (feed['items'] ?? feed['entries'] ?? []) : []
  const rows = (items as readonly Cell[]).filter(isMembers).map(itemRow)
  return rows.map(row => rowOf(Object.entries(row).filter(([, cell]) => cell !== null)))
}
