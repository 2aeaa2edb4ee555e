import { suggest } from '../lib/suggest.ts'
import { isRecord, valueAt, type Path } from './finding.ts'
import type { Judge } from './judge.ts'

/** What sources and feeds may be called. */
export const namePattern = /^[a-z][a-z0-9_-]{0,63}$/

type Members = Readonly<Record<string, unknown>>

/** The name that `from` of a feed holds, where it holds one. */
function inputOf(feeds: Members, name: string): string | undefined {
  const from = valueAt(feeds, [name, 'from'])
  return typeof from === 'string' && from !== '' ? from : undefined
}

/** Reports a name that is none; the mend is the nearest name that is one. */
export function checkName(judge: Judge, name: string, path: Path): void {
  if (namePattern.test(name)) return
  const nearest = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
  const hint = namePattern.test(nearest) ? { hint: `call it \`${nearest}\`` } : {}
  const reserved = name.startsWith('$') ? '; names with `$` are reserved' : ''
  const expected = `a name of a-z, 0-9, _ and -, beginning with a letter, up to 64 characters${reserved}`
  judge.report({ path, at: 'name', expected, found: JSON.stringify(name), ...hint })
}

/** Reports a feed that bears the name of a source, a `from` that names nothing, and feeds that feed each other. */
export function checkNames(judge: Judge, sources: Members, feeds: Members): void {
  const known = new Set([...Object.keys(sources), ...Object.keys(feeds)])
  for (const name of Object.keys(feeds)) {
    if (Object.hasOwn(sources, name))
      judge.report({ path: ['feeds', name], at: 'name', message: `\`${name}\` is a source already: sources and feeds share their names` })
    const input = inputOf(feeds, name)
    if (input !== undefined && !known.has(input)) judge.report(unknownInput(name, input, known))
  }
  checkCycles(judge, sources, feeds)
}

const mostNamesShown = 12

function unknownInput(name: string, input: string, known: ReadonlySet<string>): Parameters<Judge['report']>[0] {
  const best = suggest(input, known)
  const all = known.size > mostNamesShown ? {} : { hint: `there are: ${[...known].join(', ')}` }
  const hint = best === undefined ? all : { hint: `did you mean \`${best}\`?` }
  return { path: ['feeds', name, 'from'], at: 'value', expected: 'the name of a source or feed', ...hint }
}

/** Each cycle once, at the `from` that closes it. */
function checkCycles(judge: Judge, sources: Members, feeds: Members): void {
  const done = new Set<string>()
  for (const start of Object.keys(feeds)) {
    const trail = new Set<string>()
    let name: string | undefined = start
    let last = start
    while (name !== undefined && !trail.has(name) && !done.has(name) && !Object.hasOwn(sources, name)) {
      trail.add(name)
      last = name
      name = inputOf(feeds, name)
    }
    if (name !== undefined && trail.has(name)) {
      const names = [...trail]
      const cycle = [...names.slice(names.indexOf(name)), name].join(' -> ')
      judge.report({ path: ['feeds', last, 'from'], at: 'value', message: `feeds cannot feed each other: ${cycle}` })
    }
    for (const visited of trail) done.add(visited)
  }
}

/** A section of entries by name; empty where it is absent. Undefined where it is no map, which is reported. */
export function section(judge: Judge, name: 'budgets' | 'sources' | 'feeds'): Members | undefined {
  const written = valueAt(judge.tree.value, [name]) ?? {}
  if (isRecord(written)) return written
  judge.report({ path: [name], at: 'value', expected: `a map: the name of each ${name.slice(0, -1)} and what it is` })
  return undefined
}
