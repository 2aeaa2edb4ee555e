import type { Board } from '../model/board.ts'
import type { Hints } from '../model/hint.ts'
import type { OrderTerm } from '../model/order.ts'
import type { Step } from '../operator/step.options.ts'
import type { SourceAuthOptions } from '../source/auth/source-auth.options.ts'
import type { BudgetOptions } from '../source/budget.options.ts'
import type { EachOptions } from '../source/each.options.ts'
import type { ExecOptions } from '../source/exec.options.ts'
import type { FileOptions } from '../source/file.options.ts'
import type { MetricOptions } from '../sink/export.options.ts'
import type { SinkOptions } from '../sink/sink.options.ts'
import type { HttpOptions } from '../source/http.options.ts'
import type { PagesOptions } from '../source/pages.options.ts'
import type { ParamOptions } from '../source/params.options.ts'
import type { SourceOptions } from '../source/source.options.ts'
import type { SystemOptions } from '../source/system.options.ts'
import type { WebSocketOptions } from '../source/websocket.options.ts'
import type { AuthOptions } from './auth.options.ts'
import type { LimitsOptions } from './limits.options.ts'
import type { LogOptions } from './log.options.ts'
import type { ServerOptions } from './server.options.ts'
import type { TestConfig } from './test.options.ts'

/** A config that was found good: every default filled in, in code units, frozen. Sources and feeds in the order they were written. */
export interface Config {
  readonly server: ServerOptions
  /** `none` is said aloud: whoever reaches the server reads everything. */
  readonly auth?: 'none' | AuthOptions
  readonly limits: LimitsOptions
  readonly log: LogOptions
  /** By name. */
  readonly budgets: ReadonlyMap<string, BudgetOptions>
  /** The folder of what survives a restart, absolute; none: nothing does. */
  readonly state?: string
  readonly sources: readonly SourceConfig[]
  readonly feeds: readonly FeedConfig[]
  /** Cases for `millrace test`. */
  readonly tests: readonly TestConfig[]
  readonly boards: readonly Board[]
}

/** What every source has, whatever it asks. */
interface AnySourceConfig extends SourceOptions {
  readonly name: string
  readonly columns?: Hints
}

export interface HttpSourceConfig extends AnySourceConfig, PagesOptions {
  readonly kind: 'http'
  readonly http: HttpOptions
  /** How it says who asks; none: by its headers alone. */
  readonly auth?: SourceAuthOptions
  /** One request for each of its members; none: one is all. */
  readonly each?: EachOptions
  /** What readers fill in; none: nothing. */
  readonly params?: readonly ParamOptions[]
}

export interface SystemSourceConfig extends AnySourceConfig {
  readonly kind: 'system'
  readonly system: SystemOptions
}

export interface FileSourceConfig extends AnySourceConfig {
  readonly kind: 'file'
  readonly columns?: Hints
  readonly file: FileOptions
}

export interface ExecSourceConfig extends AnySourceConfig {
  readonly kind: 'exec'
  readonly columns?: Hints
  readonly exec: ExecOptions
}

export interface WebSocketSourceConfig extends AnySourceConfig {
  readonly kind: 'webSocket'
  readonly columns?: Hints
  readonly webSocket: WebSocketOptions
  /** How it says who asks; none: by its headers alone. */
  readonly auth?: SourceAuthOptions
}

export type SourceConfig = HttpSourceConfig | WebSocketSourceConfig | SystemSourceConfig | FileSourceConfig | ExecSourceConfig

export interface FeedConfig {
  readonly name: string
  /** Sources or feeds of this config, and none that is computed from this feed; of several the rows are one table. */
  readonly from: readonly string[]
  readonly steps: readonly Step[]
  /** Overrides the order that the steps give. */
  readonly order?: readonly OrderTerm[]
  readonly demand: 'auto' | 'readers' | 'always'
  readonly public: boolean
  readonly description?: string
  readonly columns?: Hints
  /** Who is told of it. */
  readonly sinks: readonly SinkOptions[]
  /** What of it is on /metrics/feeds. */
  readonly metrics: readonly MetricOptions[]
}

export type StepKind = Step['kind']
