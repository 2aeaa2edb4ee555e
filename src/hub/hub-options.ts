import type { Graph } from '../feed/graph.ts'
import type { ParamSets } from '../feed/param-sets.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import type { HubLimits } from './limits.ts'
import type { Overload } from './overload.ts'

export interface HubOptions {
  readonly graph: Graph
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly limits?: HubLimits
  /** Default: no load is shed. */
  readonly overload?: Overload
  /** Default: no feed has params. */
  readonly paramSets?: ParamSets
  /** UTF-16 units of a snapshot that are encoded in one turn of the loop; default 1 Mi. */
  readonly snapshotPartLength?: number
  /** What keeping views up to date may take of a tick, in ms; default 10. */
  readonly viewTickMs?: number
}
