import { parseAggregateCall } from '../expression/call.ts'
import { compileExpression } from '../expression/expression.ts'
import { compileTemplate } from '../expression/template.ts'
import type { NamedColumns } from '../model/named-columns.ts'
import { parseOrderTerm, printOrderTerm } from '../model/order.ts'
import { aggregateNames } from '../operator/group.options.ts'
import type { Step } from '../operator/step.options.ts'
import type { Config, FeedConfig } from './config.ts'
import { printPath, type Path } from './finding.ts'
import { readColumns, readsOfHints, readsOfLabels, readsOfMetrics, readsOfStep, readsOfTile, type Read } from './reads.ts'

/** What a step names of the table that comes into it. `path`: of the step in its config. */
export function namedByStep(step: Step, path: Path): NamedColumns[] {
  return named(readsOfStep(step, [...path, step.kind]).filter(({ of }) => of === undefined))
}

/**
 * What is named of the table of each source and feed as it is in the end, by its name: by hints, orders, ways out, joins and boards.
 * Expressions are compiled when it is asked for.
 */
export function namedOfTables({ sources, feeds, boards }: Tables): ReadonlyMap<string, () => readonly NamedColumns[]> {
  const found = new Map<string, (() => readonly NamedColumns[])[]>()
  const add = (table: string, columns: () => readonly NamedColumns[]): void => {
    const held = found.get(table)
    if (held === undefined) found.set(table, [columns])
    else held.push(columns)
  }
  for (const { name, columns } of sources) add(name, () => named(readsOfHints(columns, ['sources', name])))
  for (const feed of feeds) {
    add(feed.name, () => named(readsOfFeed(feed)))
    for (const [index, step] of feed.steps.entries())
      for (const read of readsOfStep(step, ['feeds', feed.name, 'steps', index, step.kind])) {
        const { of, beside } = read
        if (of !== undefined) add(of, () => named([read]))
        if (beside !== undefined) add(beside.of, () => namedBeside(read, beside.name))
      }
  }
  for (const { name, tiles } of boards)
    for (const [index, tile] of tiles.entries()) add(tile.feed, () => named(readsOfTile(tile, ['boards', name, 'tiles', index])))
  return new Map([...found].map(([table, all]) => [table, () => all.flatMap(read => read())]))
}

type Tables = Pick<Config, 'sources' | 'feeds' | 'boards'>

function readsOfFeed({ name, order = [], metrics, sinks, columns }: FeedConfig): Read[] {
  const base = ['feeds', name]
  return [
    ...readColumns(oneOrAll(order.map(printOrderTerm)), [...base, 'order'], 'term'),
    ...readsOfMetrics(oneOrAll(metrics), [...base, 'export', 'metrics']),
    ...sinks.flatMap((sink, index) =>
      sink.kind === 'alertmanager' ? readsOfLabels(sink.options, [...base, 'sinks', index, sink.kind]) : [],
    ),
    ...readsOfHints(columns, base),
  ]
}

/** As it mostly is written: a list only of several. */
function oneOrAll<T>(list: readonly T[]): T | readonly T[] {
  const [only] = list
  return only === undefined || list.length > 1 ? list : only
}

function named(reads: readonly Read[]): NamedColumns[] {
  return reads.map(read => ({ place: printPath(read.path), columns: neededBy(read) })).filter(({ columns }) => columns.length > 0)
}

/** What an expression reads of the row that has this name in it. */
function namedBeside({ path, written }: Read, name: string): NamedColumns[] {
  if (typeof written !== 'string') return []
  return [{ place: printPath(path), columns: compileExpression(written, { origin: 'config' }).neededOf(name) }]
}

/** Of a function of TypeScript nobody knows what it looks at. */
function neededBy({ as, written, beside }: Read): readonly string[] {
  if (typeof written !== 'string') return []
  const origin = 'config'
  switch (as) {
    case 'column':
      return [written]
    case 'term':
      return [parseOrderTerm(written).column]
    case 'aggregate':
      return parseAggregateCall(written, aggregateNames, { origin }).value?.needed ?? []
    case 'template':
      return compileTemplate(written, { origin }).needed
    case 'value':
    case 'condition':
    case 'filter':
      return compileExpression(written, { origin }).needed.filter(column => column !== beside?.name)
    default:
      return as satisfies never
  }
}
