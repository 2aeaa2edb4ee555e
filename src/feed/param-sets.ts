import { MillraceError } from '../model/errors.ts'
import type { InstanceOf, SourceDefinition } from './definition.ts'
import type { Feed } from './feed.ts'
import { Graph, type GraphOptions } from './graph.ts'
import type { Definitions, Redefinition } from './redefinition.ts'

/**
 * A graph, and in it the sources of the sets of params that readers have asked for. A set that is dropped and taken up again has
 * positions of its own: the graph goes on from those that it has given out.
 */
export class ParamSets {
  readonly graph: Graph
  #given: Definitions
  readonly #sets = new Map<string, { readonly of: InstanceOf; readonly definition: SourceDefinition }>()

  /** @throws RangeError when the definitions make no graph. */
  constructor(options: GraphOptions) {
    this.graph = new Graph(options)
    this.#given = options
  }

  /** How many sets of a source there are. */
  count(source: string): number {
    return [...this.#sets.values()].filter(({ of }) => of.name === source).length
  }

  /** Other sources and feeds from now on, as `Graph.replace`; sets that their source no longer takes are no more. */
  replace(definitions: Definitions, accepted?: () => void): Redefinition {
    const before = new Map(this.#sets)
    for (const [name, { of }] of before) {
      const definition = stillTaken(definitions, name, of)
      if (definition === undefined) this.#sets.delete(name)
      else this.#sets.set(name, { of, definition })
    }
    try {
      const redefinition = this.graph.replace(this.#with(definitions), accepted)
      this.#given = definitions
      return redefinition
    } catch (error) {
      for (const [name, set] of before) this.#sets.set(name, set)
      throw error
    }
  }

  /** The feed of a set, made where there is none. @throws MillraceError `not_found` where its source is no more */
  open(name: string, of: InstanceOf): Feed {
    const definition = this.#sets.has(name) ? undefined : instance(this.#given, name, of)
    if (definition !== undefined) {
      this.#sets.set(name, { of, definition })
      this.graph.replace(this.#with(this.#given))
    }
    const feed = this.graph.feed(name)
    if (feed === undefined) throw new MillraceError('not_found', `there is no feed '${of.name}' any more`)
    return feed
  }

  /** Nobody follows these any more. */
  close(names: readonly string[]): void {
    const closed = names.filter(name => this.#sets.delete(name))
    if (closed.length > 0) this.graph.replace(this.#with(this.#given))
  }

  #with({ sources, feeds }: Definitions): Definitions {
    return { sources: [...sources, ...[...this.#sets.values()].map(({ definition }) => definition)], feeds }
  }
}

/** As `instance`; undefined also where the source refuses the set now. */
function stillTaken(definitions: Definitions, name: string, of: InstanceOf): SourceDefinition | undefined {
  try {
    return instance(definitions, name, of)
  } catch (error) {
    if (error instanceof MillraceError) return undefined
    throw error
  }
}

/** Undefined: there is no such source, or it does not take this set as it is. @throws MillraceError `bad_query` */
function instance({ sources }: Definitions, name: string, { name: source, set }: InstanceOf): SourceDefinition | undefined {
  const template = sources.find(definition => definition.name === source)?.template
  if (template === undefined) return undefined
  const read = template.read(set)
  const isSame = read.size === set.size && [...set].every(([param, value]) => read.get(param) === value)
  return isSame ? template.instantiate(name, set) : undefined
}
