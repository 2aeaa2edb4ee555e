import { z } from 'zod'
import { parseOrderTerm } from '../model/order.ts'
import type { FeedConfig } from './config.ts'
import { feedKeys } from './feed.options.ts'
import { isRecord } from './finding.ts'
import { hintKeys, hintOptions } from './hint.options.ts'
import type { Judge } from './judge.ts'
import { stepConfigs } from './step.ts'

/** A feed but for its steps, each of which is judged by the options of its operator. */
export const feedSchema = z.strictObject({ ...feedKeys, ...hintKeys, steps: z.unknown().optional() })

/** One feed; undefined where something is wrong with it, which has been reported. */
export function feedConfig(judge: Judge, name: string, written: unknown): FeedConfig | undefined {
  const base = ['feeds', name]
  if (!isRecord(written)) {
    judge.report({ path: base, at: 'value', expected: 'a map with `from` and `steps`' })
    return undefined
  }
  const feed = judge.check(feedSchema, written, base)
  const steps = stepConfigs(judge, written['steps'], [...base, 'steps'])
  if (feed === undefined) return undefined
  return {
    name,
    from: [...new Set([feed.from].flat())],
    steps,
    demand: feed.demand ?? 'auto',
    public: feed.public ?? true,
    ...(feed.order === undefined ? {} : { order: [feed.order].flat().map(parseOrderTerm) }),
    ...(feed.description === undefined ? {} : { description: feed.description }),
    ...hintOptions(feed),
  }
}

/** The sources and feeds that a feed is computed from: those it is of, then those its steps join. */
export function inputsOf({ from, steps }: FeedConfig): readonly string[] {
  return [...new Set([...from, ...steps.flatMap(step => (step.kind === 'join' ? [step.options.with] : []))])]
}
