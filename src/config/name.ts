import { suggest } from '../lib/suggest.ts'
import { isRecord, valueAt, type Path } from './finding.ts'
import type { Judge } from './judge.ts'

/** What sources and feeds may be called. */
export const namePattern = /^[a-z][a-z0-9_-]{0,63}$/

type Members = Readonly<Record<string, unknown>>

/** A name that a feed is computed from, and where it is written. */
interface Input {
  readonly name: string
  readonly path: Path
}

/** The names that `from` of a feed and the joins among its steps hold, as far as they are names. */
function inputsOf(feeds: Members, feed: string): readonly Input[] {
  const [from, steps] = [valueAt(feeds, [feed, 'from']), valueAt(feeds, [feed, 'steps'])]
  const base = ['feeds', feed]
  const written = [
    ...(Array.isArray(from)
      ? from.map((name: unknown, i) => ({ name, path: [...base, 'from', i] }))
      : [{ name: from, path: [...base, 'from'] }]),
    ...(Array.isArray(steps) ? steps : []).map((step, i) => ({
      name: valueAt(step, ['join', 'with']),
      path: [...base, 'steps', i, 'join', 'with'],
    })),
  ]
  return written.flatMap(({ name, path }) => (typeof name === 'string' && name !== '' ? [{ name, path }] : []))
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
    for (const input of inputsOf(feeds, name)) if (!known.has(input.name)) judge.report(unknownInput(input, known))
  }
  checkCycles(judge, sources, feeds)
}

const mostNamesShown = 12

function unknownInput({ name, path }: Input, known: ReadonlySet<string>): Parameters<Judge['report']>[0] {
  const best = suggest(name, known)
  const all = known.size > mostNamesShown ? {} : { hint: `there are: ${[...known].join(', ')}` }
  const hint = best === undefined ? all : { hint: `did you mean \`${best}\`?` }
  return { path, at: 'value', expected: 'the name of a source or feed', ...hint }
}

/** Each cycle once, where it is closed. */
function checkCycles(judge: Judge, sources: Members, feeds: Members): void {
  const done = new Set<string>(Object.keys(sources))
  const visit = (feed: string, trail: readonly string[]): void => {
    const names = [...trail, feed]
    for (const { name, path } of inputsOf(feeds, feed)) {
      if (done.has(name)) continue
      if (names.includes(name)) {
        const cycle = [...names.slice(names.indexOf(name)), name].join(' -> ')
        judge.report({ path, at: 'value', message: `feeds cannot feed each other: ${cycle}` })
      } else visit(name, names)
    }
    done.add(feed)
  }
  for (const feed of Object.keys(feeds)) if (!done.has(feed)) visit(feed, [])
}

/** A section of entries by name; empty where it is absent. Undefined where it is no map, which is reported. */
export function section(judge: Judge, name: 'budgets' | 'sources' | 'feeds' | 'boards'): Members | undefined {
  const written = valueAt(judge.tree.value, [name]) ?? {}
  if (isRecord(written)) return written
  judge.report({ path: [name], at: 'value', expected: `a map: the name of each ${name.slice(0, -1)} and what it is` })
  return undefined
}
