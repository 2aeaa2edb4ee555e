import { placeholder, type EachOptions } from '../source/each.options.ts'
import type { HttpOptions } from '../source/http.options.ts'
import type { ParamOptions } from '../source/params.options.ts'
import type { FeedConfig, SourceConfig } from './config.ts'
import { inputsOf } from './feed-section.ts'
import type { Path } from './finding.ts'
import type { Judge } from './judge.ts'

interface Filled {
  readonly asked: Pick<HttpOptions, 'url' | 'headers'>
  readonly each: EachOptions | undefined
  readonly isPrivate: boolean | undefined
}

/** Whether params can be filled in: each has a place in what is asked, and a default that it would take from a reader. */
export function areParamsSound(judge: Judge, base: Path, params: readonly ParamOptions[], { asked, each, isPrivate }: Filled): boolean {
  const path = [...base, 'params']
  if (each !== undefined) {
    judge.report({ path, at: 'name', message: '`each` and `params` cannot both say what is asked for', hint: 'keep one of them' })
    return false
  }
  if (isPrivate !== true && isLocal(asked.url)) {
    const message = `readers fill in part of a URL at ${new URL(asked.url).hostname}, which is private`
    judge.report({ path, at: 'name', message, hint: 'say that it is meant: `private: true`' })
    return false
  }
  for (const { name, type, pattern, default: otherwise, maxLength } of params) {
    if (![asked.url, ...asked.headers.values()].some(text => placeholder(name).test(text))) {
      judge.report({ path: [...path, name], at: 'name', message: `\`{${name}}\` stands neither in url nor in query or headers` })
      return false
    }
    if (otherwise === undefined) continue
    const isOfType = type === 'string' || (type === 'boolean' ? /^(true|false)$/.test(otherwise) : Number.isFinite(Number(otherwise)))
    if (isOfType && otherwise.length <= maxLength && pattern?.test(otherwise) !== false) continue
    judge.report({
      path: [...path, name, 'default'],
      at: 'value',
      message: 'it is none that a reader may say: see `type`, `pattern` and `max`',
    })
    return false
  }
  return true
}

/** Whether all that a path leaves open is filled in; one that is not would be asked for as it stands. */
export function isAllFilled(judge: Judge, path: Path, url: string, names: readonly string[]): boolean {
  const [beforeQuery = ''] = url.split('?', 1)
  if (/\{[^{}]*(\{|$)/.test(beforeQuery)) {
    judge.report({ path, at: 'value', message: '`{` is not closed', hint: 'write {name}, or %7B for the brace itself' })
    return false
  }
  const open = [...beforeQuery.matchAll(/\{([A-Za-z_]\w*)\}/g)].map(([, name = '']) => name).find(name => !names.includes(name))
  if (open === undefined) return true
  const message = `\`{${open}}\` is filled in by nothing`
  const hint = `name it under \`params\`, for readers to say, or under \`each\`; a brace that is meant is written %7B`
  judge.report({ path, at: 'value', message, hint })
  return false
}

/** Names lead wherever their addresses do, which is seen to when they are asked. */
function isLocal(url: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|10(\.\d+){3}|192\.168(\.\d+){2}|169\.254(\.\d+){2}|172\.(1[6-9]|2\d|3[01])(\.\d+){2}|\[::1\]|\[f[cde].*\])$/.test(
    new URL(url).hostname,
  )
}

/** Reports what needs the rows of a source that has none without its readers' params. */
export function checkParams(judge: Judge, sources: readonly SourceConfig[], feeds: readonly FeedConfig[]): void {
  const needy = new Set(
    sources.flatMap(source =>
      source.kind === 'http' && source.params?.some(param => param.default === undefined) === true ? [source.name] : [],
    ),
  )
  const message = (name: string): string => `\`${name}\` has no rows of its own: its params are filled in by readers`
  const hint = 'give each of its params a default'
  for (const feed of feeds)
    for (const name of inputsOf(feed).filter(input => needy.has(input)))
      judge.report({ path: ['feeds', feed.name, 'from'], at: 'value', message: message(name), hint })
  for (const source of sources) {
    const { each } = source.kind === 'http' ? source : {}
    if (each?.members.kind === 'feed' && needy.has(each.members.from))
      judge.report({ path: ['sources', source.name, 'each', each.name, 'from'], at: 'value', message: message(each.members.from), hint })
  }
  for (const { name, demand } of sources)
    if (demand === 'always' && needy.has(name))
      judge.report({ path: ['sources', name, 'demand'], at: 'value', message: message(name), hint })
}
