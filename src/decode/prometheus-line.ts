import { DecodeError, quotable } from './decode-error.ts'

export type Label = readonly [name: string, value: string]

/** One line that has a value. */
export interface PrometheusSample {
  /** Empty: it has none, as what a query computes. */
  readonly name: string
  /** In the order in which they were written. */
  readonly labels: readonly Label[]
  /** May be NaN or infinite. Of a native histogram: its count. */
  readonly value: number
  /** Of a native histogram, which is all of it in one sample. */
  readonly sum?: number
  /** ms since 1970 UTC. */
  readonly time?: number
}

const metricName = /[a-zA-Z_:][a-zA-Z0-9_:]*/y
const labelName = /[a-zA-Z_][a-zA-Z0-9_]*/y
const blanks = /[ \t]*/y
const word = /[^ \t]+/y
/** How a native histogram begins, which no set of labels does. */
const memberFirst = /(?=\{[ \t]*[a-z_]+[ \t]*:)/y
const memberName = /[a-z_]+/y
const memberValue = /\[[^[\]{}]*\]|[^,[\]{} \t]+/y

/** Characters that the labels of an exemplar may have together. */
const exemplarCharacters = 128

function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/\\([\\"n])/g, (_, c: string) => (c === 'n' ? '\n' : c)) : text
}

/** The number that Prometheus reads there; undefined: none. */
export function prometheusNumber(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) {
    const number = Number(text)
    return Number.isFinite(number) ? number : undefined
  }
  if (/^nan$/i.test(text)) return Number.NaN
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text)
  return infinite === null ? undefined : infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

/** Reads one line of Prometheus' text format or of OpenMetrics. */
export class PrometheusLine {
  readonly #text: string
  readonly #isOpenMetrics: boolean
  #at = 0

  constructor(text: string, isOpenMetrics: boolean) {
    this.#text = text
    this.#isOpenMetrics = isOpenMetrics
  }

  /** @throws DecodeError with the reason and the column, but not the line */
  sample(): PrometheusSample {
    this.#take(blanks)
    let name = this.#take(metricName)
    const begins = this.#at
    this.#take(blanks)
    const labels: Label[] = []
    if (this.#text[this.#at] === '{' && this.#take(memberFirst) === undefined) {
      this.#at++
      const quoted = this.#labelSet(labels, name === undefined)
      name ??= quoted
    } else if (name !== undefined && this.#at === begins)
      throw this.#refuse('a value is missing, or a character stands in the name that none may have')
    if (name === undefined) throw this.#refuse('a name of a metric is needed')
    this.#take(blanks)
    const worth = this.#take(memberFirst) === undefined ? { value: this.#number('a value') } : this.#histogram()
    const time = this.#time()
    this.#take(blanks)
    if (this.#isOpenMetrics && this.#has('#')) this.#exemplar()
    this.#take(blanks)
    if (this.#at < this.#text.length) throw this.#refuse('more stands behind the value and time')
    return { name, labels, ...worth, ...(time === undefined ? {} : { time }) }
  }

  /** What a `# TYPE`, `# HELP` or `# UNIT` tells of: a name, quoted or not. */
  describedName(): string {
    this.#take(blanks)
    const name = this.#take(metricName) ?? this.#quoted()
    if (name === undefined || (this.#at < this.#text.length && !/[ \t]/.test(this.#text[this.#at] ?? '')))
      throw this.#refuse('a name of a metric is needed')
    return name
  }

  /** Whatever is left of the line. */
  rest(): string {
    return this.#text.slice(this.#at).trim()
  }

  #refuse(reason: string): DecodeError {
    return new DecodeError('decode', `column ${this.#at + 1}: ${reason}`)
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) return undefined
    this.#at = pattern.lastIndex
    return found[0]
  }

  #has(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  /** By hand: what a regular expression keeps for going back would grow with the text. */
  #quoted(): string | undefined {
    const text = this.#text
    if (text[this.#at] !== '"') return undefined
    let end = this.#at + 1
    while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
    if (end >= text.length) return undefined
    const found = text.slice(this.#at + 1, end)
    this.#at = end + 1
    return unescape(found)
  }

  /** Fills `labels`; returns the name of the metric where it stands, quoted, among them. */
  #labelSet(labels: Label[], mayName: boolean): string | undefined {
    const seen = new Set<string>()
    let metric: string | undefined
    for (;;) {
      this.#take(blanks)
      if (this.#has('}')) return metric
      const isQuoted = this.#text[this.#at] === '"'
      const name = isQuoted ? this.#quoted() : this.#take(labelName)
      if (name === undefined) throw this.#refuse(isQuoted ? 'a quoted name is not closed' : 'a name of a label is needed')
      this.#take(blanks)
      if (this.#has('=')) {
        if (seen.has(name)) throw this.#refuse(`the label ${quotable(name, 40)} stands there twice`)
        seen.add(name)
        labels.push([name, this.#labelValue()])
      } else if (isQuoted && mayName && metric === undefined && name !== '') metric = name
      else throw this.#refuse('a label needs = and a value in quotes')
      this.#take(blanks)
      if (!this.#has(',') && this.#text[this.#at] !== '}') throw this.#refuse('a comma or } is needed')
    }
  }

  #labelValue(): string {
    this.#take(blanks)
    if (this.#text[this.#at] !== '"') throw this.#refuse('a value of a label stands in quotes')
    const value = this.#quoted()
    if (value === undefined) throw this.#refuse('the value of a label is not closed')
    return value
  }

  /** `{count:24,sum:100,schema:0,positive_spans:[0:2],..}`: how its observations are spread is left out. */
  #histogram(): Pick<PrometheusSample, 'value' | 'sum'> {
    const begins = this.#at
    const members = new Map<string, string>()
    do {
      this.#at++
      this.#take(blanks)
      const name = this.#take(memberName)
      this.#take(blanks)
      const isNamed = name !== undefined && this.#has(':')
      this.#take(blanks)
      const value = isNamed ? this.#take(memberValue) : undefined
      if (!isNamed || value === undefined) throw this.#refuse('a native histogram is of names, each with : and a value')
      members.set(name, value)
      this.#take(blanks)
    } while (this.#text[this.#at] === ',')
    if (!this.#has('}')) throw this.#refuse('a native histogram is not closed by }')
    const [count, sum] = ['count', 'sum'].map(name => prometheusNumber(members.get(name) ?? ''))
    if (count !== undefined && sum !== undefined) return { value: count, sum }
    this.#at = begins
    throw this.#refuse('a native histogram has a count and a sum, which are all that is read of it: ask for the text format instead')
  }

  #number(what: string): number {
    this.#take(blanks)
    const at = this.#at
    const written = this.#take(word)
    if (written === undefined) throw this.#refuse(`${what} is missing`)
    const number = prometheusNumber(written)
    if (number !== undefined) return number
    this.#at = at
    throw this.#refuse(`${what} is no number that a double can hold`)
  }

  /** Whole ms in Prometheus' format, seconds in OpenMetrics. */
  #time(): number | undefined {
    this.#take(blanks)
    if (this.#at >= this.#text.length || this.#text[this.#at] === '#') return undefined
    const at = this.#at
    const written = this.#take(word) ?? ''
    const number = this.#isOpenMetrics || /^[+-]?\d+$/.test(written) ? prometheusNumber(written) : undefined
    if (number !== undefined && Number.isFinite(number)) return this.#isOpenMetrics ? Math.round(number * 1000) : number
    this.#at = at
    throw this.#refuse(this.#isOpenMetrics ? 'a time is a number of seconds' : 'a time is a whole number of milliseconds')
  }

  /** Read so that it is known to be sound; a row holds what a series is worth, not examples of it. */
  #exemplar(): void {
    this.#take(blanks)
    if (!this.#has('{')) throw this.#refuse('an exemplar begins with its labels')
    const labels: Label[] = []
    this.#labelSet(labels, false)
    const characters = labels.reduce((sum, [name, value]) => sum + Array.from(name).length + Array.from(value).length, 0)
    if (characters > exemplarCharacters) throw this.#refuse(`the labels of an exemplar have more than ${exemplarCharacters} characters`)
    this.#number('the value of an exemplar')
    this.#time()
  }
}
