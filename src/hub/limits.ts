import { defaultQueryLimits } from './query.ts'
import type { ViewLimits } from './views.ts'

export interface HubLimits extends ViewLimits {
  /** Between two checksums sent to all readers of a feed that changed, in ms; default 60 s. */
  readonly checkEveryMs: number
  /** Of the time that building the views of one connection may take, in ms a second; undefined: any; default 100. */
  readonly viewTimePerSecondMs: number | undefined
}

export const defaultHubLimits: HubLimits = {
  ...defaultQueryLimits,
  maxViewsPerFeed: 1000,
  maxParamSets: 1000,
  checkEveryMs: 60_000,
  viewTimePerSecondMs: 100,
}
