import type { Feed } from '../feed/feed.ts'
import type { Position } from '../model/position.ts'
import { cellOf, equalRows, type Row } from '../model/row.ts'
import type { Kind } from '../model/table.ts'

/** What has become of a row: an alert fires or is resolved; any other row appeared, changed or left. */
export type Change = 'firing' | 'resolved' | 'appeared' | 'changed' | 'left'

export interface News {
  readonly key: string
  readonly change: Change
  /** As it is, or was last. */
  readonly row: Row
  /** As it was told before; undefined: it was not. */
  readonly before: Row | undefined
}

/** Rows of events and of series only ever come: that old ones go is no news. */
const onlyGrowing: ReadonlySet<Kind> = new Set(['events', 'series'])

/**
 * What has been told of a feed's rows. The next news are the net difference between that and what there is, so what waits for a
 * receiver is bounded by the table and not by time. The first table of an epoch is no news, but for alerts.
 */
export class FeedNews {
  readonly #feed: Feed
  /** Up to where it was told. */
  #position: Position | undefined
  /** The rows as they were told: all, or of alerts those that fire. */
  #told = new Map<string, Row>()

  constructor(feed: Feed) {
    this.#feed = feed
  }

  /** These alerts were told to fire, in a run before. */
  resume(told: ReadonlyMap<string, Row>): void {
    this.#told = new Map(told)
  }

  /** Its first table, and that of a new epoch, is what later ones differ from. */
  begin(): void {
    if (this.#position?.epoch !== this.#feed.position.epoch) this.skip()
  }

  /** What is news since the last time, in the order in which it came about. */
  take(): News[] {
    const { store, position, hasData } = this.#feed
    if (!hasData) return []
    const before = this.#position
    this.#position = position
    const goesOn = before?.epoch === position.epoch
    if (!goesOn && store.kind !== 'alerts') {
      this.#told = new Map(store.rows())
      return []
    }
    return this.#touchedSince(goesOn ? before.version : undefined).flatMap(key => this.#newsOf(key) ?? [])
  }

  /**
   * What these news have come to before they are told once more. `mayBeKnown`: somebody may have been told, so a row that is as it
   * was then is told again, and one that is not is told whatever it was before.
   */
  renew(news: readonly News[], mayBeKnown: boolean): readonly News[] {
    const { store, hasData } = this.#feed
    if (!hasData || onlyGrowing.has(store.kind)) return news
    return news.flatMap(one => {
      const { key, change, row, before } = one
      if (mayBeKnown) return this.#newsOf(key) ?? one
      if (before === undefined) this.#told.delete(key)
      else this.#told.set(key, before)
      const now = this.#newsOf(key)
      return now?.change === change && now.row === row ? one : (now ?? [])
    })
  }

  /** What happens while it is muted is not told later; of alerts it is, as far as it still holds then. */
  skip(): void {
    if (this.#feed.store.kind !== 'alerts') this.take()
  }

  #touchedSince(version: number | undefined): string[] {
    const { store } = this.#feed
    const delta = version === undefined ? undefined : store.deltaSince(version)
    if (delta === undefined) return [...new Set([...this.#told.keys(), ...[...store.rows()].map(([key]) => key)])]
    return [...delta.del, ...[...delta.set.keys()].reverse()]
  }

  #newsOf(key: string): News | undefined {
    const { kind, columns } = this.#feed.store
    const row = this.#feed.store.row(key)
    const told = this.#told.get(key)
    const shown = kind !== 'alerts' || (row !== undefined && cellOf(row, 'state') === 'firing') ? row : undefined
    if (shown === undefined) this.#told.delete(key)
    else this.#told.set(key, shown)
    if (kind === 'alerts') return alertNews(key, told, shown, row)
    if (shown === undefined)
      return told === undefined || onlyGrowing.has(kind) ? undefined : { key, change: 'left', row: told, before: told }
    if (told === undefined) return { key, change: 'appeared', row: shown, before: told }
    return equalRows(told, shown, columns) || onlyGrowing.has(kind) ? undefined : { key, change: 'changed', row: shown, before: told }
  }
}

/** `row`: what is listed of it now, which is absent once the alert is forgotten. */
function alertNews(key: string, told: Row | undefined, firing: Row | undefined, row: Row | undefined): News | undefined {
  if (firing !== undefined) return told === undefined ? { key, change: 'firing', row: firing, before: told } : undefined
  if (told === undefined) return undefined
  const isListed = row !== undefined && cellOf(row, 'state') === 'resolved'
  return { key, change: 'resolved', row: isListed ? row : { ...told, state: 'resolved' }, before: told }
}
