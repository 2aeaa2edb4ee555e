import { DecodeError, exceeded, quotable } from './decode-error.ts'

export interface XmlLimits {
  readonly maxDepth: number
  /** Elements, attributes and stretches of text in the whole document. */
  readonly maxCells: number
}

/** What a reader of XML hears, in document order. */
export interface XmlSink {
  open(name: string, attributes: readonly (readonly [string, string])[]): void
  /** Entities are replaced; may be called several times within one element. */
  text(text: string): void
  close(): void
}

const nameCharacters = /[^\s<>/=&"'!?]+/y
const space = /\s*/y
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** What stands around the rows is not held against `maxCells`. */
const envelopeCells = 1024

function characterOf(reference: string): string | undefined {
  const hex = /^#x([0-9a-f]{1,6})$/i.exec(reference)?.[1]
  const decimal = /^#(\d{1,7})$/.exec(reference)?.[1]
  const code = hex === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hex, 16)
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined
}

/** The five entities of XML and characters by number; what else is written with `&` stays as it is written. */
function withoutEntities(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(
    /&(#?\w{1,8});/g,
    (written, name: string) => (Object.hasOwn(entities, name) ? entities[name] : undefined) ?? characterOf(name) ?? written,
  )
}

/** Reads a document once, front to back. */
class XmlReader {
  readonly #text: string
  readonly #limits: XmlLimits
  readonly #sink: XmlSink
  readonly #open: string[] = []
  #at = 0
  #cells = 0
  #hasRoot = false

  constructor(text: string, limits: XmlLimits, sink: XmlSink) {
    this.#text = text
    this.#limits = limits
    this.#sink = sink
  }

  read(): void {
    while (this.#at < this.#text.length) {
      const next = this.#text.indexOf('<', this.#at)
      this.#textUntil(next < 0 ? this.#text.length : next)
      if (next >= 0) this.#markup()
    }
    if (this.#open.length > 0)
      throw new DecodeError('decode', `the XML is cut short: <${quotable(this.#open.at(-1) ?? '', 40)}> is not closed`)
    if (!this.#hasRoot) throw this.#refuse('there is no element')
  }

  #refuse(reason: string): DecodeError {
    const line = this.#text.slice(0, this.#at).split('\n').length
    return new DecodeError('decode', `the XML cannot be read: line ${line}: ${reason}`)
  }

  #count(cells: number): void {
    this.#cells += cells
    if (this.#cells > this.#limits.maxCells + envelopeCells) throw exceeded('maxCells', String(this.#limits.maxCells))
  }

  #textUntil(end: number): void {
    const text = this.#text.slice(this.#at, end)
    if (text.trim() !== '') {
      if (this.#open.length === 0) throw this.#refuse('text stands outside of the root element')
      this.#count(1)
      this.#sink.text(withoutEntities(text))
    }
    this.#at = end
  }

  #markup(): void {
    const text = this.#text
    if (text.startsWith('<!--', this.#at)) this.#skip('-->', 'a comment')
    else if (text.startsWith('<![CDATA[', this.#at)) this.#cdata()
    else if (text.startsWith('<?', this.#at)) this.#skip('?>', 'a processing instruction')
    else if (text.startsWith('<!', this.#at)) this.#documentType()
    else if (text.startsWith('</', this.#at)) this.#close()
    else this.#element()
  }

  /** @returns where what ends with `end` began to end */
  #skip(end: string, what: string): number {
    const at = this.#text.indexOf(end, this.#at)
    if (at < 0) throw this.#refuse(`${what} is not closed`)
    this.#at = at + end.length
    return at
  }

  #cdata(): void {
    const from = this.#at + '<![CDATA['.length
    if (this.#open.length === 0) throw this.#refuse('text stands outside of the root element')
    this.#count(1)
    this.#sink.text(this.#text.slice(from, this.#skip(']]>', 'CDATA')))
  }

  /** Entities that a document declares would have to be expanded, and could be without end (billion laughs): refused. */
  #documentType(): void {
    const close = this.#text.indexOf('>', this.#at)
    const subset = this.#text.indexOf('[', this.#at)
    if (!/^<!doctype\s/i.test(this.#text.slice(this.#at, this.#at + 10)) || close < 0)
      throw this.#refuse('what begins with <! is no document type')
    if (subset < 0 || subset > close) {
      this.#at = close + 1
      return
    }
    const from = this.#at
    const end = this.#skip(']', 'the document type')
    if (/<!ENTITY/i.test(this.#text.slice(from, end))) throw this.#refuse('it declares entities, which are not expanded')
    this.#skip('>', 'the document type')
  }

  #close(): void {
    this.#at += 2
    const name = this.#name()
    this.#take(space)
    if (this.#text[this.#at] !== '>') throw this.#refuse(`</${quotable(name, 40)} is not closed`)
    const open = this.#open.pop()
    if (open !== name)
      throw this.#refuse(
        open === undefined ? `</${quotable(name, 40)}> closes nothing` : `<${quotable(open, 40)}> is closed by </${quotable(name, 40)}>`,
      )
    this.#at++
    this.#sink.close()
  }

  #element(): void {
    this.#at++
    const name = this.#name()
    if (this.#open.length === 0 && this.#hasRoot) throw this.#refuse('there is a second root element')
    const attributes = this.#attributes(name)
    this.#count(1 + attributes.length)
    this.#hasRoot = true
    this.#open.push(name)
    if (this.#open.length > this.#limits.maxDepth) throw exceeded('maxDepth', `${this.#limits.maxDepth} levels`)
    this.#sink.open(name, attributes)
    if (this.#text[this.#at] === '/') {
      this.#at++
      this.#open.pop()
      this.#sink.close()
    }
    if (this.#text[this.#at] !== '>') throw this.#refuse(`<${quotable(name, 40)} is not closed`)
    this.#at++
  }

  #attributes(element: string): (readonly [string, string])[] {
    const attributes: (readonly [string, string])[] = []
    const seen = new Set<string>()
    for (;;) {
      this.#take(space)
      const c = this.#text[this.#at]
      if (c === '>' || c === '/' || c === undefined) return attributes
      const name = this.#name()
      if (seen.has(name)) throw this.#refuse(`<${quotable(element, 40)}> has the attribute ${quotable(name, 40)} twice`)
      seen.add(name)
      this.#take(space)
      if (this.#text[this.#at] !== '=') throw this.#refuse(`the attribute ${quotable(name, 40)} has no value`)
      this.#at++
      this.#take(space)
      attributes.push([name, this.#attributeValue(name)])
    }
  }

  #attributeValue(name: string): string {
    const mark = this.#text[this.#at]
    const end = mark === '"' || mark === "'" ? this.#text.indexOf(mark, this.#at + 1) : -1
    if (end < 0) throw this.#refuse(`the value of the attribute ${quotable(name, 40)} is not in quotes`)
    const value = this.#text.slice(this.#at + 1, end)
    if (value.includes('<')) throw this.#refuse(`a < stands in the value of the attribute ${quotable(name, 40)}`)
    this.#at = end + 1
    return withoutEntities(value)
  }

  #name(): string {
    const name = this.#take(nameCharacters)
    if (name === '') throw this.#refuse('a name is needed')
    return name
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }
}

/**
 * Reads XML: well-formed, of bounded depth and size, without entities of its own.
 * @throws DecodeError which names the line, or the limit
 */
export function readXml(text: string, limits: XmlLimits, sink: XmlSink): void {
  new XmlReader(text, limits, sink).read()
}
