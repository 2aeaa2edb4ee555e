import type { Graph } from './graph.ts'

/** When a source is asked next, ms since 1970, and why then. */
export interface Nudged {
  readonly next: number | undefined
  readonly why: string
}

/** Has a source of the config asked now, as far as back-off and budget allow, as a reader would who leaves at once; undefined: there is none. */
export function nudgeSource(graph: Graph, name: string): Nudged | undefined {
  const source = [...graph.sources()].find(({ definition }) => definition.name === name && !name.startsWith('$'))
  if (source === undefined) return undefined
  const release = graph.want(name)
  source.nudge()
  release()
  return { next: source.nextAt, why: source.why }
}
