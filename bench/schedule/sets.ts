import { readdirSync, readFileSync } from 'node:fs'
import { dayMs, hourMs, makeSources, traceSources, type FamilyName, type FamilyOptions, type Source, type Trace } from './source.ts'

/** Sources that are compared together. */
export interface SourceSet {
  readonly label: string
  readonly sources: readonly Source[]
  readonly horizonMs: number
  /** They pay from one pool. */
  readonly sharesPool: boolean
  /** The goal: mean delay against a fixed interval, and requests, at most. */
  readonly goal?: readonly [delay: number, requests: number]
}

type Kind = readonly [label: string, family: FamilyName, options: FamilyOptions, goal?: readonly [number, number]]

const none = { hint: 'none' } as const

/** One kind of source each. */
const kinds: readonly Kind[] = [
  ['periodic, P = T/2', 'periodic', { ...none, ratio: 0.5 }, [1.02, 1.01]],
  ['periodic, P = T', 'periodic', { ...none, ratio: 1 }, [0.3, 1.04]],
  ['periodic, P = 1.5 T', 'periodic', { ...none, ratio: 1.5 }],
  ['periodic, P = 2 T', 'periodic', { ...none, ratio: 2 }],
  ['periodic, P = 3 T', 'periodic', { ...none, ratio: 3 }],
  ['periodic, P = 6 T', 'periodic', { ...none, ratio: 6 }],
  ['periodic, P = 12 T', 'periodic', { ...none, ratio: 12 }],
  ['periodic, P = 30 T', 'periodic', { ...none, ratio: 30 }],
  ['sleep loop, P = 3 T', 'looping', { ...none, ratio: 3 }],
  ['sleep loop, P = 10 T', 'looping', { ...none, ratio: 10 }],
  ['thinned, P = 3 T', 'thinned', { ratio: 3 }],
  ['thinned, P = 6 T', 'thinned', { ratio: 6 }],
  ['thinned, P = T', 'thinned', { ratio: 1 }, [0.6, 1.04]],
  ['sleep loop, P = T', 'looping', { ...none, ratio: 1 }, [0.43, 1.04]],
  ['phase jumps, period change', 'jumping', {}, [0.33, 1]],
  ['behind a shared cache', 'cached', {}, [0.74, 0.55]],
  ['self-exciting', 'bursty', { kind: 'self-exciting' }, [0.8, 1.01]],
  ['on/off', 'bursty', { kind: 'on/off' }, [0.63, 1.01]],
  ['heavy tails', 'bursty', { kind: 'heavy-tailed' }, [0.93, 1.01]],
  ['daily rhythm', 'daily', {}, [0.92, 1.01]],
  ['at any time, gap 1.5 T', 'random', { gap: 1.5 }, [1.02, 1.01]],
  ['at any time, gap 1 to 60 T', 'random', {}, [1.02, 1.01]],
  ['gauge', 'gauge', {}, [1.02, 1.01]],
]

/** The rows whose mean has the goal of schedules. */
export const scheduleRows = /^(periodic, P = (1\.5|2|3|6|12|30) T|sleep loop, P = (3|10) T|thinned, P = (3|6) T)$/
export const scheduleGoal = [0.19, 0.95] as const

const dailyFactor = 2.5

/** `count` sources of each kind; those of a daily rhythm for longer, in whole days, as half a day more has more of its busy hours. */
export function kindSets(count: number, hours: number, seed: string): SourceSet[] {
  return kinds.map(([label, family, options, goal]) => {
    const horizonMs = family === 'daily' ? Math.ceil((hours * hourMs * dailyFactor) / dayMs) * dayMs : hours * hourMs
    const sources = makeSources(family, count, seed + label, horizonMs, options)
    return { label, sources, horizonMs, sharesPool: false, ...(goal === undefined ? {} : { goal }) }
  })
}

/** Shares in percent. */
const mixes: readonly (readonly [string, Partial<Record<FamilyName, number>>, readonly [number, number]])[] = [
  ['dashboard', { periodic: 35, thinned: 15, cached: 10, looping: 5, gauge: 10, random: 10, bursty: 5, daily: 5, still: 5 }, [0.5, 1]],
  ['open data', { periodic: 45, thinned: 25, cached: 20, still: 10 }, [0.52, 1]],
  ['feeds', { bursty: 35, daily: 30, random: 15, still: 20 }, [0.76, 1]],
  ['metrics', { gauge: 50, looping: 20, periodic: 20, still: 10 }, [0.49, 1]],
  ['adversarial', { jumping: 30, random: 35, bursty: 15, gauge: 20 }, [0.76, 1]],
]

/** About `count` sources of the kinds of one mix. */
export function mixSources(label: string, count: number, horizonMs: number, seed: string): Source[] {
  const [, shares = {}] = mixes.find(([name]) => name === label) ?? []
  return Object.entries(shares).flatMap(([family, percent]) =>
    makeSources(family as FamilyName, Math.max(1, Math.round((count * percent) / 100)), seed + label, horizonMs),
  )
}

/** The mixes; the sources of each pay from one pool. */
export function mixSets(count: number, hours: number, seed: string): SourceSet[] {
  const horizonMs = hours * hourMs
  return mixes.map(([label, , goal]) => ({ label, sources: mixSources(label, count, horizonMs, seed), horizonMs, sharesPool: true, goal }))
}

/** One run says little of a few hundred changes. */
const traceCopies = 6
const traceGoal = [1.02, 1.01] as const

/** The recorded sources whose mean has a goal of its own. */
export const commitRows = /^commits-/
export const commitGoal = [0.85, 1.01] as const

/** What was recorded: `traces/`. */
export function traceSets(): SourceSet[] {
  const folder = new URL('traces/', import.meta.url)
  return readdirSync(folder)
    .sort()
    .map(file => {
      const trace = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Trace
      return {
        label: trace.name,
        sources: traceSources(trace, traceCopies),
        horizonMs: trace.days * dayMs,
        sharesPool: false,
        goal: traceGoal,
      }
    })
}
