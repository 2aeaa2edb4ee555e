import { noHints } from '../model/hint.ts'
import type { FeedDefinition, SourceDefinition } from './definition.ts'
import type { Topology } from './topology.ts'

/** All that a graph is made of. */
export interface Definitions {
  readonly sources: readonly SourceDefinition[]
  readonly feeds: readonly FeedDefinition[]
}

/** What became of the feeds when they were defined anew, by name; inputs before what is computed from them. */
export interface Redefinition {
  readonly added: readonly string[]
  /** They begin anew: they are defined otherwise, or what they are computed from begins anew. */
  readonly changed: readonly string[]
  readonly removed: readonly string[]
  /** They go on, but described, listed or asked for otherwise. */
  readonly adjusted: readonly string[]
}

type Definition = SourceDefinition | FeedDefinition

export function isSource(definition: Definition): definition is SourceDefinition {
  return 'createPoller' in definition
}

function byName({ sources, feeds }: Definitions): ReadonlyMap<string, Definition> {
  return new Map([...sources, ...feeds].map(definition => [definition.name, definition]))
}

/** Whether its table may go on, as long as those that it is computed from do. */
function isSame(before: Definition, after: Definition): boolean {
  return isSource(before) === isSource(after) && before.fingerprint === after.fingerprint
}

function isAdjusted(before: Definition, after: Definition): boolean {
  const isSameFor = before.public === after.public && before.demand === after.demand
  return !isSameFor || before.description !== after.description || hintText(before) !== hintText(after)
}

function hintText({ hints = noHints }: Definition): string {
  return JSON.stringify([...hints])
}

/** What is other in `after` than in `before`; `topology` is that of `after`. */
export function compareDefinitions(before: Definitions, after: Definitions, topology: Topology): Redefinition {
  const [old, now] = [byName(before), byName(after)]
  const names = { added: [] as string[], changed: [] as string[], adjusted: [] as string[] }
  const kept = new Set<string>()
  for (const name of topology.order) {
    const [was, is] = [old.get(name), now.get(name)]
    if (is === undefined) continue
    if (was === undefined) names.added.push(name)
    else if (!isSame(was, is) || !inputsOf(is).every(input => kept.has(input))) names.changed.push(name)
    else {
      kept.add(name)
      if (isAdjusted(was, is)) names.adjusted.push(name)
    }
  }
  return { ...names, removed: [...old.keys()].filter(name => !now.has(name)) }
}

function inputsOf(definition: Definition): readonly string[] {
  return isSource(definition) ? [] : definition.inputs
}

/** The feeds whose sources are asked also where nobody reads them. */
export function sleepless({ sources, feeds }: Definitions): string[] {
  const always = sources.filter(({ demand }) => demand === 'always')
  const kept = feeds.filter(
    ({ demand, holdsPast, hasWaysOut = false }) => demand === 'always' || (demand === 'auto' && (holdsPast || hasWaysOut)),
  )
  return [...always, ...kept].map(({ name }) => name)
}

/** At most so many names of a kind are said. */
const mostSaid = 20

/** `added low; changed stations, regions; removed old`; empty where nothing is other. */
export function printRedefinition(redefinition: Redefinition): string {
  const kinds = (['added', 'changed', 'removed', 'adjusted'] as const).filter(kind => redefinition[kind].length > 0)
  return kinds.map(kind => `${kind} ${printNames(redefinition[kind])}`).join('; ')
}

function printNames(names: readonly string[]): string {
  const more = names.length - mostSaid
  return more > 0 ? `${names.slice(0, mostSaid).join(', ')} and ${more} more` : names.join(', ')
}
