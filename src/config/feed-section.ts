import { z } from 'zod'
import { parseOrderTerm } from '../model/order.ts'
import { exportOptions } from '../sink/export.options.ts'
import type { FeedConfig } from './config.ts'
import { feedKeys } from './feed.options.ts'
import { isRecord } from './finding.ts'
import { hintKeys, hintOptions } from './hint.options.ts'
import type { Judge } from './judge.ts'
import { checkRead, readColumns, readsOfHints, readsOfMetrics } from './reads.ts'
import { sinkConfigs } from './sink-section.ts'
import { stepConfigs } from './step.ts'
import { columnsOfAll, type Columns, type ColumnsOf } from './step-columns.ts'

/** A feed but for its steps and sinks, each of which is judged by its own options. */
export const feedSchema = z.strictObject({
  ...feedKeys,
  ...hintKeys,
  steps: z.unknown().optional(),
  sinks: z.unknown().optional(),
  export: exportOptions.optional().meta({ description: 'Numbers of its rows, for a Prometheus to scrape.' }),
})

/** A feed, undefined where something is wrong with it, which has been reported; and its columns, as far as they are known. */
export function feedConfig(
  judge: Judge,
  name: string,
  written: unknown,
  columnsOf: ColumnsOf,
): { readonly feed?: FeedConfig; readonly columns: Columns } {
  const base = ['feeds', name]
  if (!isRecord(written)) {
    judge.report({ path: base, at: 'value', expected: 'a map with `from` and `steps`' })
    return { columns: {} }
  }
  const feed = judge.check(feedSchema, written, base)
  const before = feed === undefined ? {} : columnsOfAll([...new Set([feed.from].flat())].map(columnsOf))
  const { steps, columns } = stepConfigs(judge, written['steps'], [...base, 'steps'], before, columnsOf)
  const sinks = sinkConfigs(judge, written['sinks'], [...base, 'sinks'], columns)
  if (feed === undefined) return { columns }
  const metrics = feed.export?.metrics ?? []
  for (const read of [
    ...readColumns(feed.order, [...base, 'order'], 'term'),
    ...readsOfMetrics(metrics, [...base, 'export', 'metrics']),
    ...readsOfHints(feed.columns, base),
  ])
    checkRead(judge, read, columns.names)
  const config = {
    name,
    from: [...new Set([feed.from].flat())],
    steps,
    demand: feed.demand ?? 'auto',
    public: feed.public ?? true,
    sinks,
    metrics: [metrics].flat(),
    ...(feed.order === undefined ? {} : { order: [feed.order].flat().map(parseOrderTerm) }),
    ...(feed.description === undefined ? {} : { description: feed.description }),
    ...hintOptions(feed),
  }
  return { feed: config, columns }
}

/** The sources and feeds that a feed is computed from: those it is of, then those its steps join. */
export function inputsOf({ from, steps }: FeedConfig): readonly string[] {
  return [...new Set([...from, ...steps.flatMap(step => (step.kind === 'join' ? [step.options.with] : []))])]
}
