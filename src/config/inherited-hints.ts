import { noHints, type Hints } from '../model/hint.ts'
import type { Config } from './config.ts'

/** The hints of each source and feed by name: its own, and for the columns it has none for, those of what it is computed from. */
export function inheritedHints({ sources, feeds }: Pick<Config, 'sources' | 'feeds'>): ReadonlyMap<string, Hints> {
  const hints = new Map<string, Hints>(sources.map(({ name, columns }) => [name, columns ?? noHints]))
  const definitions = new Map(feeds.map(feed => [feed.name, feed]))
  const visit = (name: string): Hints => {
    const known = hints.get(name)
    const feed = definitions.get(name)
    if (known !== undefined || feed === undefined) return known ?? noHints
    // A cycle ends here; the graph refuses it.
    hints.set(name, noHints)
    const found = new Map([...feed.from.toReversed().flatMap(input => [...visit(input)]), ...(feed.columns ?? noHints)])
    hints.set(name, found)
    return found
  }
  for (const name of definitions.keys()) visit(name)
  return hints
}
