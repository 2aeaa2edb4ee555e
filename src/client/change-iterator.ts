import type { Row } from '../model/row.ts'
import type { Change } from './face.ts'
import type { LiveTable, RowChanges } from './live-table.ts'
import { NetChanges } from './net-changes.ts'

/** What an iterator reads; it is wanted from the first `next` to the end. */
export interface ChangeSource {
  readonly table: LiveTable
  /** What was last shown; undefined before the first data. */
  readonly rows: readonly Row[] | undefined
  /** In the middle of a flush: what the table holds is not to be shown yet. */
  readonly isAhead: boolean
  begin(iterator: ChangeIterator): void
  end(iterator: ChangeIterator): void
}

interface Waiting {
  readonly resolve: (result: IteratorResult<Change, undefined>) => void
  readonly reject: (error: Error) => void
}

const noChanges: RowChanges = new Map()
const done: IteratorResult<Change, undefined> = { done: true, value: undefined }

/** The changes of one feed for one consumer. However long it takes between two: one net change is kept for it, no queue. */
export class ChangeIterator implements AsyncIterableIterator<Change, undefined> {
  readonly #source: ChangeSource
  readonly #net = new NetChanges()
  readonly #waiting: Waiting[] = []
  readonly #signal: AbortSignal | undefined
  readonly #aborted = (): void => this.finish()
  #state: 'new' | 'open' | 'done' = 'new'
  /** Why it ended, until somebody was told. */
  #fault: Error | undefined

  constructor(source: ChangeSource, signal?: AbortSignal) {
    this.#source = source
    this.#signal = signal
    signal?.addEventListener('abort', this.#aborted)
    if (signal?.aborted === true) this.finish()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Change, undefined>> {
    if (this.#state === 'new') {
      this.#state = 'open'
      this.#source.begin(this)
      this.replaced()
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      if (this.#state === 'done') this.#dismiss()
      else this.#serve()
    })
  }

  return(): Promise<IteratorResult<Change, undefined>> {
    this.finish()
    return Promise.resolve(done)
  }

  /** No more is to come. */
  finish(): void {
    const wasOpen = this.#state === 'open'
    this.#state = 'done'
    this.#signal?.removeEventListener('abort', this.#aborted)
    if (wasOpen) this.#source.end(this)
    this.#dismiss()
  }

  /** No more can come: whoever waits, or asks next, is told why, once. */
  fail(error: Error): void {
    if (this.#state !== 'open') return
    this.#fault = error
    this.finish()
  }

  #dismiss(): void {
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      const fault = this.#fault
      this.#fault = undefined
      if (fault === undefined) resolve(done)
      else reject(fault)
    }
  }

  /** Another table is read from now on. */
  replaced(): void {
    if (this.#source.rows === undefined) return
    this.#net.add('snapshot', noChanges, this.#source.table.rows)
    this.#serve()
  }

  shown({ type, changes }: { readonly type: 'snapshot' | 'delta'; readonly changes: RowChanges }): void {
    this.#net.add(type, changes, this.#source.table.rows)
    this.#serve()
  }

  #serve(): void {
    if (!this.#net.pending || this.#source.isAhead) return
    this.#waiting.shift()?.resolve({ done: false, value: this.#take() })
  }

  #take(): Change {
    const { type, changes } = this.#net.take()
    const { table, rows } = this.#source
    const { columns, epoch, version, tick, at } = table
    const net = type === 'snapshot' ? { set: new Map(table.rows), del: [] } : split(changes, table.rows)
    return { type, ...net, rows: rows ?? [], columns, epoch, version, tick, at }
  }
}

function split(changes: RowChanges, rows: ReadonlyMap<string, Row>): Pick<Change, 'set' | 'del'> {
  const set = new Map<string, Row>()
  const del: string[] = []
  for (const key of changes.keys()) {
    const row = rows.get(key)
    if (row === undefined) del.push(key)
    else set.set(key, row)
  }
  return { set, del }
}
