import type { FeedDefinition } from './definition.ts'

/** What depends on what: derived feeds after all their inputs. */
export interface Topology {
  /** All names, each after those it is computed from. */
  readonly order: readonly string[]
  /** For each name itself and all that is computed from it, in order. */
  readonly affected: ReadonlyMap<string, readonly string[]>
  /** For each name the sources it is computed from; for a source itself. */
  readonly sources: ReadonlyMap<string, ReadonlySet<string>>
}

/**
 * @throws RangeError for an unknown input, a name used twice, or a cycle, which is named with its path (`a -> b -> a`).
 */
export function topologyOf(sourceNames: readonly string[], feeds: readonly FeedDefinition[]): Topology {
  const inputs = new Map<string, readonly string[]>(sourceNames.map(name => [name, []]))
  for (const feed of feeds) {
    if (inputs.has(feed.name)) throw new RangeError(`two feeds are called '${feed.name}'`)
    inputs.set(feed.name, feed.inputs)
  }
  const order: string[] = []
  const sources = new Map<string, ReadonlySet<string>>()
  const visit = (name: string, path: readonly string[]): void => {
    if (sources.has(name)) return
    if (path.includes(name)) throw new RangeError(`a cycle: ${[...path.slice(path.indexOf(name)), name].join(' -> ')}`)
    const from = inputs.get(name)
    if (from === undefined) throw new RangeError(`'${path.at(-1) ?? ''}' is computed from '${name}', which does not exist`)
    for (const input of from) visit(input, [...path, name])
    sources.set(name, new Set(from.length === 0 ? [name] : from.flatMap(input => [...(sources.get(input) ?? [])])))
    order.push(name)
  }
  for (const name of inputs.keys()) visit(name, [])
  return { order, sources, affected: affectedBy(order, inputs) }
}

function affectedBy(order: readonly string[], inputs: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const affected = new Map<string, string[]>(order.map(name => [name, []]))
  /** For each name itself and all that it is computed from. */
  const roots = new Map<string, ReadonlySet<string>>()
  for (const name of order) {
    const own = new Set([name, ...(inputs.get(name) ?? []).flatMap(input => [...(roots.get(input) ?? [])])])
    roots.set(name, own)
    for (const root of own) affected.get(root)?.push(name)
  }
  return affected
}

/** All that is computed from these, themselves included, in order. */
export function affectedOf({ order, affected }: Topology, origins: readonly string[]): readonly string[] {
  const lists = origins.map(name => affected.get(name) ?? [])
  if (lists.length === 1) return lists[0] ?? []
  const names = new Set(lists.flat())
  return order.filter(name => names.has(name))
}
