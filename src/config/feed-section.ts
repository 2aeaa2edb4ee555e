import { z } from 'zod'
import { parseOrderTerm } from '../model/order.ts'
import { exportOptions } from '../sink/export.options.ts'
import type { FeedConfig } from './config.ts'
import { feedKeys } from './feed.options.ts'
import { isRecord } from './finding.ts'
import { hintKeys, hintOptions } from './hint.options.ts'
import type { Judge } from './judge.ts'
import { checkMetrics, sinkConfigs } from './sink-section.ts'
import { stepConfigs } from './step.ts'

/** A feed but for its steps and sinks, each of which is judged by its own options. */
export const feedSchema = z.strictObject({
  ...feedKeys,
  ...hintKeys,
  steps: z.unknown().optional(),
  sinks: z.unknown().optional(),
  export: exportOptions.optional().meta({ description: 'Numbers of its rows, for a Prometheus to scrape.' }),
})

/** One feed; undefined where something is wrong with it, which has been reported. */
export function feedConfig(judge: Judge, name: string, written: unknown): FeedConfig | undefined {
  const base = ['feeds', name]
  if (!isRecord(written)) {
    judge.report({ path: base, at: 'value', expected: 'a map with `from` and `steps`' })
    return undefined
  }
  const feed = judge.check(feedSchema, written, base)
  const { steps, columns } = stepConfigs(judge, written['steps'], [...base, 'steps'])
  const sinks = sinkConfigs(judge, written['sinks'], [...base, 'sinks'])
  if (feed === undefined) return undefined
  const metrics = feed.export === undefined ? [] : [feed.export.metrics].flat()
  if (feed.export !== undefined) checkMetrics(judge, feed.export.metrics, [...base, 'export', 'metrics'], columns)
  return {
    name,
    from: [...new Set([feed.from].flat())],
    steps,
    demand: feed.demand ?? 'auto',
    public: feed.public ?? true,
    sinks,
    metrics,
    ...(feed.order === undefined ? {} : { order: [feed.order].flat().map(parseOrderTerm) }),
    ...(feed.description === undefined ? {} : { description: feed.description }),
    ...hintOptions(feed),
  }
}

/** The sources and feeds that a feed is computed from: those it is of, then those its steps join. */
export function inputsOf({ from, steps }: FeedConfig): readonly string[] {
  return [...new Set([...from, ...steps.flatMap(step => (step.kind === 'join' ? [step.options.with] : []))])]
}
