import type { Position } from './position.ts'
import type { Degradation, Table } from './table.ts'

/** How far a table can be believed. Times are ms since 1970 UTC. */
export interface Proof {
  /** The last time an answer proved it current. */
  readonly validatedAt: number
  /** The upstream's own time of it. */
  readonly asOf?: number
  /** Set while part of it was kept back. */
  readonly degraded?: Degradation
}

/** A source's last good table with its proof, as it is kept over a restart. */
export interface SavedTable extends Proof {
  readonly table: Table
  readonly count: number
  /** Its checksum (protocol.md section 5). */
  readonly sum: string
}

/** The table of a source as it is now, to be kept. */
export interface LiveTable extends Proof {
  readonly source: string
  /** Of the source's definition. */
  readonly fingerprint: string
  /** Another one is another table. */
  readonly position: Position
  readonly count: number
  readonly sum: string
  /** A copy, which nothing changes. */
  table(): Table
}

/** Where a feed stood when its server stopped in order: the last position that it published, and the table there. */
export interface LeftOff extends Position {
  readonly count: number
  readonly sum: string
}

/** Where a feed stands, and how it is defined. */
export interface Standing extends LeftOff {
  readonly name: string
  readonly fingerprint: string
}

/** Anything else that is kept beside the tables, as plain JSON in a section of its own. */
export interface SavedPart {
  /** The name of its section. */
  readonly section: string
  /**
   * By name, each of plain JSON that must not change afterwards: so that much of it can be written in turns of the loop. Parts of it may
   * be made only then: `Late`, `LateList`.
   */
  save(): Readonly<Record<string, unknown>>
  /** What `save` gave in a run before, or anything else that lay there; not called where nothing sound was left. */
  restore(saved: unknown): void
}
