import type { AlertOptions } from './alert.options.ts'
import type { ChangeOptions } from './change.options.ts'
import type { DeriveOptions } from './derive.options.ts'
import type { DistinctOptions } from './distinct.options.ts'
import type { EventsOptions } from './events.options.ts'
import type { FillOptions } from './fill.options.ts'
import type { GroupOptions } from './group.options.ts'
import type { JoinOptions } from './join.options.ts'
import type { KeepOptions } from './keep.options.ts'
import type { RateOptions } from './rate.options.ts'
import type { RxjsOptions } from './rxjs.options.ts'
import type { SelectOptions } from './select.options.ts'
import type { SeriesOptions } from './series.options.ts'
import type { TopOptions } from './top.options.ts'
import type { WhereOptions } from './where.options.ts'
import type { WindowOptions } from './window.options.ts'

/**
 * A step of a feed: its name in a config, and its options as their schema gives them. In a config that was found good its
 * expressions have been compiled once.
 */
export type Step =
  | { readonly kind: 'where'; readonly options: WhereOptions }
  | { readonly kind: 'select'; readonly options: SelectOptions }
  | { readonly kind: 'derive'; readonly options: DeriveOptions }
  | { readonly kind: 'top'; readonly options: TopOptions }
  | { readonly kind: 'group'; readonly options: GroupOptions }
  | { readonly kind: 'rate'; readonly options: RateOptions }
  | { readonly kind: 'change'; readonly options: ChangeOptions }
  | { readonly kind: 'window'; readonly options: WindowOptions }
  | { readonly kind: 'series'; readonly options: SeriesOptions }
  | { readonly kind: 'events'; readonly options: EventsOptions }
  | { readonly kind: 'keep'; readonly options: KeepOptions }
  | { readonly kind: 'fill'; readonly options: FillOptions }
  | { readonly kind: 'distinct'; readonly options: DistinctOptions }
  | { readonly kind: 'alert'; readonly options: AlertOptions }
  | { readonly kind: 'join'; readonly options: JoinOptions }
  | { readonly kind: 'rxjs'; readonly options: RxjsOptions }
