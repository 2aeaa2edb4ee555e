import { setCell, type Cell } from '../model/row.ts'
import { readXml, type XmlLimits, type XmlSink } from './xml-reader.ts'

type Attributes = readonly (readonly [string, string])[]

interface Element {
  readonly name: string
  readonly attributes: Attributes
  /** Child elements by name, in the order in which the first of each came. */
  readonly children: Map<string, Cell[]>
  text: string
}

/** `stations` for `station`, `entries` for `entry`, `boxes` for `box`: what holds a list of them. */
function isPluralOf(plural: string, singular: string): boolean {
  const [many, one] = [plural.toLowerCase(), singular.toLowerCase()]
  return (
    many === `${one}s` ||
    many === `${one}es` ||
    many === `${one}list` ||
    many === `${one}_list` ||
    (one.endsWith('y') && many === `${one.slice(0, -1)}ies`)
  )
}

/**
 * An element as a cell: its text where it has nothing else, null where it has nothing at all; else its members: its
 * attributes, its children (a list where there are several of one name, or the element is named as a list of them), its
 * text as `text`. Of two of a name the child goes first, and the attribute is `@name`, the text `#text`.
 */
function cellOfElement({ name, attributes, children, text }: Element): Cell {
  const said = text.trim()
  if (attributes.length === 0 && children.size === 0) return said === '' ? null : said
  const members: Record<string, Cell> = {}
  for (const [attribute, value] of attributes) setCell(members, children.has(attribute) ? `@${attribute}` : attribute, value)
  for (const [child, cells] of children) {
    const isList = cells.length > 1 || (children.size === 1 && isPluralOf(name, child))
    setCell(members, child, isList ? cells : (cells[0] ?? null))
  }
  if (said !== '') setCell(members, Object.hasOwn(members, 'text') ? '#text' : 'text', said)
  return members
}

class TreeSink implements XmlSink {
  readonly #open: Element[] = [{ name: '', attributes: [], children: new Map(), text: '' }]

  open(name: string, attributes: Attributes): void {
    // What a prefix stands for is no data.
    const own = attributes.filter(([attribute]) => attribute !== 'xmlns' && !attribute.startsWith('xmlns:'))
    this.#open.push({ name, attributes: own, children: new Map(), text: '' })
  }

  text(text: string): void {
    const element = this.#open.at(-1)
    if (element !== undefined) element.text += text
  }

  close(): void {
    const element = this.#open.pop()
    const parent = this.#open.at(-1)
    if (element === undefined || parent === undefined) return
    const siblings = parent.children.get(element.name)
    const cell = cellOfElement(element)
    if (siblings === undefined) parent.children.set(element.name, [cell])
    else siblings.push(cell)
  }

  /** One member, the root element. */
  document(): Cell {
    const [top] = this.#open
    return top === undefined ? null : cellOfElement(top)
  }
}

/**
 * Reads XML into members and lists, every value a text.
 * @throws DecodeError which names the line, or the limit
 */
export function decodeXml(text: string, limits: XmlLimits): Cell {
  const sink = new TreeSink()
  readXml(text, limits, sink)
  return sink.document()
}

/** What the root element is called, without its prefix; undefined: the text does not begin as XML does. */
export function rootName(text: string): string | undefined {
  return /^\s*(?:<\?[^>]*\?>\s*|<!--(?:(?!-->)[^])*-->\s*|<!DOCTYPE[^>[]*(?:\[[^\]]*\]\s*)?>\s*)*<(?:[^\s<>/:!?]+:)?([^\s<>/:!?]+)/i.exec(
    text.slice(0, 16_384),
  )?.[1]
}
