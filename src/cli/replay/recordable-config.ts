import { stringify } from 'yaml'
import { variableSources, type LoadOptions } from '../../config/load.ts'
import { SourceText } from '../../config/source-text.ts'
import { resolveVariables, type VariableSources } from '../../config/variable.ts'
import { parseYaml } from '../../config/yaml-document.ts'
import { YamlTree } from '../../config/yaml-tree.ts'
import { commandWords } from '../../lib/command-words.ts'
import { isSecretName, valueWithoutSecrets, withoutSecrets } from '../../lib/safe-text.ts'
import type { ConfigRecord } from '../../replay/format.ts'
import type { Tell } from '../../replay/redaction.ts'
import { teller } from './teller.ts'

type Members = Readonly<Record<string, unknown>>

export interface Recordable extends Pick<ConfigRecord, 'config' | 'variables'> {
  readonly tell: Tell
}

const hidden = '***'
/** Around the name of a variable where its value would stand; private to this process. */
const [opening, closing] = ['\u{e000}', '\u{e001}']
const marked = /\u{e000}([^\u{e001}]*)\u{e001}/gu

/** What of a source may be a secret, or hold one. */
const secretMembers = ['url', 'headers', 'query', 'body', 'auth']
/** Of `auth`: these are secrets; others say how they are sent. */
const credentials = new Set(['user', 'password', 'bearer', 'value', 'clientId', 'clientSecret', 'headers', 'body'])

/**
 * A config as it can be kept: how readers sign in, who is told of feeds and where state is are left out; secrets are covered, or stay
 * `${NAME}`, for which something harmless stands; whatever else it takes from variables and files is written in.
 * @param text of a config that was found good, which `file` names
 */
export function recordableConfig(text: string, file: string, options: Required<LoadOptions>): Recordable {
  const source = new SourceText(text.replace(/^\u{feff}/u, ''))
  const { variables: real } = variableSources(file, options)
  const { document } = parseYaml(source)
  const treeBy = (variables: VariableSources): Members => new YamlTree(document, source, variables).value as Members
  const written = [...source.text.matchAll(/\$\{([A-Za-z_]\w*)[^{}]*\}/g)].map(([whole, name]) => ({ whole, name: name ?? '' }))
  const mark = (name: string): string => opening + name + closing
  const open = treeBy({
    env: Object.fromEntries(written.map(({ name }) => [name, mark(name)])),
    dotEnv: {},
    readFile: path => mark(`file:${path}`),
  })
  const config = withoutSecretPlaces(treeBy(real), open, path => options.readFile(path))
  const used = new Set([...JSON.stringify(config).matchAll(marked)].map(([, name]) => name ?? ''))
  const values = [...used].flatMap(name => {
    const forms = name.startsWith('file:') ? ['${' + name + '}'] : written.filter(one => one.name === name).map(({ whole }) => whole)
    return forms.map(form => [name, resolveVariables(form, real).text] as const)
  })
  const standIns = values.map(([name, value]) => [name, standInOf(name, value)] as const)
  return {
    config: stringify(asWritten(config), { lineWidth: 0, aliasDuplicateObjects: false }),
    // Of a variable with several defaults the first counts.
    variables: Object.fromEntries([...standIns].reverse()),
    tell: teller(values.filter((pair, i) => pair[1] !== standIns[i]?.[1])),
  }
}

/** `open`: the same with marks in the place of variables. */
function withoutSecretPlaces(resolved: Members, open: Members, readFile: (path: string) => string): Members {
  const { auth: _auth, state: _state, server: _server, log: _log, tests: _tests, ...rest } = resolved
  const sources = membersOf(rest['sources'])
  const feeds = membersOf(rest['feeds'])
  const sourceOf = (value: unknown, marks: unknown): unknown =>
    isMembers(value) ? harmlessSource(value, membersOf(marks), readFile) : harmlessUrl(marks)
  return {
    ...rest,
    ...('defaults' in rest ? { defaults: sourceOf(rest['defaults'], open['defaults']) } : {}),
    sources: mapMembers(sources, (value, name) => sourceOf(value, membersOf(open['sources'])[name])),
    ...('feeds' in rest ? { feeds: mapMembers(feeds, harmlessFeed) } : {}),
  }
}

/** Nobody is told of it; it is awake all the same. */
function harmlessFeed(feed: unknown): unknown {
  if (!isMembers(feed) || !('sinks' in feed)) return feed
  const { sinks: _sinks, ...rest } = feed
  return { ...rest, demand: 'always' }
}

function harmlessSource(resolved: Members, open: Members, readFile: (path: string) => string): Members {
  const { tls: _tls, env: _env, shape, exec, ...rest } = resolved
  const read = typeof shape === 'string' && shape !== 'learn' && shape !== 'any' ? (JSON.parse(readFile(shape)) as unknown) : shape
  const places = secretMembers.flatMap(name => (name in open ? [[name, harmless(name, open[name])] as const] : []))
  return {
    ...rest,
    ...(read === undefined ? {} : { shape: read }),
    ...(exec === undefined ? {} : { exec: [programOf(exec)] }),
    ...Object.fromEntries(places),
  }
}

/** It is not run again: who ran is enough. */
function programOf(exec: unknown): string {
  const [program = ''] = typeof exec === 'string' ? commandWords(exec) : (exec as readonly unknown[]).map(String)
  return program
}

function harmless(name: string, value: unknown): unknown {
  switch (name) {
    case 'url':
      return harmlessUrl(value)
    case 'headers':
      return covered(value)
    case 'query':
      return isMembers(value) ? mapMembers(value, (of, parameter) => (isSecretName(parameter) ? hidden : of)) : value
    case 'body':
      return valueWithoutSecrets(value, text => text)
    default:
      return harmlessAuth(value)
  }
}

function harmlessUrl(value: unknown): unknown {
  return typeof value === 'string' ? withoutSecrets(value) : value
}

function harmlessAuth(value: unknown, name = ''): unknown {
  if (credentials.has(name)) return covered(value)
  return isMembers(value) ? mapMembers(value, harmlessAuth) : harmlessUrl(value)
}

/** All that stands in it. */
function covered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(covered)
  return isMembers(value) ? mapMembers(value, covered) : hidden
}

/** Marks as variables, and what only looks like one as the text that it is. */
function asWritten(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asWritten)
  if (isMembers(value)) return mapMembers(value, asWritten)
  return typeof value === 'string'
    ? value.replaceAll('${', () => '$${').replaceAll(marked, (_all, name: string) => '${' + name + '}')
    : value
}

/** Shorter ones are no secrets where nothing is called like one. */
const shortestSecret = 8

/**
 * What stands for a variable that may be a secret: where a URL, a host or a header may stand it can stand too. A short one, and a URL that
 * tells of an origin alone, are none and stand for themselves.
 */
function standInOf(name: string, value: string): string {
  const plain = `stands-for-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`
  if (!isSecretName(name) && value.length < shortestSecret) return value
  if (!/^(https?|wss?):\/\//i.test(value) || !URL.canParse(value)) return plain
  const { origin, protocol, host, pathname, search, hash, username, password } = new URL(value)
  const isOrigin = pathname === '/' && search + hash + username + password === ''
  return isOrigin ? value : `${origin === 'null' ? `${protocol}//${host}` : origin}/${plain}`
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function membersOf(value: unknown): Members {
  return isMembers(value) ? value : {}
}

function mapMembers(members: Members, to: (value: unknown, name: string) => unknown): Members {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, to(value, name)]))
}
