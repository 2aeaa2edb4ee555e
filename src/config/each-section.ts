import { placeholder, type EachOptions } from '../source/each.options.ts'
import type { HttpOptions } from '../source/http.options.ts'
import { suggest } from '../lib/suggest.ts'
import type { Config, SourceConfig } from './config.ts'
import { inputsOf } from './feed-section.ts'
import { valueAt, type Path } from './finding.ts'
import type { Judge } from './judge.ts'
import { checkRead } from './reads.ts'
import type { ColumnsOf } from './step-columns.ts'

/** Every member would ask the same, unless its value stands somewhere in what is asked. */
export function isFilled(judge: Judge, base: Path, { name }: EachOptions, { url, headers }: Pick<HttpOptions, 'url' | 'headers'>): boolean {
  if ([url, ...headers.values()].some(text => placeholder(name).test(text))) return true
  judge.report({
    path: [...base, 'each', name],
    at: 'name',
    message: `\`{${name}}\` stands neither in url nor in query or headers: every member would ask the same`,
  })
  return false
}

interface Tables extends Pick<Config, 'sources' | 'feeds'> {
  readonly columnsOf: ColumnsOf
}

/** Reports each `each: {..: {from: ..}}` that names nothing, a feed without such a column, or one that is computed from what it asks for. */
export function checkLists(judge: Judge, { sources, feeds, columnsOf }: Tables): void {
  const inputs = new Map<string, readonly string[]>([
    ...sources.map(source => [source.name, listOf(source).map(({ from }) => from)] as const),
    ...feeds.map(feed => [feed.name, inputsOf(feed)] as const),
  ])
  // One that is wrong in itself has been reported, and is there all the same.
  const known = new Set(['sources', 'feeds'].flatMap(part => Object.keys(valueAt(judge.tree.value, [part]) ?? {})))
  for (const source of sources)
    for (const { name, from } of listOf(source)) {
      const path = ['sources', source.name, 'each', name, 'from']
      const best = suggest(from, known)
      if (!known.has(from))
        judge.report({
          path,
          at: 'value',
          expected: 'the name of a source or feed',
          ...(best === undefined ? {} : { hint: `did you mean \`${best}\`?` }),
        })
      else if (leadsTo(inputs, from, source.name))
        judge.report({ path, at: 'value', message: `\`${from}\` is computed from \`${source.name}\`, and cannot name what that asks for` })
      else
        checkRead(judge, { path: ['sources', source.name, 'each', name], at: 'name', as: 'column', written: name }, columnsOf(from).names)
    }
}

function listOf(source: SourceConfig): readonly { readonly name: string; readonly from: string }[] {
  if (source.kind !== 'http' || source.each?.members.kind !== 'feed') return []
  return [{ name: source.each.name, from: source.each.members.from }]
}

function leadsTo(inputs: ReadonlyMap<string, readonly string[]>, from: string, to: string, seen = new Set<string>()): boolean {
  if (from === to) return true
  if (seen.has(from)) return false
  seen.add(from)
  return (inputs.get(from) ?? []).some(input => leadsTo(inputs, input, to, seen))
}
