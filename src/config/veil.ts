import { isSecretName } from '../lib/safe-text.ts'
import { shortestToken } from './auth.options.ts'
import type { Problem } from './problem.ts'
import type { SourceText } from './source-text.ts'

/** A name and its colon, quoted or not, wherever on a line it stands. */
const named = /(?<![\w.-])(["']?)([A-Za-z_][\w.-]*)\1[ \t]*:(?=\s|$|["'])[ \t]*/g
/** What a line of a block begins with, and what follows. */
const nameOn = /^\s*(?:- +)*(["']?)([A-Za-z_][\w.-]*)\1[ \t]*:[ \t]*(.*)$/
/** User name and password of a URL, and a parameter of its query. */
const credentials = /(?<=:\/\/)[^\s/?#@"']+(?=@)/g
const parameter = /(?<=[?&])([^\s?&=#"']+)=(\$\{[^{}]*\}|[^\s&#"',}\]]+)/g
const onlyVariable = /^(["']?)\$\{[^{}]*\}\1[ \t]*([,}\]#].*)?$/
/** These hold others, which have names of their own. */
const containers = new Set(['auth', 'tokens'])
/** What is sent along with a request holds a `key` that opens something; elsewhere it is one of columns, of a join, of a tile or a label. */
const sent = new Set(['query', 'headers', 'body', 'auth', 'apiKey', 'basic', 'digest', 'oauth2', 'login', 'request', 'env'])
/** Too long, and with a digit in it, to be the name of a column. */
const likeToken = /(?=[\w+/=-]*\d)[\w+/=-]{16}/
/** Shorter ones are no secrets, and hiding them would spoil every text. */
const shortest = 4

/** Lines of a text that are looked over for its name. */
const longestText = 200

const hidden = '***'

/** A stretch of a line, in UTF-16 units. */
type Stretch = readonly [from: number, to: number]

/**
 * Where the value ends that begins at `from`: at its closing quote; unquoted, with the line, or in { } and [ ] with its item. On a line
 * that cannot be read nobody knows, and it is taken to go to the end.
 */
function endOf(line: string, from: number, isInFlow: boolean, isBroken: boolean): number {
  if (isBroken) return line.length
  const quote = line[from]
  const closing = quote === '"' || quote === "'" ? line.indexOf(quote, from + 1) : -1
  if (closing >= 0) return closing + 1
  const end = isInFlow ? line.slice(from).search(/[,}\]]/) : -1
  return end < 0 ? line.length : from + end
}

/** The secrets that the URLs on a line hold. */
function secretsInUrls(line: string): Stretch[] {
  const found = [...line.matchAll(credentials)].map((match): Stretch => [match.index, match.index + match[0].length])
  for (const { index, 0: all, 1: name = '', 2: value = '' } of line.matchAll(parameter))
    if (isSecretName(name) && !/^\$\{[^{}]*\}$/.test(value)) found.push([index + all.length - value.length, index + all.length])
  return found
}

/** `bearer: ..`, and the `value` of an API key. */
function saysWho(name: string, before: string): boolean {
  return name === 'bearer' || (name === 'value' && /\bapiKey\b/.test(before))
}

/** The names of the maps in which a place of a line is, the innermost first: on the line, then above it. */
function* enclosing(source: SourceText, index: number, column: number): Generator<string> {
  const line = source.line(index)
  let closed = 0
  for (let place = column - 1; place >= 0; place--) {
    if (/[}\]]/.test(line[place] ?? '')) closed++
    else if (/[{[]/.test(line[place] ?? '') && closed-- === 0) {
      closed = 0
      yield /(["']?)([A-Za-z_][\w.-]*)\1[ \t]*:[ \t]*$/.exec(line.slice(0, place))?.[2] ?? ''
    }
  }
  yield* [...parents(source, index)].map(([name]) => name)
}

/** The names on the lines above that are indented less and less, with what follows them there. */
function* parents(source: SourceText, index: number): Generator<readonly [name: string, rest: string]> {
  let indent = indentOf(source.line(index))
  for (let above = index - 1; above >= Math.max(0, index - longestText) && indent > 0; above--) {
    const line = source.line(above)
    if (line.trim() === '' || indentOf(line) >= indent) continue
    indent = indentOf(line)
    const [, , name = '', rest = ''] = nameOn.exec(line) ?? []
    yield [name, rest]
  }
}

function indentOf(line: string): number {
  return line.search(/\S|$/)
}

/** Whether what stands under the name `key` is no secret but names something. */
function isNoSecret(source: SourceText, index: number, [from, to]: Stretch): boolean {
  return !likeToken.test(source.line(index).slice(from, to)) && ![...enclosing(source, index, from)].some(name => sent.has(name))
}

/** What stands on a line that is called like a secret. */
function secretsOn(source: SourceText, index: number, isBroken: boolean): Stretch[] {
  const line = source.line(index)
  const found = secretsInUrls(line)
  for (const match of line.matchAll(named)) {
    const name = match[2] ?? ''
    const from = match.index + match[0].length
    const rest = line.slice(from)
    if (!(isSecretName(name) || saysWho(name, line.slice(0, match.index))) || /^(\{|\[\s*\{|#|$)/.test(rest) || onlyVariable.test(rest))
      continue
    const isInFlow = /[{[]/.test(line.slice(0, match.index)) || rest.startsWith('[')
    const end = endOf(line, from, isInFlow, isBroken)
    if (name === 'key' && isNoSecret(source, index, [from, end])) continue
    // What is too short for a token is a word that was meant otherwise: `auth: nobody`.
    if (!containers.has(name) || end - from >= shortestToken) found.push([from, end])
  }
  return found
}

/** The line above by whose name what stands on a line is a secret: a text of several lines, or one that begins on the next. */
function isBelowSecret(source: SourceText, index: number): boolean {
  return [...parents(source, index)].some(([name, rest]) => isSecretName(name) && !containers.has(name) && /^([|>].*|#.*|)$/.test(rest))
}

/** The texts that messages may quote of a stretch: itself, and where it cannot be read each word of it. */
function textsOf(stretch: string, isBroken: boolean): string[] {
  const whole = stretch.trim().replace(/^["'](.*)["']$/, '$1')
  const words = isBroken ? whole.split(/[\s,:{}[\]"'*&!#]+/) : []
  return [whole, ...words].filter(text => text.length >= shortest)
}

/** What is not to be shown of a line. */
interface Secrets {
  readonly stretches: readonly Stretch[]
  /** The longest first. */
  readonly texts: readonly string[]
  /** The line with each of them covered. */
  readonly covered: string
}

/** Covers the secrets that stand in a file itself, by what they are called: problems of a reload go to the log. */
export class Veil {
  readonly #source: SourceText
  /** By line, as many problems may be on one. */
  readonly #known = new Map<string, Secrets>()

  constructor(source: SourceText) {
    this.#source = source
  }

  /**
   * A problem without them.
   * @param isBroken its line cannot be read as YAML
   */
  over<P extends Problem>(problem: P, isBroken = false): P {
    const { place } = problem
    const secrets = place === undefined ? undefined : this.#secretsOf(place.line - 1, isBroken)
    if (place === undefined || secrets === undefined || secrets.stretches.length === 0) return problem
    const hide = (text: string): string => secrets.texts.reduce((so, secret) => so.replaceAll(secret, hidden), text)
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

  #secretsOf(index: number, isBroken: boolean): Secrets {
    const key = `${index} ${isBroken}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const line = this.#source.line(index)
    const stretches: Stretch[] = isBelowSecret(this.#source, index)
      ? [[line.search(/\S|$/), line.length]]
      : secretsOn(this.#source, index, isBroken)
    const texts = stretches.flatMap(([from, to]) => textsOf(line.slice(from, to), isBroken)).sort((a, b) => b.length - a.length)
    const found = { stretches, texts, covered: covered(line, stretches) }
    this.#known.set(key, found)
    return found
  }
}

function covered(text: string, stretches: readonly Stretch[]): string {
  return stretches.reduce((so, [from, to]) => so.slice(0, from) + '*'.repeat(to - from) + so.slice(to), text)
}
