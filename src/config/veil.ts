import { hidden, isSecretName } from '../lib/safe-text.ts'
import { shortestToken } from './auth.options.ts'
import type { Path } from './finding.ts'
import type { Problem } from './problem.ts'
import type { SourceText } from './source-text.ts'

/** A name and its colon, quoted or not, wherever on a line it stands: also in JSON within a text, whose quotes may be escaped or doubled. */
const named = /(?<![\w.-])(?:(\\*["']+)([A-Za-z_][\w.-]*)\1[ \t]*:|([A-Za-z_][\w.-]*)[ \t]*:(?=\s|$|\\*["']))[ \t]*/g
/** What a line of a block begins with, and what follows. */
const nameOn = /^\s*(?:- +)*(["']?)([A-Za-z_][\w.-]*)\1[ \t]*:[ \t]*(.*)$/
/** User name and password of a URL, also where the password was not encoded as it must be, and a parameter of its query. */
const credentials = /(?<=:\/\/)(?:[^\s/?#@"']+|[^\s/?#@:"']*:(?!\d{1,5}[/?#])[^\s@"']+)(?=@)/g
const parameter = /(?<=[?&])([^\s?&=#"']+)=(\$\{[^{}]*\}|[^\s&#"',}\]]+)/g
/** A URL as far as its host, and what follows. */
const hostAndPath = /https?:\/\/[^\s/?#"']{1,300}\/([^\s"',}\]]+)/gi
/** An option of a command, and the user and password of one; between them and the next word there may be a comma. */
const option = /(?<![\w-])--?([A-Za-z][\w.-]*)(?:["']?\s*,\s*["']?|=|\s+["']?)([^\s"',\]}]+)/g
const user = /(?<![\w-])(?:-u|--(?:proxy-)?user)(?:["']?\s*,\s*["']?|=|\s+["']?|)[^\s:"',]+:([^\s"',\]}]+)/g
/** An item of a block that is such an option alone. */
const optionItem = /^\s*- +["']?--?([A-Za-z][\w.-]*)["']?\s*$/
const userNames = new Set(['u', 'user', 'proxy-user'])
const onlyVariable = /^(["']?)\$\{[^{}]*\}\1[ \t]*([,}\]#].*)?$/
/** These hold others, which have names of their own. */
const containers = new Set(['auth', 'tokens', 'oauth2'])
/** Where a `key` names columns, rows or a label, and opens nothing: the names on the way to it; `*` stands for any. */
const harmless = [
  'defaults key',
  'sources * key',
  'boards * tiles * key',
  'feeds * export metrics labels key',
  'feeds * export metrics * labels key',
  'feeds * sinks * alertmanager labels key',
  'feeds * steps * join key',
  'feeds * steps * derive key',
  'feeds * steps * select key',
  ...['group', 'rate', 'change', 'window', 'series', 'fill', 'join'].map(step => `feeds * steps * ${step} columns key`),
].map(way => way.split(' '))
/** What is sent along with a request; on the way to a `key` it was probably indented otherwise than it was meant. */
const sent = /^(query|headers|body|auth|apiKey|basic|digest|oauth2|login|request|env|subscribe|exec|params)$/
/** Too long, and with a digit in it, to be the name of a column. */
const likeToken = /(?=[\w+/=-]*\d)[\w+/=-]{16}/
/** Shorter ones are no secrets, and hiding them would spoil every text. */
const shortest = 4

/** A stretch of a line, in UTF-16 units. */
type Stretch = readonly [from: number, to: number]

/**
 * Where the value ends that begins at `from`: at its closing quote or bracket; unquoted, with the line, or in { } and [ ] with its item.
 * On a line that cannot be read nobody knows, and it is taken to go to the end. `quote`: that of the name.
 */
function endOf(line: string, from: number, quote: string, isInFlow: boolean, isBroken: boolean): number {
  if (isBroken) return line.length
  const rest = line.slice(from)
  const [own] = /^\\*["']/.exec(rest) ?? []
  const opening = quote !== '' && rest.startsWith(quote) ? quote : own
  if (opening !== undefined) return closingOf(line, opening, from + opening.length)
  const end = rest.startsWith('[') ? rest.indexOf(']') + 1 : isInFlow ? rest.search(/[,}\]]/) : -1
  return end <= 0 ? line.length : from + end
}

/** Behind the next such quote that is neither escaped nor, if single, doubled; where there is none, the end of the line. */
function closingOf(line: string, quote: string, from: number): number {
  for (let at = line.indexOf(quote, from); at >= 0; at = line.indexOf(quote, at + 1)) {
    const end = at + quote.length
    if (line[at - 1] === '\\') continue
    if (quote !== "'" || line[end] !== "'") return end
    at = end
  }
  return line.length
}

/** The secrets that the URLs on a line hold. */
function secretsInUrls(line: string): Stretch[] {
  const found = [...line.matchAll(credentials)].map((match): Stretch => [match.index, match.index + match[0].length])
  for (const { index, 0: all, 1: name = '', 2: value = '' } of line.matchAll(parameter))
    if (isSecretName(name) && !/^\$\{[^{}]*\}$/.test(value)) found.push([index + all.length - value.length, index + all.length])
  return found
}

/** What follows the host of a webhook: a service lets in whoever knows it. */
function secretsInWebhooks(line: string): Stretch[] {
  return [...line.matchAll(hostAndPath)].map(({ index, 0: all, 1: path = '' }): Stretch => [
    index + all.length - path.length,
    index + all.length,
  ])
}

/** The secrets that a command on a line is given. */
function secretsInCommands(line: string): Stretch[] {
  const found: Stretch[] = []
  for (const { index, 0: all, 1: name = '', 2: value = '' } of line.matchAll(option))
    if (isSecretName(name)) found.push([index + all.length - value.length, index + all.length])
  for (const { index, 0: all, 1: password = '' } of line.matchAll(user))
    found.push([index + all.length - password.length, index + all.length])
  return found
}

/** `bearer: ..`, and the `value` of an API key. */
function saysWho(name: string, before: string): boolean {
  return name === 'bearer' || (name === 'value' && /\bapiKey\b/.test(before))
}

/** The lines of a file, each with those that it belongs to: the ones above that are indented less and less. */
class Outline {
  readonly #source: SourceText
  /** By line the nearest such one; -1: none. */
  readonly #above: readonly number[]

  constructor(source: SourceText) {
    const open: (readonly [index: number, indent: number])[] = []
    this.#source = source
    this.#above = Array.from({ length: source.lineCount }, (_, index) => {
      const line = source.line(index)
      if (line.trim() === '') return -1
      const indent = indentOf(line)
      while ((open.at(-1)?.[1] ?? -1) >= indent) open.pop()
      const [above] = open.at(-1) ?? [-1]
      open.push([index, indent])
      return above
    })
  }

  line(index: number): string {
    return this.#source.line(index)
  }

  /** The names on those lines, the nearest first, with what follows them there. */
  parents(index: number): readonly (readonly [name: string, rest: string])[] {
    const found: (readonly [string, string])[] = []
    for (let above = this.#above[index] ?? -1; above >= 0; above = this.#above[above] ?? -1) {
      const [, , name = '', rest = ''] = nameOn.exec(this.line(above)) ?? []
      found.push([name, rest])
    }
    return found
  }
}

function indentOf(line: string): number {
  return line.search(/\S|$/)
}

/** Whether a webhook is told of on a line, or on one that it belongs to. */
function isOfWebhook(outline: Outline, index: number): boolean {
  return /\bwebhook\b/.test(outline.line(index)) || outline.parents(index).some(([name]) => name === 'webhook')
}

/** Whether a `key` at one of these paths is known to be no secret: at all of them, as an alias may repeat it. */
function isHarmless(paths: readonly Path[]): boolean {
  return (
    paths.length > 0 &&
    paths.every(
      path =>
        !path.some(name => typeof name === 'string' && sent.test(name)) &&
        harmless.some(way => way.length === path.length && way.every((name, place) => name === '*' || name === path[place])),
    )
  )
}

/** What stands on a line that is called like a secret. `isShown`: whether the `key` in this column is none, all the same. */
function secretsOn(line: string, isBroken: boolean, isShown: (column: number) => boolean): Stretch[] {
  const found = [...secretsInUrls(line), ...secretsInCommands(line)]
  for (const match of line.matchAll(named)) {
    const [all, quote = '', quoted, plain = ''] = match
    const name = quoted ?? plain
    const from = match.index + all.length
    const rest = line.slice(from)
    if (!(isSecretName(name) || saysWho(name, line.slice(0, match.index))) || /^(\{|\[\s*\{|#|$)/.test(rest) || onlyVariable.test(rest))
      continue
    const end = endOf(line, from, quote, /[{[]/.test(line.slice(0, match.index)), isBroken)
    if (name === 'key' && !isBroken && !likeToken.test(line.slice(from, end)) && isShown(match.index)) continue
    // What is too short for a token is a word that was meant otherwise: `auth: nobody`.
    if (!containers.has(name) || end - from >= shortestToken) found.push([from, end])
  }
  return found
}

/**
 * The line above by whose name what stands on a line is a secret: a text of several lines, or one that begins on the next; the option of a
 * command before its argument; an API key before its `value`.
 */
function isBelowSecret(outline: Outline, index: number): boolean {
  const line = outline.line(index)
  const [, before = ''] = optionItem.exec(index === 0 ? '' : outline.line(index - 1)) ?? []
  if ((isSecretName(before) || userNames.has(before)) && /^\s*- /.test(line)) return true
  const above = outline.parents(index)
  if (/^\s*["']?value["']?\s*:/.test(line) && above.some(([name]) => name === 'apiKey')) return true
  return above.some(([name, rest]) => isSecretName(name) && !containers.has(name) && /^([|>].*|#.*|)$/.test(rest))
}

/**
 * The texts that messages may quote of a stretch: itself, what follows a name in it, a token that it begins with, and where it cannot be read
 * each word of it.
 */
function textsOf(stretch: string, isBroken: boolean): string[] {
  const whole = stretch.trim().replace(/^["'](.*)["']$/, '$1')
  const words = isBroken ? whole.split(/[\s,:{}[\]"'*&!#]+/) : []
  const [, , , value = ''] = nameOn.exec(whole) ?? []
  const [first = ''] = whole.split(/[\s"']/)
  return [whole, value, ...(/^(?=.*\d).{12}/.test(first) ? [first] : []), ...words].filter(
    text => text.length >= shortest && !onlyVariable.test(text),
  )
}

/** What is not to be shown of a line. */
interface Secrets {
  readonly stretches: readonly Stretch[]
  /** The longest first. */
  readonly texts: readonly string[]
  /** The line with each of them covered. */
  readonly covered: string
}

/** The paths of what is called by the name that begins at an offset of the file; none: there is no name. */
export type PathsAt = (offset: number) => readonly Path[]

/** Covers the secrets that stand in a file itself, by what they are called: problems of a reload go to the log. */
export class Veil {
  readonly #source: SourceText
  readonly #pathsAt: PathsAt
  readonly #isTorn: boolean
  #outline: Outline | undefined
  /** Texts of the whole file that no message may quote, wherever it is about; once they were looked for. */
  #everywhere: readonly string[] | undefined
  /** By line, as many problems may be on one. */
  readonly #known = new Map<string, Secrets>()

  /** Without `pathsAt` nothing is known to be harmless. `isTorn`: it cannot be read as YAML, and names may be made of any of its lines. */
  constructor(source: SourceText, pathsAt: PathsAt = () => [], isTorn = false) {
    this.#source = source
    this.#pathsAt = pathsAt
    this.#isTorn = isTorn
  }

  /**
   * A problem without them.
   * @param isBroken its line cannot be read as YAML
   */
  over<P extends Problem>(problem: P, isBroken = false): P {
    const { place } = problem
    if (place === undefined) return problem
    const secrets = this.#secretsOf(place.line - 1, isBroken)
    const texts = [...secrets.texts, ...(this.#everywhere ??= this.#longOnes())]
    if (texts.length === 0 && secrets.stretches.length === 0) return problem
    // Of one that begins like another the rest would stay.
    texts.sort((a, b) => b.length - a.length)
    const hide = (text: string): string => texts.reduce((so, secret) => so.replaceAll(secret, hidden), text)
    const { path, message, found, hint } = problem
    const text = place.text === this.#source.line(place.line - 1) ? secrets.covered : covered(place.text, secrets.stretches)
    return {
      ...problem,
      path: hide(path),
      message: hide(message),
      place: { ...place, text },
      ...(found === undefined ? {} : { found: hide(found) }),
      // A hint may repeat what is to be written.
      ...(hint === undefined ? {} : { hint: hide(isBroken ? hint.replace(/^(quote the (expression|text)): [^]*$/, '$1') : hint) }),
    }
  }

  get #lines(): Outline {
    return (this.#outline ??= new Outline(this.#source))
  }

  /** A value may go over several lines: what surely is a secret is hidden on each; of a file that is torn everything is. */
  #longOnes(): readonly string[] {
    const texts = Array.from({ length: this.#source.lineCount }, (_, index) => this.#secretsOf(index, false).texts)
    return texts.flat().filter(text => this.#isTorn || likeToken.test(text))
  }

  #secretsOf(index: number, isBroken: boolean): Secrets {
    const key = `${index} ${isBroken}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const line = this.#source.line(index)
    const stretches: Stretch[] = isBelowSecret(this.#lines, index)
      ? [[line.search(/\S|$/), line.length]]
      : secretsOn(line, isBroken, column => isHarmless(this.#pathsAt(this.#source.offset(index) + column)))
    if (isOfWebhook(this.#lines, index)) stretches.push(...secretsInWebhooks(line))
    const texts = stretches.flatMap(([from, to]) => textsOf(line.slice(from, to), isBroken)).sort((a, b) => b.length - a.length)
    const found = { stretches, texts, covered: covered(line, stretches) }
    this.#known.set(key, found)
    return found
  }
}

function covered(text: string, stretches: readonly Stretch[]): string {
  return stretches.reduce((so, [from, to]) => so.slice(0, from) + '*'.repeat(to - from) + so.slice(to), text)
}
