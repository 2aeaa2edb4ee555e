import type { LeftOff, SavedTable } from '../model/saved.ts'
import { takeCleanStop } from './clean-stop.ts'
import { proofsSection, readProofs, type ProofOf } from './proofs.ts'
import { isTableSection, proofOf, readTable, tableSection } from './saved-table.ts'
import type { Sections } from './sections.ts'

/** What a run before has left that can be gone on from, by name. */
export interface TakenUp {
  /** Of sources that are still defined in the same way. */
  readonly tables: ReadonlyMap<string, SavedTable>
  /** Of feeds that are still defined in the same way; empty unless it stopped in order. */
  readonly left: ReadonlyMap<string, LeftOff>
}

/** Reads what a run before has left, and forgets what belongs to no source any more. To be called once, before anything is published. */
export function takeUp(sections: Sections, sources: Iterable<string>, fingerprintOf: (feed: string) => string | undefined): TakenUp {
  const left = takeCleanStop(sections, fingerprintOf)
  const proofs = sections.read(proofsSection, readProofs)
  const tables = new Map<string, SavedTable>()
  const known = new Set<string>()
  for (const source of sources) {
    const section = tableSection(source)
    known.add(section)
    const kept = sections.read(section, readTable)
    if (kept !== undefined && kept.fingerprint === fingerprintOf(source)) tables.set(source, proved(kept.saved, proofs?.get(source)))
  }
  for (const section of sections.names()) if (isTableSection(section) && !known.has(section)) sections.remove(section)
  return { tables, left }
}

/** With the later proof, if it is of this table. */
function proved(saved: SavedTable, proof: ProofOf | undefined): SavedTable {
  if (proof === undefined || proof.count !== saved.count || proof.sum !== saved.sum || proof.validatedAt < saved.validatedAt) return saved
  const { table, count, sum } = saved
  return { table, count, sum, ...proofOf(proof) }
}
