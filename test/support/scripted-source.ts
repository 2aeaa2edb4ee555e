import type { SourceDefinition } from '../../src/feed/definition.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { changesBetween } from '../../src/model/delta.ts'
import type { Degradation, Table } from '../../src/model/table.ts'
import { keyOf } from '../../src/model/key.ts'
import type { Row } from '../../src/model/row.ts'
import type { Poll, PollFailed } from '../../src/source/ask.ts'

/** A source whose polls the test makes. */
export class ScriptedSource {
  readonly definition: SourceDefinition
  starts = 0
  stops = 0
  polling = false
  #table: Table | undefined
  readonly #clock: Clock
  #onPoll: ((poll: Poll) => void) | undefined

  constructor(name: string, clock: Clock, overrides: Partial<SourceDefinition> = {}) {
    this.#clock = clock
    this.definition = {
      name,
      public: true,
      fingerprint: 'same',
      demand: 'auto',
      everyMs: 1000,
      staleAfterMs: 3000,
      downAfterMs: 60_000,
      lingerMs: 30_000,
      origin: 'test',
      createPoller: onPoll => this.#create(onPoll),
      ...overrides,
    }
  }

  /** A good poll that brings these rows, keyed by `id` unless told otherwise; `anew`: columns that no row has go; `at`: default now. */
  answer(
    rows: readonly Row[],
    options: { key?: string; columns?: readonly string[]; degraded?: Degradation; anew?: boolean; at?: number } = {},
  ): void {
    const key = options.key ?? 'id'
    const before = options.anew === true ? undefined : this.#table
    const map = new Map(
      rows.map(row => {
        const old = before?.rows.get(String(keyOf(row[key] ?? null)))
        return [String(keyOf(row[key] ?? null)), old !== undefined && JSON.stringify(old) === JSON.stringify(row) ? old : row] as const
      }),
    )
    const seen = new Set([
      ...(before?.key === key ? before.columns : [key]),
      ...(options.columns ?? []),
      ...rows.flatMap(row => Object.keys(row)),
    ])
    const columns = before !== undefined && before.key === key && before.columns.length === seen.size ? before.columns : [...seen]
    const table: Table = { key, columns, rows: map, order: [], kind: 'table' }
    const changes = before === undefined || before.key !== key ? ('all' as const) : changesBetween(before.rows, map)
    const changed = changes === 'all' || changes.size > 0 || columns !== before?.columns
    this.#table = table
    const degraded = options.degraded === undefined ? {} : { degraded: options.degraded }
    const { at = this.#clock.now() } = options
    this.#onPoll?.({ kind: changed ? 'changed' : 'unchanged', table, changes, at, durationMs: 1, bytes: 1, ...degraded })
  }

  fail(failure: Partial<PollFailed> = {}): void {
    this.#onPoll?.({
      kind: 'failed',
      cause: 'refused',
      reason: 'connection refused',
      at: this.#clock.now(),
      durationMs: 1,
      bytes: 0,
      ...failure,
    })
  }

  #create(onPoll: (poll: Poll) => void): ReturnType<SourceDefinition['createPoller']> {
    this.#onPoll = onPoll
    return {
      resume: ({ table }) => void (this.#table = table),
      start: () => {
        this.starts++
        this.polling = true
      },
      stop: () => {
        this.stops++
        this.polling = false
      },
      nudge: () => undefined,
      close: () => Promise.resolve(),
      nextAt: undefined,
      why: '',
    }
  }
}
